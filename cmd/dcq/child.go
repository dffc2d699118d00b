package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"time"
)

const (
	// leftovers is how long a payload may still be written to what a child that has
	// exited left running.
	leftovers = time.Second

	// familyLook is how often a stopped child's descendants are looked for.
	familyLook = 10 * time.Millisecond
)

// child is one run of a command.
type child struct {
	path      string
	args, env []string
	stdin     []byte
	stdout    *sharedOutput // nil: ownStdout is passed on as it is
	ownStdout io.Writer
	stderr    *sharedOutput
	killAfter time.Duration
}

// startError says that the command did not start.
type startError struct{ err error }

func (e *startError) Error() string { return e.err.Error() }
func (e *startError) Unwrap() error { return e.err }

// outputError says that the command's output could not be passed on.
type outputError struct{ err error }

func (e *outputError) Error() string { return e.err.Error() }
func (e *outputError) Unwrap() error { return e.err }

// run starts the command and waits for it. When ctx ends, it asks the command and its
// descendants to end, and kills them killAfter later. It returns a startError, an
// outputError, nil if the command exited with 0, or how it ended.
func (c *child) run(ctx context.Context) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	// On Linux the child is killed when the thread that started it ends, so this
	// goroutine must keep its thread until the child has ended.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := &exec.Cmd{Path: c.path, Args: c.args, Env: c.env, Stdin: bytes.NewReader(c.stdin), WaitDelay: leftovers}
	separate(cmd)
	stdout, stderr, err := c.connect(cmd)
	if err != nil {
		return &startError{err}
	}
	if err := cmd.Start(); err != nil {
		stdout.drop()
		stderr.drop()
		return &startError{err}
	}
	stdout.begin()
	stderr.begin()
	f := newFamily(cmd)
	defer f.close()
	exited, stopped := make(chan struct{}), make(chan bool)
	go func() { stopped <- c.stopWith(ctx, f, exited) }()
	err = cmd.Wait()
	close(exited)
	ended := <-stopped
	if err := errors.Join(stdout.finish(), stderr.finish()); err != nil {
		return &outputError{err}
	}
	return outcome(err, ended, stderr.lines.lastLine())
}

// connect makes the pipes for the output.
func (c *child) connect(cmd *exec.Cmd) (stdout, stderr *outputPipe, err error) {
	if stderr, err = newOutputPipe(c.stderr); err != nil {
		return nil, nil, err
	}
	cmd.Stderr = stderr.w
	if c.stdout == nil {
		cmd.Stdout = c.ownStdout.(*os.File)
		return nil, stderr, nil
	}
	if stdout, err = newOutputPipe(c.stdout); err != nil {
		stderr.drop()
		return nil, nil, err
	}
	cmd.Stdout = stdout.w
	return stdout, stderr, nil
}

// stopWith ends the family if ctx ends before the child has exited. It reports
// whether it did.
func (c *child) stopWith(ctx context.Context, f *family, exited <-chan struct{}) bool {
	select {
	case <-exited:
		return false
	case <-ctx.Done():
	}
	f.terminate()
	kill := time.NewTimer(c.killAfter)
	defer kill.Stop()
	for exited != nil || f.alive() {
		look := time.NewTimer(familyLook)
		select {
		case <-kill.C:
			f.kill()
			return true
		case <-exited:
			exited = nil
		case <-look.C:
		}
		look.Stop()
	}
	return true
}

// errAsked is the outcome of a command that was asked to end and then exited with 0:
// many do, whatever is left of their work.
var errAsked = errors.New("it was asked to end, and exited with 0")

// outcome says how the attempt ended, with the last line of standard error.
func outcome(err error, ended bool, last string) error {
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil // it exited with 0 and did not read all of its input
	}
	if err == nil && ended {
		return errAsked
	}
	if err != nil && last != "" {
		return fmt.Errorf("%w: %s", err, last)
	}
	return err
}

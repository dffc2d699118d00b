package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// guest is a command that runs in place of dcq, as far as others can tell: it has
// dcq's standard streams, gets the signals that dcq gets, and its exit code is dcq's.
type guest struct {
	path           string
	args, env      []string
	stdin          io.Reader
	stdout, stderr io.Writer
	killAfter      time.Duration
	signals        <-chan os.Signal
}

// run starts the command and waits for it. When ctx ends, it asks the command and its
// descendants to end, and kills them killAfter later. It returns nil if the command
// exited with 0, else an error with its exit code.
func (g *guest) run(ctx context.Context) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	runtime.LockOSThread() // see child.run
	defer runtime.UnlockOSThread()
	cmd := &exec.Cmd{
		Path: g.path, Args: g.args, Env: g.env, WaitDelay: leftovers,
		Stdin: g.stdin, Stdout: g.stdout, Stderr: g.stderr,
	}
	settle := separate
	if isTerminal(g.stdin) {
		settle = share
	}
	settle(cmd)
	if err := cmd.Start(); err != nil {
		return cannotRun(g.args[0], err)
	}
	f := newFamily(cmd)
	defer f.close()
	exited, stopped := make(chan struct{}), make(chan bool)
	go g.forward(f, exited)
	go func() { stopped <- (&child{killAfter: g.killAfter}).stopWith(ctx, f, exited) }()
	err := cmd.Wait()
	close(exited)
	<-stopped
	return exitOf(cmd.ProcessState, err)
}

// forward passes signals on until the command has exited.
func (g *guest) forward(f *family, exited <-chan struct{}) {
	for {
		select {
		case s := <-g.signals:
			f.forward(s)
		case <-exited:
			return
		}
	}
}

// exitOf turns the end of a command into that of dcq, as a shell does.
func exitOf(state *os.ProcessState, err error) error {
	if _, own := errors.AsType[*exec.ExitError](err); err != nil && !own && !errors.Is(err, exec.ErrWaitDelay) {
		return exitf(exitSelf, "wait for the command: %w", err)
	}
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return answer(exitSignal + int(ws.Signal()))
	}
	if code := state.ExitCode(); code != 0 {
		return answer(code)
	}
	return nil
}

package measure

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// patience is how long a child may take to answer, or to end when it is told to.
const patience = 2 * time.Minute

// Process is a child that is told what to do line by line, and answers so.
type Process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr bytes.Buffer
	close  sync.Once
	err    error
}

// Start starts a child. Close it when done.
func Start(cmd *exec.Cmd) (*Process, error) {
	p := &Process{cmd: cmd}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.in, p.out, cmd.Stderr = in, bufio.NewReader(out), &p.stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return p, nil
}

// PID is the process id of the child.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Tell sends the child a command. That it is gone shows in its answer.
func (p *Process) Tell(words ...string) {
	_, _ = io.WriteString(p.in, strings.Join(words, " ")+"\n")
}

// Hear returns the words of the child's next line after the first, which must be want.
// A child that says something else, or nothing for two minutes, is killed; the error has
// what it wrote.
func (p *Process) Hear(want string) ([]string, error) {
	timer := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	defer timer.Stop()
	line, err := p.out.ReadString('\n')
	words := strings.Fields(line)
	if err == nil && len(words) > 0 && words[0] == want {
		return words[1:], nil
	}
	_ = p.cmd.Process.Kill()
	_ = p.Close()
	return nil, fmt.Errorf("%s said %q, not %q; it wrote: %s",
		filepath.Base(p.cmd.Path), strings.TrimSpace(line), want, strings.TrimSpace(p.stderr.String()))
}

// Ask is Tell, then Hear.
func (p *Process) Ask(want string, words ...string) ([]string, error) {
	p.Tell(words...)
	return p.Hear(want)
}

// Close ends the child's input, upon which it ends, and returns how it did, with what it
// wrote if it failed.
func (p *Process) Close() error {
	p.close.Do(func() {
		timer := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
		defer timer.Stop()
		_ = p.in.Close()
		if p.err = p.cmd.Wait(); p.err != nil && p.stderr.Len() > 0 {
			p.err = fmt.Errorf("%w: %s", p.err, strings.TrimSpace(p.stderr.String()))
		}
	})
	return p.err
}

// Processes are children of the same kind.
type Processes []*Process

// StartAll starts n children, or none.
func StartAll(n int, command func() *exec.Cmd) (Processes, error) {
	var all Processes
	for range n {
		p, err := Start(command())
		if err != nil {
			return nil, errors.Join(err, all.Close())
		}
		all = append(all, p)
	}
	return all, nil
}

// PIDs are the process ids of the children.
func (ps Processes) PIDs() []int {
	ids := make([]int, len(ps))
	for i, p := range ps {
		ids[i] = p.PID()
	}
	return ids
}

// Hear hears the same word from every child.
func (ps Processes) Hear(want string) error {
	for _, p := range ps {
		if _, err := p.Hear(want); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the input of all children and waits for each.
func (ps Processes) Close() error {
	var errs []error
	for _, p := range ps {
		_ = p.in.Close() // all at once, and only then wait
	}
	for _, p := range ps {
		errs = append(errs, p.Close())
	}
	return errors.Join(errs...)
}

package child

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
)

// stopWord asks a child to stop.
const stopWord = "stop\n"

// Process is a child. Its methods may be called from any goroutine.
type Process struct {
	cmd    *exec.Cmd
	tether io.WriteCloser
	done   chan struct{} // closed when the child has ended
	err    error         // how it ended; set before done is closed

	mu sync.Mutex // serializes writes to the tether
}

// Start starts a program with a tether for its standard input. What it prints goes
// to out.
func Start(out io.Writer, name string, args ...string) (*Process, error) {
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = out, out
	tether, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start a worker: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a worker: %w", err)
	}
	p := &Process{cmd: cmd, tether: tether, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// PID is the process's id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Wait waits until the process has ended, and returns an error if it failed or was
// killed.
func (p *Process) Wait() error {
	<-p.done
	return p.err
}

// Stop asks the process to stop in its own time. It does not wait.
func (p *Process) Stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = io.WriteString(p.tether, stopWord) // who has ended needs no asking
}

// Kill ends the process at once, without a chance to tidy up, and waits for its
// end.
func (p *Process) Kill() error {
	err := p.cmd.Process.Kill()
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	<-p.done
	return err
}

// Tether, called in a child, reads the tether: stop is called when the parent asks
// to stop, gone when the parent is gone. It returns after gone has.
func Tether(r io.Reader, stop, gone func()) {
	br := bufio.NewReader(r)
	for {
		line, err := br.ReadString('\n')
		if err != nil {
			break
		}
		if line == stopWord {
			stop()
		}
	}
	gone()
}

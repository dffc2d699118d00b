package proctest

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// Process is a child process as the test sees it.
type Process struct {
	t      testing.TB
	name   string
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr bytes.Buffer
	waited sync.Once
	err    error
}

// patience is how long a child of a test of the usual length may take: a test that hangs
// fails sooner than the whole run does. A benchmark takes its time.
const patience = time.Minute

// Start starts a child. It is killed when the test ends, and in a test after a minute;
// after more minutes if the tests are to repeat more, see [Rounds].
func Start(t testing.TB, name string, args ...string) *Process {
	t.Helper()
	return StartWith(t, func(*exec.Cmd) {}, name, args...)
}

// StartWith is Start for a child whose command is changed before, such as one that
// runs as another user.
func StartWith(t testing.TB, change func(*exec.Cmd), name string, args ...string) *Process {
	t.Helper()
	p := &Process{t: t, name: name, cmd: exec.Command(os.Args[0], args...)}
	// The race detector makes every process wait a second before it exits.
	p.cmd.Env = append(os.Environ(), variable+"="+name, "GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0")
	change(p.cmd)
	in, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.in, p.out, p.cmd.Stderr = in, bufio.NewReader(out), &p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, benchmark := t.(*testing.B); !benchmark {
		timer := time.AfterFunc(patience*time.Duration(factor(t)), func() { _ = p.cmd.Process.Kill() })
		t.Cleanup(func() { timer.Stop() })
	}
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() && p.stderr.Len() > 0 {
			t.Logf("child %s wrote:\n%s", name, p.stderr.String())
		}
	})
	return p
}

// PID is the process id of the child.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Next returns the next line of the child's output, and false at its end.
func (p *Process) Next() (string, bool) {
	line, err := p.out.ReadString('\n')
	return strings.TrimSuffix(line, "\n"), err == nil
}

// Expect fails the test unless the child's next line is want.
func (p *Process) Expect(want string) {
	p.t.Helper()
	if got, _ := p.Next(); got != want {
		p.Kill()
		p.t.Fatalf("child %s said %q, want %q; it wrote:\n%s", p.name, got, want, p.stderr.String())
	}
}

// Send gives the child a command. A child that is dead does not hear it.
func (p *Process) Send(command string) { _, _ = io.WriteString(p.in, command+"\n") }

// Signal sends the child a signal.
func (p *Process) Signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Errorf("signal child %s: %v", p.name, err)
	}
}

// Kill kills the child the hard way and returns when it is gone.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	_ = p.Wait()
}

// Wait returns how the child ended. Its output must have been read.
func (p *Process) Wait() error {
	p.waited.Do(func() { p.err = p.cmd.Wait() })
	return p.err
}

// Stderr returns what the child wrote to its standard error. It must have ended.
func (p *Process) Stderr() string { return p.stderr.String() }

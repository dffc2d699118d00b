package child_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/dcq-go/dcq/examples/crawler/internal/child"
)

// asChild is the environment variable that makes the test binary a child.
const asChild = "CHILD_TEST"

func TestMain(m *testing.M) {
	switch os.Getenv(asChild) {
	case "":
		os.Exit(m.Run())
	case "tethered":
		fmt.Println("ready")
		child.Tether(os.Stdin, func() { fmt.Println("stopping"); os.Exit(0) }, func() { os.Exit(3) })
	case "parent": // dies at once and leaves a child that holds our standard output
		os.Setenv(asChild, "tethered")
		if _, err := child.Start(os.Stdout, os.Args[0]); err != nil {
			fmt.Println(err)
		}
		io.ReadAll(os.Stdin)
		os.Exit(0)
	}
}

// output collects what a child prints and tells of its first line.
type output struct {
	mu    sync.Mutex // protects the field below
	b     bytes.Buffer
	ready chan struct{}
	once  sync.Once
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := o.b.Write(p)
	if strings.Contains(o.b.String(), "\n") {
		o.once.Do(func() { close(o.ready) })
	}
	return n, err
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

func start(t *testing.T, kind string) (*child.Process, *output) {
	t.Helper()
	t.Setenv(asChild, kind)
	out := &output{ready: make(chan struct{})}
	p, err := child.Start(out, os.Args[0])
	if err != nil {
		t.Fatalf("Start() = %v", err)
	}
	t.Cleanup(func() { _ = p.Kill() })
	<-out.ready
	return p, out
}

func TestStop(t *testing.T) {
	p, out := start(t, "tethered")
	if err := errors.Join(p.Suspend(), p.Resume()); err != nil {
		t.Errorf("Suspend() and Resume() = %v", err)
	}
	p.Stop()
	if err := p.Wait(); err != nil || !strings.Contains(out.String(), "stopping") {
		t.Errorf("Wait() after Stop = %v, output %q, want a graceful end", err, out)
	}
	p.Stop() // must not hurt
	if err := p.Kill(); err != nil {
		t.Errorf("Kill() of an ended process = %v", err)
	}
}

func TestKill(t *testing.T) {
	p, out := start(t, "tethered")
	if p.PID() == os.Getpid() {
		t.Errorf("PID() = %d, the parent's", p.PID())
	}
	if err := p.Suspend(); err != nil {
		t.Errorf("Suspend() = %v", err)
	}
	if err := p.Kill(); err != nil {
		t.Errorf("Kill() = %v", err)
	}
	if err := p.Wait(); err == nil || strings.Contains(out.String(), "stopping") {
		t.Errorf("Wait() after Kill = %v, output %q, want no graceful end", err, out)
	}
	if _, cpu := p.Usage(); cpu < 0 {
		t.Errorf("Usage() = %v", cpu)
	}
}

// Start waits for the output of grandchildren too: that the parent's Wait returns
// means that its child has ended.
func TestEndsWithParent(t *testing.T) {
	p, out := start(t, "parent")
	if err := p.Kill(); err != nil {
		t.Errorf("Kill() = %v", err)
	}
	<-p.Done()
	if got := out.String(); got != "ready\n" {
		t.Errorf("output = %q, want the child's only line", got)
	}
}

func TestStartFails(t *testing.T) {
	if _, err := child.Start(io.Discard, "no such program"); err == nil {
		t.Error("Start() of nothing = nil, want an error")
	}
}

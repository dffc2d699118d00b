package store_test

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dcq-go/dcq/store"
)

// childVar names, in the environment of a child process, what it is to do.
const childVar = "DCQ_STORE_TEST_CHILD"

// children are the programs that a test can start in a process of its own: this
// test binary again. A child reads commands from its standard input, one a line,
// and answers on its standard output; it exits when its input ends, so that none
// outlives the tests.
var children = map[string]func(*child) error{}

func TestMain(m *testing.M) {
	name := os.Getenv(childVar)
	if name == "" {
		os.Exit(m.Run())
	}
	run, ok := children[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "no child is called %q\n", name)
		os.Exit(2)
	}
	c := &child{args: os.Args[1:], commands: make(chan string, 16)}
	go c.readCommands()
	if err := run(c); err != nil {
		fmt.Fprintf(os.Stderr, "child %s: %v\n", name, err)
		os.Exit(1)
	}
}

// child is a child process's own view of itself.
type child struct {
	args     []string
	commands chan string

	mu sync.Mutex // one line at a time
}

func (c *child) readCommands() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		c.commands <- lines.Text()
	}
	os.Exit(0)
}

// command waits for the next command.
func (c *child) command() string { return <-c.commands }

// say writes a line to the parent. It is on its way when say returns, whatever
// becomes of the process.
func (c *child) say(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(os.Stdout, format+"\n", args...)
}

// context is what a child's calls run under: they end with the process.
func (c *child) context() context.Context { return context.Background() }

// open opens the store in the directory that is the child's first argument.
func (c *child) open(opts store.Options) (*store.DB, error) {
	return store.Open(c.context(), c.args[0], opts)
}

// process is a child process as the test sees it.
type process struct {
	t      testing.TB
	name   string
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr bytes.Buffer
	waited sync.Once
	err    error
}

// start starts a child. It is killed when the test ends.
func start(t testing.TB, name string, args ...string) *process {
	t.Helper()
	return prepare(t, name, args...).start()
}

func prepare(t testing.TB, name string, args ...string) *process {
	p := &process{t: t, name: name, cmd: exec.Command(os.Args[0], args...)}
	p.cmd.Env = append(os.Environ(), childVar+"="+name)
	return p
}

func (p *process) start() *process {
	p.t.Helper()
	in, err := p.cmd.StdinPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	p.in, p.out, p.cmd.Stderr = in, bufio.NewReader(out), &p.stderr
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	// A test that hangs fails sooner than the whole run does.
	patience := time.AfterFunc(time.Minute, func() { _ = p.cmd.Process.Kill() })
	p.t.Cleanup(func() {
		patience.Stop()
		p.kill()
		if p.t.Failed() && p.stderr.Len() > 0 {
			p.t.Logf("child %s wrote:\n%s", p.name, p.stderr.String())
		}
	})
	return p
}

// next returns the next line of the child's output, and false at its end.
func (p *process) next() (string, bool) {
	line, err := p.out.ReadString('\n')
	return strings.TrimSuffix(line, "\n"), err == nil
}

// expect fails the test unless the child's next line is want.
func (p *process) expect(want string) {
	p.t.Helper()
	if got, _ := p.next(); got != want {
		p.kill()
		p.t.Fatalf("child %s said %q, want %q; it wrote:\n%s", p.name, got, want, p.stderr.String())
	}
}

// send gives the child a command. A child that is dead does not hear it.
func (p *process) send(command string) { _, _ = io.WriteString(p.in, command+"\n") }

// kill kills the child the hard way and returns when it is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.wait()
}

// wait returns how the child ended. Its output must have been read.
func (p *process) wait() error {
	p.waited.Do(func() { p.err = p.cmd.Wait() })
	return p.err
}

var seedFlag = flag.Uint64("seed", 0, "seed of the random tests; 0 means a new one")

// newRand returns a source of random numbers whose seed is printed.
func newRand(t testing.TB) *rand.Rand {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed: go test -run '%s$' -seed %d", t.Name(), seed)
	return rand.New(rand.NewPCG(seed, 0))
}

package queue_test

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// childVar names, in the environment of a child process, what it is to do.
const childVar = "DCQ_QUEUE_TEST_CHILD"

// children are the programs that a test can start in a process of its own: this test
// binary again. A file adds its own in an init function.
var children = map[string]func(){}

var seedFlag = flag.Uint64("seed", 0, "seed of the random tests; 0 takes another each time")

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
	run()
}

// untilParentEnds blocks until the test that started this child is done with it, so
// that no child outlives the tests.
func untilParentEnds() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// childProcess is a child as the test sees it.
type childProcess struct {
	t   *testing.T
	cmd *exec.Cmd
	out *bufio.Reader
}

// startChild starts a child with the arguments in os.Args[1:]. It is killed when the
// test ends.
func startChild(t *testing.T, name string, args ...string) *childProcess {
	t.Helper()
	c := &childProcess{t: t, cmd: exec.Command(os.Args[0], args...)}
	c.cmd.Env = append(os.Environ(), childVar+"="+name)
	c.cmd.Stderr = os.Stderr
	if _, err := c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.out = bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.kill)
	return c
}

// line returns the next line that the child prints.
func (c *childProcess) line() string {
	c.t.Helper()
	line, err := c.out.ReadString('\n')
	if err != nil {
		c.t.Fatalf("the child printed %q, then %v", line, err)
	}
	return strings.TrimSpace(line)
}

// kill kills the child the hard way and returns when it is gone.
func (c *childProcess) kill() {
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
}

// randomFor returns a source of random numbers for a test, whose seed it prints.
func randomFor(t *testing.T) *rand.Rand {
	t.Helper()
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("replay with -run '^%s$' -seed %d", t.Name(), seed)
	return rand.New(rand.NewPCG(seed, 0))
}

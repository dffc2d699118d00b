// Package proctest runs parts of a test in processes of their own: the test binary
// is started again, and told by an environment variable which part it is to be.
//
// A package's TestMain calls [Main] with its children. A test starts one with
// [Start], reads what it says line by line, sends it commands, and kills or stops
// it. A child exits when its input ends, so none outlives the tests.
//
// [Seed] lets a random test be repeated, and [Rounds] lets it run for longer.
package proctest

import (
	"bufio"
	"fmt"
	"os"
	"sync"
	"testing"
)

// variable names, in the environment of a child, what it is to do.
const variable = "DCQ_TEST_CHILD"

// Main runs the child that the environment names, else the tests. It exits.
func Main(m *testing.M, children map[string]func(*Child) error) {
	name := os.Getenv(variable)
	if name == "" {
		os.Exit(m.Run())
	}
	run, ok := children[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "no child is called %q\n", name)
		os.Exit(2)
	}
	c := &Child{Args: os.Args[1:], commands: make(chan string, 16)}
	go c.readCommands()
	if err := run(c); err != nil {
		fmt.Fprintf(os.Stderr, "child %s: %v\n", name, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Child is a child process's own view of itself.
type Child struct {
	Args     []string // what Start was given
	commands chan string

	mu sync.Mutex // one line at a time
}

func (c *Child) readCommands() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		c.commands <- lines.Text()
	}
	os.Exit(0)
}

// Command waits for the next command of the parent.
func (c *Child) Command() string { return <-c.commands }

// Say writes a line to the parent. It is on its way when Say returns, whatever
// becomes of the process.
func (c *Child) Say(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(os.Stdout, format+"\n", args...)
}

package measure

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// variable tells a process of this program that it is a child.
const variable = "DCQ_BENCH_CHILD"

// lastWish is how long a child whose parent is gone may go on with what it is at.
const lastWish = 5 * time.Second

// Self returns the command that runs this program again as a child.
func Self(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), variable+"=1")
	return cmd
}

// IsChild reports whether this process was started with [Self].
func IsChild() bool { return os.Getenv(variable) != "" }

// Serve calls do for every line of the standard input, and returns at its end, or the
// first error. A process that hangs in do all the same ends a little after its input.
func Serve(do func(words []string) error) error {
	lines := make(chan string)
	go func() {
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			lines <- in.Text()
		}
		close(lines)
		time.Sleep(lastWish)
		os.Exit(1)
	}()
	for line := range lines {
		if err := do(strings.Fields(line)); err != nil {
			return err
		}
	}
	return nil
}

// Say writes a line to the parent. It is on its way when Say returns.
func Say(words ...any) { fmt.Println(words...) }

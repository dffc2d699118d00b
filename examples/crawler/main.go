// Command crawler is a polite web crawler of several processes on one store, and a
// demonstration that it is correct: see README.md beside it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Exit codes.
const (
	exitFailed = 1
	exitUsage  = 2
)

// env is what a command has to do with the outside.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
}

// command is a verb.
type command struct {
	name, args, short string
	run               func(ctx context.Context, e env, args []string) error
}

var commands = []command{
	{"crawl", "[FLAGS] [URL…]", "crawl from the URLs, or go on with a crawl", crawlCommand},
	{"work", "[FLAGS]", "join a crawl as one more process", workCommand},
	{"status", "[FLAGS]", "show the state of a crawl", statusCommand},
	{"export", "[FLAGS]", "write the records as JSON lines", exportCommand},
	{"report", "[FLAGS]", "write a summary as a page of HTML", reportCommand},
	{"serve", "[FLAGS]", "serve the sites of the demonstration", serveCommand},
	{"demo", "[FLAGS] [DIR]", "crawl real documentation, kill a process, and prove the result", demoCommand},
}

// errUsage is returned by a command that was called wrongly, after it has said so.
var errUsage = errors.New("usage")

func main() {
	// The second signal ends the program at once: what it was doing is given to
	// others, or to the next run.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	code := run(ctx, env{os.Stdin, os.Stdout, os.Stderr}, os.Args[1:])
	stop()
	os.Exit(code)
}

// run runs a command line and returns its exit code.
func run(ctx context.Context, e env, args []string) int {
	if len(args) == 0 {
		usage(e.stderr)
		return exitUsage
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		usage(e.stdout)
		return 0
	}
	for _, c := range commands {
		if c.name != args[0] {
			continue
		}
		err := c.run(ctx, e, args[1:])
		switch {
		case err == nil, errors.Is(err, flag.ErrHelp):
			return 0
		case errors.Is(err, errUsage):
			return exitUsage
		}
		fmt.Fprintln(e.stderr, "crawler:", err)
		return exitFailed
	}
	fmt.Fprintf(e.stderr, "crawler: no command %q\n\n", args[0])
	usage(e.stderr)
	return exitUsage
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "usage: crawler COMMAND [FLAGS] …")
	fmt.Fprintln(w)
	for _, c := range commands {
		fmt.Fprintf(w, "  %-7s %-16s %s\n", c.name, c.args, c.short)
	}
	fmt.Fprintln(w, "\ncrawler COMMAND -h lists the flags of a command.")
}

// flags makes the flag set of a command.
func flags(e env, name, args string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(e.stderr)
	fs.Usage = func() {
		fmt.Fprintf(e.stderr, "usage: crawler %s %s\n\n", name, args)
		fs.PrintDefaults()
	}
	return fs
}

// parse parses the flags, and refuses arguments unless the command takes some.
func parse(fs *flag.FlagSet, args []string, takesArgs bool) error {
	err := fs.Parse(args)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		return errUsage
	}
	if err != nil {
		return err
	}
	if !takesArgs && fs.NArg() > 0 {
		return misuse(fs, "takes no arguments, but got %q", fs.Arg(0))
	}
	return nil
}

// misuse says what is wrong with a command line.
func misuse(fs *flag.FlagSet, format string, args ...any) error {
	fmt.Fprintf(fs.Output(), "crawler %s: %s\n", fs.Name(), fmt.Sprintf(format, args...))
	return errUsage
}

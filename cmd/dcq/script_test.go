package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dcq-go/dcq/store"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"dcq": main})
}

// TestScripts runs the scripts of testdata/script against the real command. Beside
// what testscript has, they use the commands below. DCQ_STORE names a fresh store,
// which must be consistent at the end; EV another, whose queues scripts and the
// commands of jobs use to wait for each other.
func TestScripts(t *testing.T) {
	hearSignals()
	testscript.Run(t, testscript.Params{
		Dir:                "testdata/script",
		RequireUniqueNames: true,
		Setup:              setupScript,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code":   codeCommand,
			"signal": signalCommand,
			"save":   saveCommand,
			"until":  untilCommand,

			"diskcache": diskcacheCommand,
			"index":     indexCommand,
		},
	})
}

// hearSignals makes the commands of the scripts hear the signals that this process was
// told to ignore, as under nohup or in a shell's background. What is ignored stays so
// over an exec; what is caught does not.
func hearSignals() {
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGINT} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
}

func setupScript(env *testscript.Env) error {
	dir := filepath.Join(env.WorkDir, "store")
	env.Setenv("DCQ_STORE", dir)
	env.Setenv("EV", filepath.Join(env.WorkDir, "ev"))
	// The race detector makes every process wait a second before it exits.
	env.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0")
	env.Defer(func() { checkStore(env.T(), dir) })
	return nil
}

// checkStore looks for inconsistencies that a script left behind.
func checkStore(t testscript.T, dir string) {
	if _, err := os.Stat(filepath.Join(dir, "dcq.db")); errors.Is(err, os.ErrNotExist) {
		return
	}
	ctx := context.Background()
	db, err := store.Open(ctx, dir, store.Options{})
	if err != nil {
		t.Fatal("open the script's store: ", err)
	}
	defer db.Close()
	if err := useAll(ctx, db); err != nil {
		t.Fatal("use the packages: ", err)
	}
	problems, err := db.Check(ctx)
	if len(problems) > 0 || err != nil {
		t.Fatal("Check() = ", problems, err)
	}
}

// codeCommand is "code N PROGRAM [ARG...]": exec, with the exit code that it must have.
func codeCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N PROGRAM [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// saveCommand is "save NAME": it puts the standard output of the last command,
// without the newline at its end, into an environment variable.
func saveCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: save NAME")
	}
	text := ts.ReadFile("stdout")
	if n := len(text); n > 0 && text[n-1] == '\n' {
		text = text[:n-1]
	}
	ts.Setenv(args[0], text)
}

// untilCommand is "until PROGRAM [ARG...]": exec, again and again until the program
// succeeds; with !, until it fails. A minute is far more than any of them needs.
func untilCommand(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: until PROGRAM [ARG...]")
	}
	late := time.After(time.Minute)
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		err := ts.Exec(args[0], args[1:]...)
		if (err != nil) == neg {
			return
		}
		select {
		case <-late:
			ts.Fatalf("still %v after a minute", err)
		case <-again.C:
		}
	}
}

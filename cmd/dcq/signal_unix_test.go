//go:build unix

package main

import (
	"context"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dcq-go/dcq/store"
)

// signalCommand is "signal NAME FILE": it sends a signal to the process whose id the
// file holds.
func signalCommand(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]syscall.Signal{
		"TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "HUP": syscall.SIGHUP, "KILL": syscall.SIGKILL,
		"STOP": syscall.SIGSTOP, "CONT": syscall.SIGCONT,
	}
	if neg || len(args) != 2 {
		ts.Fatalf("usage: signal NAME FILE")
	}
	s, ok := signals[args[0]]
	if !ok {
		ts.Fatalf("unknown signal %s", args[0])
	}
	pid, err := strconv.Atoi(strings.TrimSpace(ts.ReadFile(args[1])))
	ts.Check(err)
	ts.Check(syscall.Kill(pid, s))
	for s == syscall.SIGSTOP && !stoppedOutside(ts.Getenv("DCQ_STORE"), pid) {
		ts.Check(syscall.Kill(pid, syscall.SIGCONT))
		ts.Check(syscall.Kill(pid, syscall.SIGSTOP))
	}
}

// stoppedOutside reports whether a process that was told to stop did so outside a commit:
// within one, everybody would wait for it.
func stoppedOutside(dir string, pid int) bool {
	for isRunning(pid) {
		runtime.Gosched() // the kernel tells only the parent
	}
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	db, err := store.Open(ctx, dir, store.Options{})
	if err != nil {
		return false
	}
	defer db.Close()
	return db.Batch(ctx, false, func(*store.Tx) error { return nil }) == nil
}

// isRunning reports whether a process that was told to stop has not done so yet, where
// the system says so.
func isRunning(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, state, _ := strings.Cut(string(b), ") ")
	return !strings.HasPrefix(state, "T")
}

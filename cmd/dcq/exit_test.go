package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
	dsync "github.com/dcq-go/dcq/sync"
)

func TestExitCode(t *testing.T) {
	for _, test := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{answer(exitNegative), 1},
		{usagef("wrong"), 2},
		{fmt.Errorf("open: %w", queue.ErrName), 2},
		{fmt.Errorf("take: %w", queue.ErrEmpty), 1},
		{errors.Join(queue.ErrNotFound, queue.ErrState), 1},
		{fmt.Errorf("ack: %w", store.ErrLost), 122},
		{fmt.Errorf("wait: %w", exitf(exitTimeout, "late")), 124},
		{fmt.Errorf("try: %w", dsync.ErrNotAcquired), 75},
		{fmt.Errorf("open: %w", dsync.ErrConflict), 2},
		{fmt.Errorf("who leads: %w", dsync.ErrNoLeader), 1},
		{fmt.Errorf("release: %w", dsync.ErrLost), 122},
		{store.ErrFull, 125},
		{errors.New("other"), 125},
		{fmt.Errorf("wait: %w", signalError{syscall.SIGINT}), 130},
		{signalError{syscall.SIGTERM}, 143},
		{&exitError{exitSelf, errors.Join(answer(exitNegative), store.ErrIO)}, 125},
	} {
		if got := exitCode(test.err); got != test.want {
			t.Errorf("exitCode(%v) = %d, want %d", test.err, got, test.want)
		}
	}
}

func TestOneLine(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{answer(1), ""},
		{errors.New("a"), "a"},
		{errors.Join(errors.New("a"), errors.New("b\r\nc")), "a; b; c"},
		{usagef("a %d", 1), "a 1"},
	} {
		if got := oneLine(test.err); got != test.want {
			t.Errorf("oneLine(%v) = %q, want %q", test.err, got, test.want)
		}
	}
}

var errBroken = errors.New("broken")

// brokenWriter is an output that fails.
type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

type panicWriter struct{}

func (panicWriter) Write([]byte) (int, error) { panic("boom") }

// TestRunPanics turns a bug into the exit code that says so.
func TestRunPanics(t *testing.T) {
	var stderr strings.Builder
	if got := run([]string{"version"}, strings.NewReader(""), panicWriter{}, &stderr); got != exitSelf {
		t.Errorf("run() = %d, want %d", got, exitSelf)
	}
	if got := stderr.String(); !strings.HasPrefix(got, "dcq: internal error, please report it: boom\n") {
		t.Errorf("run() wrote %.80q, want the panic", got)
	}
}

// TestRunCannotWrite does not report results as printed that were not.
func TestRunCannotWrite(t *testing.T) {
	dir := t.TempDir()
	if got := run([]string{"--store", dir, "push", "q", "x"}, strings.NewReader(""), io.Discard, io.Discard); got != 0 {
		t.Fatalf("run(push) = %d, want 0", got)
	}
	for _, verb := range []string{"version", "queues", "locks", "jobs", "jobs --json", "peek q", "push q y", "pop q", "doctor", "doctor --json", "retry --all", "help"} {
		args := append([]string{"--store", dir}, strings.Fields(verb)...)
		if got := run(args, strings.NewReader(""), brokenWriter{}, io.Discard); got != exitSelf {
			t.Errorf("run(%s) to a broken output = %d, want %d", verb, got, exitSelf)
		}
	}
}

package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/queue"
	dsync "github.com/dcq-go/dcq/sync"
)

// Exit codes. They are part of the interface; doc.go lists them for users.
const (
	exitNegative  = 1   // empty, not there, problems found
	exitUsage     = 2   // the command line is wrong
	exitConflict  = 75  // not to be had in time; EX_TEMPFAIL of sysexits.h: try again later
	exitLost      = 122 // an attempt or a lock was lost, the child stopped
	exitFailed    = 123 // some jobs failed for good
	exitTimeout   = 124 // timed out
	exitSelf      = 125 // dcq itself failed
	exitCannotRun = 126 // the command cannot be executed
	exitNotFound  = 127 // the command was not found
	exitSignal    = 128 // added to the signal that ended dcq
)

// exitError is an error that chooses the exit code. Without err it is silent: the
// code is the answer.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// answer ends the command with a code and without a word.
func answer(code int) error { return &exitError{code: code} }

func exitf(code int, format string, args ...any) error {
	return &exitError{code, fmt.Errorf(format, args...)}
}

func usagef(format string, args ...any) error { return exitf(exitUsage, format, args...) }

// signalError is the cause of a context that a signal ended.
type signalError struct{ signal os.Signal }

func (e signalError) Error() string { return "stopped by the signal " + e.signal.String() }

func (e signalError) code() int {
	if s, ok := e.signal.(syscall.Signal); ok {
		return exitSignal + int(s)
	}
	return exitSelf
}

// codes maps the errors of the packages, as far as they are not failures of dcq.
var codes = []struct {
	err  error
	code int
}{
	{queue.ErrName, exitUsage},
	{queue.ErrTooLarge, exitUsage},
	{queue.ErrEmpty, exitNegative},
	{queue.ErrNotFound, exitNegative},
	{queue.ErrState, exitNegative},
	{queue.ErrDuplicate, exitNegative},
	{queue.ErrLost, exitLost},
	{dsync.ErrName, exitUsage},
	{dsync.ErrConflict, exitUsage},
	{dsync.ErrTooMany, exitUsage},
	{dsync.ErrNotAcquired, exitConflict},
	{dsync.ErrBroken, exitNegative},
	{dsync.ErrNoLeader, exitNegative},
	{kv.ErrName, exitUsage},
	{kv.ErrKey, exitUsage},
	{kv.ErrTooLarge, exitUsage},
	{kv.ErrNotFound, exitNegative},
	{kv.ErrConflict, exitNegative},
	{kv.ErrNumber, exitNegative},
	{kv.ErrCompacted, exitNegative},
}

// exitCode returns the code for an error.
func exitCode(err error) int {
	if err == nil {
		return 0
	}
	if e, ok := errors.AsType[*exitError](err); ok {
		return e.code
	}
	if e, ok := errors.AsType[signalError](err); ok {
		return e.code()
	}
	for _, c := range codes {
		if errors.Is(err, c.err) {
			return c.code
		}
	}
	return exitSelf
}

// oneLine returns the text of an error for the terminal, empty if it is silent.
func oneLine(err error) string {
	if e, ok := errors.AsType[*exitError](err); ok && e.err == nil {
		return ""
	}
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}

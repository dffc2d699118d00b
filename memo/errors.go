package memo

import (
	"errors"
	"fmt"

	"github.com/dcq-go/dcq/kv"
	dsync "github.com/dcq-go/dcq/sync"
)

// Errors about arguments. Nothing was changed.
var (
	// ErrName is returned when a name is empty, longer than 180 bytes, or not printable
	// UTF-8.
	ErrName = errors.New("memo: invalid name")

	// ErrKey is returned when an argument cannot be a key; see [Key].
	ErrKey = errors.New("memo: not usable as a key")

	// ErrTag is returned when what Options.Tag returns is longer than 255 bytes, or not
	// printable UTF-8.
	ErrTag = errors.New("memo: invalid tag")
)

// Errors about the state of things.
var (
	// ErrNotFound is returned by Peek when nothing is remembered. It is kv.ErrNotFound.
	ErrNotFound = kv.ErrNotFound

	// ErrDeadlock is returned when the function asks for its own result, with the
	// context it was given. It is ErrDeadlock of package sync.
	ErrDeadlock = dsync.ErrDeadlock
)

// errNoReturn is what callers get if the function neither returned nor panicked.
var errNoReturn = errors.New("memo: the function ended its goroutine")

// RememberedError is an error that the function returned, in another process or
// earlier.
type RememberedError struct {
	Text string // of the original
	is   error
}

// Error returns the text of the original.
func (e *RememberedError) Error() string { return e.Text }

// Unwrap returns the error of Options.Negative that the original was, if any.
func (e *RememberedError) Unwrap() error { return e.is }

// PanicError is a panic of the function, as those get it who waited for it in the
// process that called it.
type PanicError struct {
	Value any    // of the panic
	Stack string // of the goroutine that panicked
}

// Error returns the value and the stack.
func (e *PanicError) Error() string {
	return fmt.Sprintf("memo: the function panicked: %v\n\n%s", e.Value, e.Stack)
}

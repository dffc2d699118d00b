package memo

import (
	"errors"
	"fmt"

	"github.com/dcq-go/dcq/kv"
)

var (
	// ErrName is returned when a name is empty, longer than 180 bytes, or not printable
	// UTF-8. Nothing was changed.
	ErrName = errors.New("memo: invalid name")

	// ErrNotFound is returned by Peek when nothing is remembered. It is kv.ErrNotFound.
	ErrNotFound = kv.ErrNotFound
)

// RememberedError is an error that the function returned, in another process or
// earlier. It is the error of [Options] Negative that the original was.
type RememberedError struct {
	Text string // of the original
	is   error
}

// Error returns the text of the original.
func (e *RememberedError) Error() string { return e.Text }

// Unwrap returns the error of Options.Negative that the original was, if any.
func (e *RememberedError) Unwrap() error { return e.is }

// PanicError is a panic of the function, as all who waited for it get it.
type PanicError struct {
	Value any    // of the panic
	Stack string // of the goroutine that panicked
}

// Error returns the value and the stack.
func (e *PanicError) Error() string {
	return fmt.Sprintf("memo: the function panicked: %v\n\n%s", e.Value, e.Stack)
}

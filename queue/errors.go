package queue

import (
	"errors"

	"github.com/dcq-go/dcq/store"
)

// Errors about arguments. Nothing was changed.
var (
	// ErrName is returned when a name of a queue, deque, group or unique key is
	// empty, too long, or not printable UTF-8.
	ErrName = errors.New("queue: invalid name")

	// ErrTooLarge is returned when a payload is above 1 GiB. It is store.ErrTooLarge.
	ErrTooLarge = store.ErrTooLarge

	// ErrDecode is returned when a payload cannot be decoded into the type of the
	// queue. The job stays leased: nack, release or discard it. It is store.ErrDecode.
	ErrDecode = store.ErrDecode
)

// Errors about the state of a queue or deque. Nothing was changed.
var (
	// ErrEmpty is returned when there is nothing to take.
	ErrEmpty = errors.New("queue: empty")

	// ErrDuplicate is returned by Push when a live job has the unique key; the id
	// returned with it is that job's.
	ErrDuplicate = errors.New("queue: duplicate of a live job")

	// ErrNotFound is returned when a job or queue does not exist.
	ErrNotFound = errors.New("queue: not found")

	// ErrState is returned when a job is not in a state that allows the call.
	ErrState = errors.New("queue: job is in another state")

	// ErrLost is returned when an attempt no longer stands: its lease ended, its
	// process was taken for dead, or it was given back. It is store.ErrLost.
	ErrLost = store.ErrLost

	// ErrIndex is returned when a deque has no element at an index.
	ErrIndex = errors.New("queue: index out of range")

	// ErrNoValue is returned when a deque has no such value.
	ErrNoValue = errors.New("queue: value not in deque")

	// ErrExists is returned by Deque.Copy when there is a deque of the new name.
	ErrExists = errors.New("queue: exists already")

	// ErrMaxLen is returned when a deque was made with another maximum length.
	ErrMaxLen = errors.New("queue: deque has another maximum length")
)

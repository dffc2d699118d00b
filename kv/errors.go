package kv

import (
	"errors"

	"github.com/dcq-go/dcq/store"
)

// Errors about arguments. Nothing was changed.
var (
	// ErrName is returned when a name is empty, longer than 255 bytes, or not printable
	// UTF-8.
	ErrName = errors.New("kv: invalid name")

	// ErrNumber is returned when a number is infinite or not a number, or would make a
	// sum so, or a sum does not fit its type.
	ErrNumber = errors.New("kv: not a finite number that fits")

	// ErrKey is returned when a key cannot be encoded, has more than MaxKey bytes, or
	// is not of the type that the index has.
	ErrKey = errors.New("kv: invalid key")

	// ErrStaged is returned when a staged value was stored or discarded before, or is for
	// another index, cache or store.DB.
	ErrStaged = errors.New("kv: not to be stored")

	// ErrTooLarge is returned when a value is above 1 GiB. It is store.ErrTooLarge.
	ErrTooLarge = store.ErrTooLarge

	// ErrDecode is returned when what is stored does not decode into the type that is
	// asked for. It stays as it is. It is store.ErrDecode.
	ErrDecode = store.ErrDecode
)

// Errors about what is there. Nothing was changed.
var (
	// ErrNotFound is returned when there is nothing under the name or key.
	ErrNotFound = errors.New("kv: not found")

	// ErrConflict is returned when an entry has another revision than the caller
	// expects: somebody changed it meanwhile; and when a cache has other settings than
	// it is opened with.
	ErrConflict = errors.New("kv: conflicts with what is stored")

	// ErrCompacted is returned by Index.Watch when the history of the index does not
	// reach back to the revision to watch from. Start anew, with a look at all entries.
	ErrCompacted = errors.New("kv: history does not reach back")

	// ErrLost is returned when a grant no longer stands. It is store.ErrLost.
	ErrLost = store.ErrLost
)

package sync

import (
	"errors"

	"github.com/dcq-go/dcq/store"
)

// Errors about arguments. Nothing was changed.
var (
	// ErrName is returned when the name of a lock, or of anything else here, is
	// empty, longer than 255 bytes, or not printable UTF-8.
	ErrName = errors.New("sync: invalid name")

	// ErrConflict is returned when the settings given disagree with those that are
	// stored and hold for all processes: the capacity of a semaphore, the rate of a
	// throttle, the parties of a barrier.
	ErrConflict = errors.New("sync: settings disagree with the stored ones")

	// ErrTooMany is returned when more is asked for than there can ever be: more
	// permits than the semaphore has, more at once than the throttle's burst.
	ErrTooMany = errors.New("sync: more than there can ever be")
)

// Errors about the state of things. Nothing was changed.
var (
	// ErrNotAcquired is returned when something is not free and the call does not
	// wait for it.
	ErrNotAcquired = errors.New("sync: not acquired")

	// ErrDeadlock is returned when a goroutine would wait for what it holds itself:
	// the context of the call is that of a grant on the same thing.
	ErrDeadlock = errors.New("sync: would wait for itself")

	// ErrBroken is returned when a barrier is broken: somebody who had arrived gave
	// up, or died, before all had. See [Barrier.Reset].
	ErrBroken = errors.New("sync: barrier broken")

	// ErrNoLeader is returned when an election has no leader now.
	ErrNoLeader = errors.New("sync: no leader")

	// ErrLost is returned when a grant no longer stands: it was released, its lease
	// ended because the process hung, or its session was taken for dead. It is
	// store.ErrLost.
	ErrLost = store.ErrLost
)

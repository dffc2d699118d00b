package store

import (
	"database/sql"
	"errors"
)

// Errors of opening a store.
var (
	// ErrForeign is returned by Open when the database is not a dcq store, or
	// belongs to another directory. Nothing was changed.
	ErrForeign = errors.New("store: not this store's database")

	// ErrNewer is returned by Open and Use when the tables were made by a newer
	// version of dcq than this program. Nothing was changed; upgrade the program.
	ErrNewer = errors.New("store: made by a newer version of dcq")

	// ErrNetworkFS is returned by Open when the directory is on a file system
	// whose locks and shared memory do not hold between processes.
	ErrNetworkFS = errors.New("store: on a network file system")
)

// Errors of any operation. All of them but ErrNotDurable mean that the operation changed
// nothing.
var (
	// ErrClosed is returned by every method after Close.
	ErrClosed = errors.New("store: closed")

	// ErrReadOnly is returned when the database or its directory cannot be
	// written with this process's permissions.
	ErrReadOnly = errors.New("store: read-only")

	// ErrFull is returned when the disk or a quota is full. Earlier commits stand;
	// free some space and call again. What removes from the store needs some, too.
	ErrFull = errors.New("store: disk full; free some space outside the store, and try again")

	// ErrCorrupt is returned when the database is damaged. Stop its processes,
	// keep a copy, and restore a backup.
	ErrCorrupt = errors.New("store: database corrupt")

	// ErrBusy is returned when a writer that does not use the gate (a foreign
	// program on an application's database) held the write lock for longer than
	// Options.BusyTimeout.
	ErrBusy = errors.New("store: database locked by another program")

	// ErrGone is returned when the database was removed or replaced while it was
	// open. Close the DB and open it again.
	ErrGone = errors.New("store: directory removed or replaced")

	// ErrIO is returned when the operating system failed to read or write.
	ErrIO = errors.New("store: input/output error")

	// ErrNotDurable is returned when the disk failed to take what was committed: by the
	// operations that waited for it, which others may see but a power cut may undo, and
	// by all that come later, which have changed nothing. See to the disk, then open the
	// store again.
	ErrNotDurable = errors.New("store: not known to be on the disk")

	// ErrTxDone is returned by the methods of a Tx that is used after its
	// closure returned.
	ErrTxDone = errors.New("store: transaction has ended")
)

// Errors about grants and values.
var (
	// ErrNoRows is returned by Row.Scan when the query found nothing. It is
	// sql.ErrNoRows.
	ErrNoRows = sql.ErrNoRows

	// ErrLost is returned when a grant (a job's attempt, a lock, a permit) no
	// longer stands: its lease ended, its session died, or it was given back.
	ErrLost = errors.New("store: grant lost")

	// ErrTooLarge is returned when an encoded value is above 1 GiB.
	ErrTooLarge = errors.New("store: value too large")

	// ErrDecode is returned when a value cannot be decoded into the type that is
	// asked for. It stays as it is.
	ErrDecode = errors.New("store: value does not decode")

	// ErrBlobMissing is returned when a value's file does not exist.
	ErrBlobMissing = errors.New("store: blob file missing")
)

var errPollWanted = errors.New("store: Options.PollWakeups is set")

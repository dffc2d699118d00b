package store

import (
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"
)

// Durability says what a commit waits for.
type Durability int

const (
	// ByOperation lets each operation decide: what would be missed after a power
	// cut (a push, an acknowledgement, a put) waits for fsync; what dies with the
	// host anyway (a lock, a lease, a waiter) does not. It is the default.
	ByOperation Durability = iota
	// Relaxed never waits for fsync. Commits survive the death of any process;
	// a power cut may lose the last ones, in order, and never corrupts.
	Relaxed
	// Durable waits for fsync in every commit.
	Durable
)

// Options tunes a DB. The zero value is the default.
type Options struct {
	// Database is the SQLite file to use, for an application that wants its own
	// tables in the same transactions. Empty means dcq.db in the directory. Every
	// process must name the same directory for the same file. The file is put
	// into WAL mode.
	Database string

	// Durability is the durability of commits; see its values.
	Durability Durability

	// BlobThreshold is the size in bytes above which a value is kept as a file
	// of its own. 0 means 64 KiB. At most 16 MiB.
	BlobThreshold int

	// BusyTimeout bounds the wait for a program that writes to the same database
	// without dcq. 0 means 10 s.
	BusyTimeout time.Duration

	// Readers is the number of connections for View. 0 means 4. At most 64.
	Readers int

	// Logger gets warnings and, at debug level, the life of sessions. Nil means
	// silence.
	Logger hclog.Logger

	// Clock is the source of time, for tests. Nil means the system's.
	Clock Clock

	// PollWakeups makes waiters poll for commits instead of using fsnotify, as
	// happens by itself when the system has no watches left.
	PollWakeups bool

	// AllowNetworkFS opens a store on a network file system all the same. Data
	// will be lost there when two hosts, and may be when two processes, use it.
	AllowNetworkFS bool
}

const (
	defaultBlobThreshold = 64 << 10
	maxBlobThreshold     = 16 << 20
	defaultBusyTimeout   = 10 * time.Second
	defaultReaders       = 4
	maxReaders           = 64
)

func (o Options) validate() error {
	var faults []error
	fault := func(field, format string, args ...any) {
		faults = append(faults, fmt.Errorf("store: Options.%s: %s", field, fmt.Sprintf(format, args...)))
	}
	if o.Durability < ByOperation || o.Durability > Durable {
		fault("Durability", "unknown value %d", o.Durability)
	}
	if o.BlobThreshold < 0 || o.BlobThreshold > maxBlobThreshold {
		fault("BlobThreshold", "%d is not between 0 and %d bytes", o.BlobThreshold, maxBlobThreshold)
	}
	if o.BusyTimeout < 0 {
		fault("BusyTimeout", "%v is negative", o.BusyTimeout)
	}
	if o.Readers < 0 || o.Readers > maxReaders {
		fault("Readers", "%d is not between 0 and %d", o.Readers, maxReaders)
	}
	return errors.Join(faults...)
}

func (o Options) withDefaults() Options {
	if o.BlobThreshold == 0 {
		o.BlobThreshold = defaultBlobThreshold
	}
	if o.BusyTimeout == 0 {
		o.BusyTimeout = defaultBusyTimeout
	}
	if o.Readers == 0 {
		o.Readers = defaultReaders
	}
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	if o.Clock == nil {
		o.Clock = systemClock{}
	}
	return o
}

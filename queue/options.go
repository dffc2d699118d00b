package queue

import (
	"errors"
	"fmt"
	"time"
)

// Defaults of a queue's settings.
const (
	DefaultLease       = 30 * time.Second
	DefaultMaxAttempts = 10
	DefaultBackoff     = time.Second
	DefaultMaxBackoff  = 10 * time.Minute
	DefaultMaxCrashes  = 5
)

// CrashPolicy says whether the death of a process, or the end of a lease, costs the
// job an attempt.
type CrashPolicy int

const (
	// CrashUnset keeps what the queue has; a new queue has CrashFree.
	CrashUnset CrashPolicy = iota
	// CrashFree does not count the attempt: the job did not fail, its process did.
	CrashFree
	// CrashCosts counts it like a failed one.
	CrashCosts
)

// Options are the settings of a queue. They are stored with the queue and hold for
// all processes: a zero field keeps what is stored (or the default), another
// replaces it.
type Options[T any] struct {
	// Codec turns payloads into bytes. Nil keeps []byte and string as they are, and
	// everything else as JSON. It is not stored.
	Codec Codec[T]

	// Lease is how long an attempt stands unless it is extended. 0 means 30 s for
	// a new queue. At least 10 ms.
	Lease time.Duration

	// MaxAttempts is how many attempts may fail before the job is dead. 0 means 10
	// for a new queue.
	MaxAttempts int

	// Backoff is the pause after the first failed attempt. It doubles with each
	// further one; half of it is random. 0 means 1 s for a new queue.
	Backoff time.Duration

	// MaxBackoff bounds the pause. 0 means 10 min for a new queue.
	MaxBackoff time.Duration

	// Crash says whether a crash costs an attempt. 0 means CrashFree for a new
	// queue.
	Crash CrashPolicy

	// MaxCrashes is how many crashes (deaths of its process, ended leases) make a
	// job dead, whatever its attempts: it may be what kills them. 0 means 5 for a
	// new queue.
	MaxCrashes int
}

const minLease = 10 * time.Millisecond

func (o Options[T]) validate() error {
	var faults []error
	fault := func(field, format string, args ...any) {
		faults = append(faults, fmt.Errorf("queue: Options.%s: %s", field, fmt.Sprintf(format, args...)))
	}
	if o.Lease != 0 && o.Lease < minLease {
		fault("Lease", "%v is less than %v", o.Lease, minLease)
	}
	if o.MaxAttempts < 0 {
		fault("MaxAttempts", "%d is negative", o.MaxAttempts)
	}
	if o.Backoff < 0 {
		fault("Backoff", "%v is negative", o.Backoff)
	}
	if o.MaxBackoff < 0 {
		fault("MaxBackoff", "%v is negative", o.MaxBackoff)
	}
	if o.Crash < CrashUnset || o.Crash > CrashCosts {
		fault("Crash", "unknown value %d", o.Crash)
	}
	if o.MaxCrashes < 0 {
		fault("MaxCrashes", "%d is negative", o.MaxCrashes)
	}
	return errors.Join(faults...)
}

// settings returns the options without what is not stored.
func (o Options[T]) settings() settings {
	return settings{
		lease: o.Lease, maxAttempts: o.MaxAttempts, backoff: o.Backoff, maxBackoff: o.MaxBackoff,
		crash: o.Crash, maxCrashes: o.MaxCrashes,
	}
}

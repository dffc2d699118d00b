package worker

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/dcq-go/dcq/store"
	"github.com/hashicorp/go-hclog"
)

// Options tune a Pool. The zero value is the default.
type Options struct {
	// Concurrency is how many handlers run at a time. 0 means GOMAXPROCS. At most
	// 10,000.
	Concurrency int

	// Ahead is how many jobs are fetched beyond those that a handler is free for, so
	// that short jobs do not wait for a commit each. 0 means as many as the handlers
	// get through in about 10 ms, at most 256; negative means none. At most 1,000.
	Ahead int

	// Timeout is how long a handler may take before its context ends with the cause
	// ErrTimeout. 0 means without limit.
	Timeout time.Duration

	// Lease is how long an attempt stands without a heartbeat; the pool sends one
	// three times as often. 0 means what the queue says. At least 10 ms.
	Lease time.Duration

	// Grace is how long a stop waits for handlers before it cancels them. 0 means
	// 30 s; negative means not at all.
	Grace time.Duration

	// Logger gets failures of handlers and of the store. Nil means the store's.
	Logger hclog.Logger

	// Observer, if not nil, is called after the outcome of each attempt has been
	// committed, by one goroutine at a time. It must not block.
	Observer func(Event)
}

// Event tells of an attempt that ended.
type Event struct {
	Queue    string
	ID       int64
	Attempt  int
	Outcome  Outcome
	Err      error         // of the handler
	Duration time.Duration // of the handler
}

const (
	maxConcurrency = 10_000
	maxAhead       = 1000
	adaptiveAhead  = 256
	defaultGrace   = 30 * time.Second
	minLease       = 10 * time.Millisecond
)

func (o Options) validate() error {
	var faults []error
	fault := func(field, format string, args ...any) {
		faults = append(faults, fmt.Errorf("worker: Options.%s: %s", field, fmt.Sprintf(format, args...)))
	}
	if o.Concurrency < 0 || o.Concurrency > maxConcurrency {
		fault("Concurrency", "%d is not between 0 and %d", o.Concurrency, maxConcurrency)
	}
	if o.Ahead > maxAhead {
		fault("Ahead", "%d is more than %d", o.Ahead, maxAhead)
	}
	if o.Timeout < 0 {
		fault("Timeout", "%v is negative", o.Timeout)
	}
	if o.Lease != 0 && o.Lease < minLease {
		fault("Lease", "%v is less than %v", o.Lease, minLease)
	}
	return errors.Join(faults...)
}

func (o Options) withDefaults(db *store.DB) Options {
	if o.Concurrency == 0 {
		o.Concurrency = runtime.GOMAXPROCS(0)
	}
	if o.Grace == 0 {
		o.Grace = defaultGrace
	}
	if o.Logger == nil {
		o.Logger = db.Logger().Named("worker")
	}
	return o
}

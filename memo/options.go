package memo

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
)

// Options say how long results are remembered. TTL must be set; every other zero value
// is the default. They are not stored, but for SizeLimit and Policy.
type Options[K, V any] struct {
	// TTL is how long a result is fresh. It must be positive, and at most a century.
	TTL time.Duration

	// Stale is how much longer a result is served while it is computed anew, or that
	// fails. 0 means not at all: callers wait then. At most a century.
	Stale time.Duration

	// Beta scales how early a fresh result is computed anew, lest callers have to wait
	// when its TTL and Stale are over: 1, which 0 means, is the best of theory; less is
	// later. Negative is not before the end of TTL. With a Stale much longer than the
	// function takes it hardly matters.
	Beta float64

	// Jitter is the part of TTL by which lifetimes are shortened at random, so that
	// what was computed together does not end together. 0 means 0.1; negative is none.
	Jitter float64

	// Negative are errors of the function that are remembered like results, for
	// NegativeTTL and without Stale. Other errors are told only to those who wait when
	// they occur.
	Negative []error

	// NegativeTTL is how long such an error is remembered. 0 means 1 min, jittered.
	NegativeTTL time.Duration

	// Backoff is the pause, in all processes, after a call that failed while there is a
	// result to serve; it doubles with each further failure, up to a minute. 0 means 1 s.
	Backoff time.Duration

	// Version is part of every key: change it when the function's meaning changes.
	Version string

	// Key turns an argument into bytes. Nil means as [Key] does.
	Key func(K) ([]byte, error)

	// Tag returns a tag of an argument, for InvalidateTag. Nil or "" means none. At most
	// 255 bytes.
	Tag func(K) string

	// Batch computes several results at once, for GetMany: one for each of at most 256
	// arguments, in their order. Nil means that each is computed by itself.
	Batch func(context.Context, []K) ([]V, error)

	// Codec turns results into bytes. Nil keeps []byte and string as they are, and
	// everything else as JSON.
	Codec store.Codec[V]

	// SizeLimit and Policy bound the results of this function together; see
	// kv.CacheOptions.
	SizeLimit int64
	Policy    kv.Policy

	// Lease is how long a process that computes may hang until another computes
	// instead; see Options of package sync. 0 means 30 s.
	Lease time.Duration

	// Refreshers bounds the recomputations in the background of this process, with those
	// of others that it waits for, and the calls at a time of one GetMany. A recomputation too many is not queued but left to
	// the next caller. 0 means 16.
	Refreshers int
}

const (
	defaultJitter     = 0.1
	defaultNegative   = time.Minute
	defaultBackoff    = time.Second
	maxBackoff        = time.Minute
	defaultRefreshers = 16

	maxLife = 100 * 365 * 24 * time.Hour // its end is a time that can be stored
)

func (o Options[K, V]) validate() error {
	var faults []error
	fault := func(field, format string, args ...any) {
		faults = append(faults, fmt.Errorf("memo: Options.%s: %s", field, fmt.Sprintf(format, args...)))
	}
	if o.TTL <= 0 {
		fault("TTL", "%v is not positive", o.TTL)
	}
	for _, d := range []struct {
		field string
		value time.Duration
	}{{"TTL", o.TTL}, {"Stale", o.Stale}, {"NegativeTTL", o.NegativeTTL}, {"Backoff", o.Backoff}} {
		if d.value > maxLife {
			fault(d.field, "%v is more than a century", d.value)
		}
		if d.value < 0 && d.field != "TTL" {
			fault(d.field, "%v is negative", d.value)
		}
	}
	if math.IsNaN(o.Beta) {
		fault("Beta", "it is not a number")
	}
	if !(o.Jitter < 1) {
		fault("Jitter", "%v is not less than 1", o.Jitter)
	}
	for _, err := range o.Negative {
		if err == nil {
			fault("Negative", "one is nil")
		}
	}
	if o.Refreshers < 0 {
		fault("Refreshers", "%d is negative", o.Refreshers)
	}
	return errors.Join(faults...)
}

// withDefaults replaces the zero values.
func (o Options[K, V]) withDefaults() Options[K, V] {
	orDefault(&o.Beta, 1)
	orDefault(&o.Jitter, defaultJitter)
	orDefault(&o.NegativeTTL, defaultNegative)
	orDefault(&o.Backoff, defaultBackoff)
	orDefault(&o.Refreshers, defaultRefreshers)
	o.Beta, o.Jitter = max(o.Beta, 0), max(o.Jitter, 0)
	if o.Key == nil {
		o.Key = keyOf[K]
	}
	if o.Tag == nil {
		o.Tag = func(K) string { return "" }
	}
	return o
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

package sync

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/dcq-go/dcq/store"
)

// Reservation is a slot of a throttle: the time from which on its units may pass. It
// stands whatever becomes of the process, of the throttle's rate, and of the throttle.
// A Reservation may be used by any number of goroutines.
type Reservation struct {
	throttle   *Throttle
	slot       time.Duration // monotonic
	before     time.Duration // theoretical arrival times without it, and with it
	after      time.Duration
	generation int64

	mu   sync.Mutex // protects the field below
	void bool       // it was canceled, or its transaction failed
}

// Delay is how long it is until the slot, 0 when that has come.
func (r *Reservation) Delay() time.Duration {
	return max(r.slot-r.throttle.db.Clock().Monotonic(), 0)
}

// Wait sleeps until the slot, and never returns nil before it. It returns the context's
// cause if ctx ends first, and store.ErrClosed if the store is closed; the reservation
// stands then. What follows may come later than the slot by as much as the process is
// kept from running, and so closer to what is done in the next slot.
func (r *Reservation) Wait(ctx context.Context) error {
	w := r.throttle.db.NewWaiter() // in no line: it wakes for time, ctx, and the closing of the store
	defer w.Close()
	for d := r.Delay(); d > 0; d = r.Delay() {
		if _, err := w.Wait(ctx, r.throttle.db.Clock().Now().Add(d)); err != nil {
			return err
		}
	}
	return nil
}

// Cancel gives the units back, which must not be used then. That can be done only if
// nobody has reserved anything, or was allowed anything, since: the slots of those
// after it are fixed. Otherwise Cancel returns ErrLost, and the slot passes unused. It
// returns nil if the reservation was canceled before. It is done even if ctx has ended;
// after an error of the store the units stay reserved, and Cancel may be called again.
func (r *Reservation) Cancel(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.void {
		return nil
	}
	err := r.throttle.db.Batch(context.WithoutCancel(ctx), false, r.refund)
	r.void = err == nil || errors.Is(err, ErrLost)
	return err
}

// refund takes the reservation back if it is the last.
func (r *Reservation) refund(tx *store.Tx) error {
	row, err := r.throttle.load(tx)
	if err != nil && !errors.Is(err, errNoThrottle) {
		return err
	}
	if err != nil || row.generation != r.generation || row.tat != r.after {
		return fmt.Errorf("%w: others have reserved since, or %s was changed; the slot passes unused", ErrLost, r.throttle)
	}
	row.tat = r.before
	return r.throttle.save(tx, row)
}

// forget makes Cancel do nothing: the transaction failed, so nothing is reserved.
func (r *Reservation) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.void = true
}

package sync

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dcq-go/dcq/store"
)

// Throttle bounds how often something is done by all processes together: in the long
// run at a rate, at once at most a burst. In any time W at most Burst + W / interval
// units pass.
//
// Those who wait reserve the next slot and sleep until then, first come first served:
// nobody polls, and nobody who comes later goes first. A process that is killed while
// it waits leaves its slot unused. [ThrottleOptions] MaxWait bounds how far ahead that
// can go.
//
// It is the generic cell rate algorithm (GCRA, of ITU-T I.371 and the ATM Forum, as
// throttled and redis_rate use it) on the monotonic clock, read in the transaction that
// has the store for itself: steps of the wall clock change nothing, and no process goes
// by a stale time. The state is stored, so that restarting processes resets nothing;
// after a reboot what of the burst was spent is taken over by the wall clock, and what
// had been reserved ahead is forgotten, with those who slept for it.
//
// The throttle of DiskCache is a bucket of count tokens, so one period may have twice
// the count: a burst, and what the rate gives meanwhile. And every process fills the
// bucket when it starts. Here no start gives anything, and the burst is a setting of its
// own: with DiskCache's, the count, the same passes at the same times; with 1, no period
// has more than the count.
type Throttle struct {
	db   *store.DB
	name string
	opts ThrottleOptions
}

// Decision is what a throttle says to a request.
type Decision struct {
	Allowed    bool
	Limit      int           // the burst: the most that is ever allowed at once
	Remaining  int           // what would be allowed at once now, after this request
	RetryAfter time.Duration // when it would be allowed, if nobody else comes; 0 if it was
	ResetAfter time.Duration // when the whole burst will be free, if nobody comes
}

// String names the throttle.
func (t *Throttle) String() string { return fmt.Sprintf("throttle %q", t.name) }

// Allow is [Throttle.AllowN] of one unit.
func (t *Throttle) Allow(ctx context.Context) (Decision, error) { return t.AllowN(ctx, 1) }

// AllowN lets n units pass now, or none, and does not wait: that it is too early is a
// Decision, not an error. It returns ErrTooMany if n is more than the burst,
// ErrConflict if the throttle was removed, or an error of the store; nothing has passed
// then. n must be at least 1.
func (t *Throttle) AllowN(ctx context.Context, n int) (d Decision, err error) {
	err = t.db.Batch(ctx, false, func(tx *store.Tx) error {
		d, err = t.AllowTx(tx, n)
		return err
	})
	return d, err
}

// AllowTx is [Throttle.AllowN] as part of a transaction.
func (t *Throttle) AllowTx(tx *store.Tx, n int) (Decision, error) {
	row, err := t.request(tx, n)
	if err != nil {
		return Decision{}, err
	}
	now := tx.Monotonic()
	after, slot := row.take(now, n)
	if slot > now {
		return row.decision(now, slot), nil
	}
	row.gcra = after
	return row.decision(now, slot), t.save(tx, row)
}

// request reads the throttle for a request of n units.
func (t *Throttle) request(tx *store.Tx, n int) (throttleRow, error) {
	if n < 1 {
		return throttleRow{}, fmt.Errorf("sync: %d units of %s: at least 1 must be asked for", n, t)
	}
	row, err := t.load(tx)
	if err == nil && int64(n) > row.burst {
		err = fmt.Errorf("%w: %d units of %s, which has a burst of %d", ErrTooMany, n, t, row.burst)
	}
	return row, err
}

// decision describes the state after a request that may pass at slot.
func (g gcra) decision(now, slot time.Duration) Decision {
	return Decision{
		Allowed: slot <= now, Limit: int(g.burst), Remaining: g.left(now),
		RetryAfter: slot - now, ResetAfter: g.whole(now),
	}
}

// Peek returns what Allow would say, but for Remaining and ResetAfter, which are those
// of now. Nothing passes. Errors are as for [Throttle.AllowN].
func (t *Throttle) Peek(ctx context.Context) (d Decision, err error) {
	err = t.db.View(ctx, func(tx *store.Tx) error {
		row, err := t.request(tx, 1)
		if err == nil {
			_, slot := row.take(tx.Monotonic(), 1)
			d = row.decision(tx.Monotonic(), slot)
		}
		return err
	})
	return d, err
}

// Reserve takes the next slot for n units, which pass together. It returns
// ErrNotAcquired if that is further ahead than MaxWait, and errors as for
// [Throttle.AllowN]; nothing is reserved then.
func (t *Throttle) Reserve(ctx context.Context, n int) (r *Reservation, err error) {
	err = t.db.Batch(ctx, false, func(tx *store.Tx) error {
		r, err = t.ReserveTx(tx, n)
		return err
	})
	return r, err
}

// ReserveTx is [Throttle.Reserve] as part of a transaction. Wait for the slot after the
// commit.
func (t *Throttle) ReserveTx(tx *store.Tx, n int) (*Reservation, error) {
	row, err := t.request(tx, n)
	if err != nil {
		return nil, err
	}
	after, slot := row.take(tx.Monotonic(), n)
	if ahead := slot - tx.Monotonic(); ahead > t.opts.patience() {
		return nil, fmt.Errorf("%w: the next slot of %s is in %v, MaxWait is %v", ErrNotAcquired, t, ahead, t.opts.patience())
	}
	r := &Reservation{throttle: t, slot: slot, before: row.tat, after: after.tat, generation: row.generation}
	tx.AfterFailure(r.forget)
	row.gcra = after
	return r, t.save(tx, row)
}

// Wait is [Throttle.WaitN] for one unit.
func (t *Throttle) Wait(ctx context.Context) error { return t.WaitN(ctx, 1) }

// WaitN reserves the next slot for n units and sleeps until then. If ctx ends first it
// gives the slot back, as far as [Reservation.Cancel] can, and returns the context's
// cause. If the slot is after the deadline of ctx it does not wait at all: it returns
// ErrNotAcquired and context.DeadlineExceeded, both in one. Errors are otherwise as for
// [Throttle.Reserve], and store.ErrClosed if the store is closed meanwhile. Nothing may
// pass then.
func (t *Throttle) WaitN(ctx context.Context, n int) error {
	var r *Reservation
	err := t.db.Batch(ctx, false, func(tx *store.Tx) (err error) {
		if r, err = t.ReserveTx(tx, n); err != nil {
			return err
		}
		return inTime(ctx, tx, r)
	})
	if err != nil {
		return err
	}
	if err = r.Wait(ctx); err == nil {
		return nil
	}
	if failed := r.Cancel(ctx); failed != nil && !errors.Is(failed, ErrLost) && !errors.Is(failed, store.ErrClosed) {
		return errors.Join(err, failed)
	}
	return err
}

// inTime returns an error if ctx ends before the slot, for certain.
func inTime(ctx context.Context, tx *store.Tx, r *Reservation) error {
	deadline, ok := ctx.Deadline()
	if wait := r.slot - tx.Monotonic(); ok && wait > 0 && deadline.Sub(tx.Now()) < wait {
		return fmt.Errorf("%w: the next slot of %s is in %v: %w", ErrNotAcquired, r.throttle, wait, context.DeadlineExceeded)
	}
	return nil
}

// Hold lets nothing pass for the time d, at most ten years, such as when a server asks
// to be left alone; after it one unit passes, and a larger burst has to be saved up.
// Slots that were given stand. If nothing would pass before anyway, or d is not
// positive, it changes nothing. It returns ErrConflict if the throttle was removed, or
// an error of the store.
func (t *Throttle) Hold(ctx context.Context, d time.Duration) error {
	return t.db.Batch(ctx, false, func(tx *store.Tx) error { return t.HoldTx(tx, d) })
}

// HoldTx is [Throttle.Hold] as part of a transaction.
func (t *Throttle) HoldTx(tx *store.Tx, d time.Duration) error {
	row, err := t.load(tx)
	if err != nil || d <= 0 {
		return err
	}
	held := row.hold(tx.Monotonic() + min(d, longest))
	if held == row.gcra {
		return nil
	}
	row.gcra = held
	return t.save(tx, row)
}

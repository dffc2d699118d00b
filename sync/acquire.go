package sync

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dcq-go/dcq/store"
)

// acquire waits until the request is granted.
func (r resource) acquire(ctx context.Context, q request) (*Grant, error) {
	if r.kind != kindSemaphore && holds(ctx, r) {
		return nil, fmt.Errorf("%w: %s", ErrDeadlock, r)
	}
	a := acquirer{resource: r, request: q, waiter: r.db.NewWaiter()}
	defer a.waiter.Close()
	got, err := a.acquire(ctx)
	if err != nil {
		return nil, err
	}
	g := newGrant(ctx, r, q, got)
	g.keep()
	return g, nil
}

// tryAcquire is acquire without waiting.
func (r resource) tryAcquire(ctx context.Context, q request) (*Grant, error) {
	var got *granted
	err := r.db.Batch(ctx, false, func(tx *store.Tx) (err error) {
		got, _, err = r.take(tx, q)
		return err
	})
	if err != nil {
		return nil, err
	}
	if got == nil {
		return nil, r.busy()
	}
	g := newGrant(ctx, r, q, got)
	g.keep()
	return g, nil
}

// acquireTx is tryAcquire as part of a transaction.
func (r resource) acquireTx(tx *store.Tx, q request) (*Grant, error) {
	got, _, err := r.take(tx, q)
	if err != nil {
		return nil, err
	}
	if got == nil {
		return nil, r.busy()
	}
	g := newGrant(tx.Context(), r, q, got)
	tx.AfterCommit(g.keep)
	tx.AfterFailure(func() { g.stop(r.lost()) })
	return g, nil
}

func (r resource) busy() error { return fmt.Errorf("%w: %s", ErrNotAcquired, r) }

// acquirer is one blocked acquire.
type acquirer struct {
	resource
	request
	waiter *store.Waiter
	next   time.Time // when the first lease of a holder ends
}

// acquire takes what is free, else gets in line and waits to be granted it by the
// transaction that makes room; then it only needs to read.
func (a *acquirer) acquire(ctx context.Context) (*granted, error) {
	got, err := a.takeOrJoin(ctx)
	for got == nil && err == nil {
		var reason store.Wakeup
		if reason, err = a.waiter.Wait(ctx, a.next); err != nil {
			break
		}
		got, err = a.look(ctx)
		if got != nil && reason == store.Backstop {
			a.db.CountMissed()
		}
	}
	if err != nil {
		return nil, errors.Join(err, a.giveUp(ctx))
	}
	return got, nil
}

func (a *acquirer) takeOrJoin(ctx context.Context) (got *granted, err error) {
	err = a.db.Batch(ctx, false, func(tx *store.Tx) error {
		if got, err = a.mine(tx); err != nil {
			return err
		}
		if got != nil {
			return a.urge(tx, &got)
		}
		var s state
		if got, s, err = a.take(tx, a.request); got != nil || err != nil {
			return err
		}
		a.next = s.next(tx)
		return a.join(tx)
	})
	return got, err
}

// urge grants what has become free by time, perhaps to the request itself.
func (a *acquirer) urge(tx *store.Tx, got **granted) error {
	s, err := a.sweep(tx)
	if err != nil {
		return err
	}
	if err := a.dispatch(tx); err != nil {
		return err
	}
	a.next = s.next(tx)
	if *got, err = a.mine(tx); err == nil && *got != nil && (*got).token == 0 {
		*got = nil
	}
	return err
}

// mine returns the acquirer's own request, nil if it has none or it was taken away.
func (a *acquirer) mine(tx *store.Tx) (*granted, error) {
	if !a.waiter.Joined() {
		return nil, nil
	}
	return a.find(tx, a.waiter.Ticket(), a.waiter.Session())
}

// join gets in the line, or in its old place again.
func (a *acquirer) join(tx *store.Tx) error {
	if a.waiter.Ticket() != 0 {
		a.deferDispatch(tx) // it may come before those whom there is no room for
	}
	if _, err := a.waiter.LeaveTx(tx); err != nil { // what is left of an earlier place
		return err
	}
	err := a.waiter.JoinTx(tx, store.WaitSpec{
		Package: Package.Name, Topics: []string{a.topic()}, Want: a.weight, Param: int64(a.lease), Timer: a.next,
	})
	if err != nil {
		return err
	}
	_, err = tx.Exec(`
		INSERT INTO dcq_grants (kind, name, waits, id, session_id, weight, lease, since, value)
		VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?)`,
		a.kind, a.name, a.waiter.Ticket(), a.waiter.Session(), a.weight, int64(a.lease), tx.Now().UnixNano(), a.value)
	return err
}

// look reads whether the request was granted. It writes only if a lease has ended, or
// if its place in the line is gone.
func (a *acquirer) look(ctx context.Context) (got *granted, err error) {
	if got := noted(a.waiter); got != nil && got.until > a.db.Clock().Monotonic() {
		return got, nil
	}
	act := false
	err = a.db.View(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		if got, err = a.mine(tx); err != nil || got != nil && got.token != 0 {
			return err
		}
		s, err := a.state(tx)
		act, a.next = got == nil || s.ended(tx) || s.used == 0, s.next(tx)
		got = nil
		return err
	})
	if got != nil && got.until <= a.db.Clock().Monotonic() { // what was read may be younger than its time
		got, act = nil, true
	}
	if err != nil || got != nil || !act {
		return got, err
	}
	return a.takeOrJoin(context.WithoutCancel(ctx))
}

// giveUp leaves the line. What was granted meanwhile goes to the next.
func (a *acquirer) giveUp(ctx context.Context) error {
	if a.waiter.Ticket() == 0 {
		return nil
	}
	err := a.db.Batch(context.WithoutCancel(ctx), false, func(tx *store.Tx) error {
		if _, err := a.waiter.LeaveTx(tx); err != nil {
			return err
		}
		_, err := tx.Exec(`DELETE FROM dcq_grants WHERE kind = ? AND name = ? AND waits IN (0, 1) AND id = ?`,
			a.kind, a.name, a.waiter.Ticket())
		if err != nil {
			return err
		}
		a.deferDispatch(tx)
		return a.changed(tx)
	})
	if errors.Is(err, store.ErrClosed) {
		return nil // Close gives everything back
	}
	return err
}

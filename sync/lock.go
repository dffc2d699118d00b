package sync

import (
	"context"
	"fmt"

	"github.com/dcq-go/dcq/store"
)

// open checks the name and makes the tables ready.
func open(ctx context.Context, db *store.DB, k kind, name string, opts Options) (resource, error) {
	r := resource{db, k, name}
	if err := checkName(name); err != nil {
		return r, err
	}
	if err := opts.validate(); err != nil {
		return r, err
	}
	heldIn(db) // so that Close finds it, whenever it comes
	return r, db.Use(ctx, Package)
}

// Lock is a lock that one holder at a time has, of all processes that use the store.
// It is granted in the order in which it was asked for.
type Lock struct {
	resource
	opts Options
}

// OpenLock returns the lock of that name. It returns ErrName, a fault of opts, or an
// error of the store.
func OpenLock(ctx context.Context, db *store.DB, name string, opts Options) (*Lock, error) {
	r, err := open(ctx, db, kindLock, name, opts)
	if err != nil {
		return nil, fmt.Errorf("open lock %q: %w", name, err)
	}
	return &Lock{r, opts}, nil
}

func (l *Lock) request() request { return request{weight: 1, lease: l.opts.lease()} }

// Acquire waits for the lock. It returns the context's cause if ctx ends first, and
// ErrDeadlock if ctx is the context of a grant of the same lock; nothing is held then.
func (l *Lock) Acquire(ctx context.Context) (*Grant, error) { return l.acquire(ctx, l.request()) }

// TryAcquire is [Lock.Acquire] without waiting: it returns ErrNotAcquired if somebody
// has the lock, or waits for it.
func (l *Lock) TryAcquire(ctx context.Context) (*Grant, error) { return l.tryAcquire(ctx, l.request()) }

// AcquireTx is [Lock.TryAcquire] as part of a transaction.
func (l *Lock) AcquireTx(tx *store.Tx) (*Grant, error) { return l.acquireTx(tx, l.request()) }

// Do calls fn while it holds the lock. The context of fn ends when ctx does, or, with
// the cause ErrLost, when the lock is lost. Do returns what Acquire returns, else the
// error of fn, joined with that of Release.
func (l *Lock) Do(ctx context.Context, fn func(context.Context, *Grant) error) error {
	g, err := l.Acquire(ctx)
	if err != nil {
		return err
	}
	return g.do(ctx, fn)
}

// Revoke takes the lock from whoever has it, and grants it to the first in the line: the
// old holder's calls under its grant return ErrLost, and its context ends when it next
// extends the lease. That is for operators, and for those who know that what the holder
// is doing is in vain. It returns an error of the store; nothing is changed then.
func (l *Lock) Revoke(ctx context.Context) error {
	return l.db.Batch(ctx, false, l.RevokeTx)
}

// RevokeTx is [Lock.Revoke] as part of a transaction.
func (l *Lock) RevokeTx(tx *store.Tx) error { return l.revoke(tx) }

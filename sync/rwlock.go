package sync

import (
	"context"
	"fmt"

	"github.com/dcq-go/dcq/store"
)

// RWLock is a lock that either one writer has, or any number of readers. It is granted
// in the order in which it was asked for: a writer who waits holds back the readers
// that come after it, and the readers between two writers have it together.
//
// A reader cannot become a writer: two who tried would wait for each other. Release,
// acquire to write, and look again at what was read. A writer can become a reader; see
// [RWLock.Downgrade].
type RWLock struct {
	resource
	opts Options
}

// OpenRWLock returns the reader-writer lock of that name. Errors are as for [OpenLock].
func OpenRWLock(ctx context.Context, db *store.DB, name string, opts Options) (*RWLock, error) {
	r, err := open(ctx, db, kindRWLock, name, opts)
	if err != nil {
		return nil, fmt.Errorf("open rwlock %q: %w", name, err)
	}
	return &RWLock{r, opts}, nil
}

func (l *RWLock) read() request  { return request{weight: 1, lease: l.opts.lease()} }
func (l *RWLock) write() request { return request{weight: everything, lease: l.opts.lease()} }

// AcquireRead waits for the lock as a reader. Errors are as for [Lock.Acquire]; holding
// the lock in any way is a deadlock, since a writer may have come in between.
func (l *RWLock) AcquireRead(ctx context.Context) (*Grant, error) { return l.acquire(ctx, l.read()) }

// AcquireWrite waits for the lock as a writer. Errors are as for [Lock.Acquire].
func (l *RWLock) AcquireWrite(ctx context.Context) (*Grant, error) { return l.acquire(ctx, l.write()) }

// TryAcquireRead is [RWLock.AcquireRead] without waiting: it returns ErrNotAcquired if
// a writer has the lock, or anybody waits for it.
func (l *RWLock) TryAcquireRead(ctx context.Context) (*Grant, error) {
	return l.tryAcquire(ctx, l.read())
}

// TryAcquireWrite is [RWLock.AcquireWrite] without waiting: it returns ErrNotAcquired
// if anybody has the lock, or waits for it.
func (l *RWLock) TryAcquireWrite(ctx context.Context) (*Grant, error) {
	return l.tryAcquire(ctx, l.write())
}

// AcquireReadTx is [RWLock.TryAcquireRead] as part of a transaction.
func (l *RWLock) AcquireReadTx(tx *store.Tx) (*Grant, error) { return l.acquireTx(tx, l.read()) }

// AcquireWriteTx is [RWLock.TryAcquireWrite] as part of a transaction.
func (l *RWLock) AcquireWriteTx(tx *store.Tx) (*Grant, error) { return l.acquireTx(tx, l.write()) }

// DoRead calls fn while it holds the lock as a reader. See [Lock.Do].
func (l *RWLock) DoRead(ctx context.Context, fn func(context.Context, *Grant) error) error {
	g, err := l.AcquireRead(ctx)
	if err != nil {
		return err
	}
	return g.do(ctx, fn)
}

// DoWrite calls fn while it holds the lock as a writer. See [Lock.Do].
func (l *RWLock) DoWrite(ctx context.Context, fn func(context.Context, *Grant) error) error {
	g, err := l.AcquireWrite(ctx)
	if err != nil {
		return err
	}
	return g.do(ctx, fn)
}

// Downgrade makes a writer's grant that of a reader, without anybody in between, and
// lets the readers in that wait next. The token stays. For a reader's grant it changes
// nothing. It returns ErrLost if the grant does not stand, ErrConflict if it is not of
// this lock, or an error of the store; the grant is as before then.
func (l *RWLock) Downgrade(ctx context.Context, g *Grant) error {
	return l.db.Batch(ctx, false, func(tx *store.Tx) error { return l.DowngradeTx(tx, g) })
}

// DowngradeTx is [RWLock.Downgrade] as part of a transaction.
func (l *RWLock) DowngradeTx(tx *store.Tx, g *Grant) error {
	if g.of != l.resource {
		return fmt.Errorf("%w: a grant of %s, not of %s", ErrConflict, g.of, l.resource)
	}
	if err := l.update(tx, g.id, "weight", 1); err != nil {
		return err
	}
	l.deferDispatch(tx)
	return nil
}

// Revoke takes the lock from whoever has it, and grants it to the first in the line: the
// old holder's calls under its grant return ErrLost, and its context ends when it next
// extends the lease. That is for operators, and for those who know that what the holder
// is doing is in vain. It returns an error of the store; nothing is changed then.
func (l *RWLock) Revoke(ctx context.Context) error {
	return l.db.Batch(ctx, false, l.RevokeTx)
}

// RevokeTx is [RWLock.Revoke] as part of a transaction.
func (l *RWLock) RevokeTx(tx *store.Tx) error { return l.revoke(tx) }

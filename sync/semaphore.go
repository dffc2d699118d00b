package sync

import (
	"context"
	"errors"
	"fmt"

	"github.com/dcq-go/dcq/store"
)

// BoundedSemaphore has a number of permits. They are granted in the order in which
// they were asked for: one who wants many holds back those who come after him and want
// few, lest he wait for ever.
//
// The number of permits is stored with the semaphore and holds for all processes.
type BoundedSemaphore struct {
	resource
	opts Options
}

// OpenBoundedSemaphore returns the semaphore of that name, making it with so many
// permits if there is none. With permits 0 it takes what is stored. It returns
// ErrConflict if another number is stored, or none and none was given (see
// [BoundedSemaphore.Resize]), ErrName, a fault of opts, or an error of the store.
func OpenBoundedSemaphore(ctx context.Context, db *store.DB, name string, permits int, opts Options) (*BoundedSemaphore, error) {
	r, err := open(ctx, db, kindSemaphore, name, opts)
	if err == nil {
		err = r.agree(ctx, permits)
	}
	if err != nil {
		return nil, fmt.Errorf("open semaphore %q: %w", name, err)
	}
	return &BoundedSemaphore{r, opts}, nil
}

// agree compares the number of permits with the stored one, or stores it.
func (r resource) agree(ctx context.Context, permits int) error {
	if err := checkPermits(permits); permits != 0 && err != nil {
		return err
	}
	var stored int
	read := func(tx *store.Tx) error {
		err := tx.QueryRow(`SELECT capacity FROM dcq_semaphores WHERE name = ?`, r.name).Scan(&stored)
		if errors.Is(err, store.ErrNoRows) {
			return nil
		}
		return err
	}
	if err := r.db.View(ctx, read); err != nil {
		return err
	}
	if stored == 0 && permits != 0 {
		err := r.db.Batch(ctx, true, func(tx *store.Tx) error {
			_, err := tx.Exec(`INSERT INTO dcq_semaphores (name, capacity) VALUES (?, ?) ON CONFLICT DO NOTHING`, r.name, permits)
			return errors.Join(err, read(tx))
		})
		if err != nil {
			return err
		}
	}
	switch {
	case stored == 0:
		return fmt.Errorf("%w: it does not exist; say how many permits it has", ErrConflict)
	case permits != 0 && permits != stored:
		return fmt.Errorf("%w: it has %d permits, not %d; resize it, or name another", ErrConflict, stored, permits)
	}
	return nil
}

// maxPermits bounds the permits of a semaphore.
const maxPermits = 1 << 20

func checkPermits(n int) error {
	if n < 1 || n > maxPermits {
		return fmt.Errorf("sync: %d permits are not between 1 and %d", n, maxPermits)
	}
	return nil
}

func (s *BoundedSemaphore) request(n int) (request, error) {
	if n < 1 {
		return request{}, fmt.Errorf("sync: %d permits are less than 1", n)
	}
	return request{weight: n, lease: s.opts.lease()}, nil
}

// Acquire waits for a permit. Errors are as for [BoundedSemaphore.AcquireN].
func (s *BoundedSemaphore) Acquire(ctx context.Context) (*Grant, error) { return s.AcquireN(ctx, 1) }

// TryAcquire is [BoundedSemaphore.Acquire] without waiting: it returns ErrNotAcquired
// if no permit is free, or somebody waits for one.
func (s *BoundedSemaphore) TryAcquire(ctx context.Context) (*Grant, error) {
	return s.TryAcquireN(ctx, 1)
}

// AcquireN waits for n permits, which are granted and released together. It returns
// ErrTooMany if the semaphore has fewer, ErrConflict if it was removed, and the
// context's cause if ctx ends first; nothing is held then. That a goroutine waits for
// permits while it holds some is not found out: it may be right.
func (s *BoundedSemaphore) AcquireN(ctx context.Context, n int) (*Grant, error) {
	q, err := s.request(n)
	if err != nil {
		return nil, err
	}
	return s.acquire(ctx, q)
}

// TryAcquireN is [BoundedSemaphore.AcquireN] without waiting: it returns
// ErrNotAcquired if fewer permits are free, or somebody waits.
func (s *BoundedSemaphore) TryAcquireN(ctx context.Context, n int) (*Grant, error) {
	q, err := s.request(n)
	if err != nil {
		return nil, err
	}
	return s.tryAcquire(ctx, q)
}

// AcquireNTx is [BoundedSemaphore.TryAcquireN] as part of a transaction.
func (s *BoundedSemaphore) AcquireNTx(tx *store.Tx, n int) (*Grant, error) {
	q, err := s.request(n)
	if err != nil {
		return nil, err
	}
	return s.acquireTx(tx, q)
}

// Do calls fn while it holds a permit. See [Lock.Do].
func (s *BoundedSemaphore) Do(ctx context.Context, fn func(context.Context, *Grant) error) error {
	g, err := s.Acquire(ctx)
	if err != nil {
		return err
	}
	return g.do(ctx, fn)
}

// Permits returns how many permits the semaphore has.
func (s *BoundedSemaphore) Permits(ctx context.Context) (n int, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		all, err := s.capacity(tx)
		n = int(all)
		return err
	})
	return n, err
}

// Resize changes the number of permits, for all processes. Those who hold more than
// are left keep them until they release them. It returns ErrConflict if somebody waits
// for more than there would be, or an error of the store; nothing is changed then.
func (s *BoundedSemaphore) Resize(ctx context.Context, permits int) error {
	if err := checkPermits(permits); err != nil {
		return err
	}
	return s.db.Batch(ctx, true, func(tx *store.Tx) error {
		var most int
		err := tx.QueryRow(`SELECT coalesce(max(weight), 0) FROM dcq_grants WHERE kind = ? AND name = ? AND waits = 1`, s.kind, s.name).Scan(&most)
		if err != nil {
			return err
		}
		if most > permits {
			return fmt.Errorf("%w: somebody waits for %d permits of %s", ErrConflict, most, s.resource)
		}
		s.deferDispatch(tx)
		_, err = tx.Exec(`
			INSERT INTO dcq_semaphores (name, capacity) VALUES (?, ?)
			ON CONFLICT (name) DO UPDATE SET capacity = excluded.capacity`, s.name, permits)
		return err
	})
}

// Remove forgets the semaphore. It returns ErrConflict if somebody holds a permit or
// waits for one; nothing is changed then.
func (s *BoundedSemaphore) Remove(ctx context.Context) error {
	return s.db.Batch(ctx, true, func(tx *store.Tx) error {
		if _, err := s.sweep(tx); err != nil { // a lease that is over is not use
			return err
		}
		var used bool
		err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM dcq_grants WHERE kind = ? AND name = ?)`, s.kind, s.name).Scan(&used)
		if err != nil {
			return err
		}
		if used {
			return fmt.Errorf("%w: %s is in use", ErrConflict, s.resource)
		}
		_, err = tx.Exec(`DELETE FROM dcq_semaphores WHERE name = ?`, s.name)
		return err
	})
}

package sync

import (
	"context"
	"errors"
	"fmt"

	"github.com/dcq-go/dcq/store"
)

// Barrier lets a number of parties go on when all of them have arrived, again and
// again: Java's CyclicBarrier, or Python's threading.Barrier, between processes. A
// party is a call of [Barrier.Wait], in whatever process.
//
// All go on or none: if somebody who waits gives up, or its process dies or closes the
// store, the barrier is broken. All who wait, and all who arrive, get ErrBroken then,
// until somebody calls [Barrier.Reset]. Whoever was let through has passed, whatever
// becomes of the barrier before it is told.
//
// The number of parties is stored with the barrier and holds for all processes.
type Barrier struct{ rendezvous }

// Passage tells how a party came through a barrier.
type Passage struct {
	Generation int64 `json:"generation"` // the same for all who went on together, greater for those after them
	Index      int   `json:"index"`      // 0 is the first that arrived, parties - 1 the last
}

// BarrierState is what a barrier is like at a moment.
type BarrierState struct {
	Parties    int   `json:"parties"`
	Arrived    int   `json:"arrived"`    // who wait now
	Generation int64 `json:"generation"` // of those who wait; the first is 1
	Broken     bool  `json:"broken"`     // until Reset
}

// OpenBarrier returns the barrier of that name, making it for so many parties if there
// is none. With parties 0 it takes what is stored. It returns ErrConflict if another
// number is stored, or none and none was given, ErrName, an error that says what is
// wrong with parties (at most 65536), or an error of the store.
func OpenBarrier(ctx context.Context, db *store.DB, name string, parties int) (*Barrier, error) {
	r, err := openRendezvous(ctx, db, kindBarrier, name, parties)
	if err != nil {
		return nil, fmt.Errorf("open barrier %q: %w", name, err)
	}
	return &Barrier{r}, nil
}

// Wait arrives, and returns when all parties have. The last to arrive lets the others
// through and does not wait.
//
// If ctx ends while it waits, it breaks the barrier and returns the context's cause; if
// ctx has ended before it arrived, nothing happened. It returns ErrBroken if the barrier
// is broken, or breaks, or is reset meanwhile, ErrConflict if it was removed, and
// store.ErrClosed if the store is closed, which breaks it too unless all had arrived. In the rare case that
// others took this process's session for dead it returns ErrLost: whether all arrived
// is not known then.
func (b *Barrier) Wait(ctx context.Context) (Passage, error) {
	a := b.newArrival()
	defer a.waiter.Close()
	var p Passage
	var last bool
	err := b.db.Batch(ctx, false, func(tx *store.Tx) (err error) {
		p, last, err = b.arrive(tx, a)
		return err
	})
	now := stageGone
	if err == nil && !last {
		now, err = a.wait(ctx)
	}
	if now == stageBroken && err == nil {
		err = errors.Join(b.broken(), a.forget(ctx))
	}
	if err != nil {
		return Passage{}, err
	}
	return p, nil
}

// arrive lets everybody through, or gets in line.
func (b *Barrier) arrive(tx *store.Tx, a *arrival) (p Passage, last bool, err error) {
	m, err := b.read(tx)
	if err != nil {
		return p, false, err
	}
	if m.broken {
		return p, false, b.broken()
	}
	n, err := b.count(tx, stageWaits)
	if err != nil {
		return p, false, err
	}
	p = Passage{Generation: m.generation, Index: n}
	if n+1 < m.parties {
		return p, false, a.join(tx, stageWaits)
	}
	if err := b.moveOn(tx, stageWaits, stageGone); err != nil {
		return p, false, err
	}
	return p, true, b.change(tx, `generation = generation + 1`)
}

func (r rendezvous) broken() error { return fmt.Errorf("%w: %s", ErrBroken, r) }

// Break breaks the barrier: all who wait, and all who arrive, get ErrBroken until
// [Barrier.Reset]. It returns ErrConflict if the barrier was removed, or an error of
// the store; nothing is changed then.
func (b *Barrier) Break(ctx context.Context) error {
	return b.db.Batch(ctx, false, b.breakUp)
}

func (r rendezvous) breakUp(tx *store.Tx) error {
	if err := r.moveOn(tx, stageWaits, stageBroken); err != nil {
		return err
	}
	return r.change(tx, `broken = 1`)
}

// Reset begins a new generation of an unbroken barrier. All who wait get ErrBroken.
// Errors are as for [Barrier.Break].
func (b *Barrier) Reset(ctx context.Context) error {
	return b.db.Batch(ctx, false, func(tx *store.Tx) error {
		if err := b.moveOn(tx, stageWaits, stageBroken); err != nil {
			return err
		}
		return b.change(tx, `broken = 0, generation = generation + 1`)
	})
}

// State returns what the barrier is like now. It returns ErrConflict if it was
// removed, or an error of the store.
func (b *Barrier) State(ctx context.Context) (s BarrierState, err error) {
	err = b.db.View(ctx, func(tx *store.Tx) error {
		m, err := b.read(tx)
		if err != nil {
			return err
		}
		s = BarrierState{Parties: m.parties, Generation: m.generation, Broken: m.broken}
		s.Arrived, err = b.count(tx, stageWaits)
		return err
	})
	return s, err
}

// Remove forgets the barrier. It returns ErrConflict if somebody waits; nothing is
// changed then.
func (b *Barrier) Remove(ctx context.Context) error { return b.remove(ctx) }

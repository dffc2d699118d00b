package sync

import (
	"context"
	"fmt"

	"github.com/dcq-go/dcq/store"
)

// DoubleBarrier lets a number of parties begin together and end together: the double
// barrier of the ZooKeeper recipes.
//
//	          all have entered               all have left
//	Enter ─> waits ────────────> inside ─ Leave ─> leaves ────────────> (gone)
//
// It opens when so many have entered, stays open, to those too who come late, until
// all who entered have left, and then closes for the next time. A process that dies,
// or closes the store, has not entered, or has left: nobody waits for it.
//
// The number of parties is stored with the barrier and holds for all processes.
type DoubleBarrier struct{ rendezvous }

// DoubleBarrierState is what a double barrier is like at a moment.
type DoubleBarrierState struct {
	Parties    int   `json:"parties"`
	Entering   int   `json:"entering"`   // who wait for the others to enter
	Inside     int   `json:"inside"`     // who have entered and not left
	Leaving    int   `json:"leaving"`    // who wait for the others to leave
	Generation int64 `json:"generation"` // of all of these; the first is 1
	Open       bool  `json:"open"`
}

// OpenDoubleBarrier returns the double barrier of that name, making it if there is
// none. Parties and errors are as for [OpenBarrier].
func OpenDoubleBarrier(ctx context.Context, db *store.DB, name string, parties int) (*DoubleBarrier, error) {
	r, err := openRendezvous(ctx, db, kindDouble, name, parties)
	if err != nil {
		return nil, fmt.Errorf("open double barrier %q: %w", name, err)
	}
	return &DoubleBarrier{r}, nil
}

// Membership is the stay of one party inside a double barrier.
type Membership struct {
	of         rendezvous
	id         int64
	generation int64
}

// Generation is the same for all who were inside together, and greater for those after
// them.
func (m *Membership) Generation() int64 { return m.generation }

// Enter waits until all parties have entered; while the double barrier is open, it
// does not wait. If ctx ends first it takes the entry back and returns the context's
// cause. It returns ErrConflict if the double barrier was removed, store.ErrClosed, and
// ErrLost if others took this process's session for dead; it is not inside then.
func (d *DoubleBarrier) Enter(ctx context.Context) (*Membership, error) {
	a := d.newArrival()
	defer a.waiter.Close()
	var m *Membership
	err := d.db.Batch(ctx, false, func(tx *store.Tx) (err error) {
		m, err = d.enter(tx, a)
		return err
	})
	if err != nil {
		return nil, err
	}
	if m.id != 0 {
		return m, nil
	}
	if _, err := a.wait(ctx); err != nil {
		return nil, err
	}
	m.id = a.waiter.Ticket()
	return m, nil
}

// enter returns a membership, without an id if it has to wait for it.
func (d *DoubleBarrier) enter(tx *store.Tx, a *arrival) (*Membership, error) {
	now, err := d.read(tx)
	if err != nil {
		return nil, err
	}
	m := &Membership{of: d.rendezvous, generation: now.generation}
	if !now.open {
		n, err := d.count(tx, stageWaits)
		if err != nil {
			return nil, err
		}
		if n+1 < now.parties {
			return m, a.join(tx, stageWaits)
		}
		if err := d.moveOn(tx, stageWaits, stageInside); err != nil {
			return nil, err
		}
		if err := d.change(tx, `open = 1`); err != nil {
			return nil, err
		}
	}
	session, err := tx.Session(Package.Name)
	if err != nil {
		return nil, err
	}
	if m.id, err = tx.Next(); err != nil {
		return nil, err
	}
	return m, d.record(tx, m.id, session, stageInside)
}

// Leave leaves, even if ctx has ended, and returns when all who were inside have left.
// If ctx ends first, it returns the context's cause and has left all the same. It
// returns ErrLost if the membership does not stand: it was left before, or others took
// this process's session for dead. After another error of the store it may not have
// left; it has when the store is closed.
func (m *Membership) Leave(ctx context.Context) error {
	a := m.of.newArrival()
	defer a.waiter.Close()
	var last bool
	err := m.of.db.Batch(context.WithoutCancel(ctx), false, func(tx *store.Tx) (err error) {
		last, err = m.leave(tx, a)
		return err
	})
	if err != nil || last {
		return err
	}
	_, err = a.wait(ctx)
	return err
}

// leave closes the double barrier behind the last, or gets in line.
func (m *Membership) leave(tx *store.Tx, a *arrival) (last bool, err error) {
	n, err := tx.Exec(`DELETE FROM dcq_arrivals WHERE kind = ? AND name = ? AND id = ? AND stage = ?`,
		m.of.kind, m.of.name, m.id, stageInside)
	if err != nil {
		return false, err
	}
	if n == 0 {
		return false, fmt.Errorf("%w: %s", ErrLost, m.of)
	}
	if last, err = m.of.closeIfEmpty(tx); last || err != nil {
		return last, err
	}
	return false, a.join(tx, stageLeaves)
}

// closeIfEmpty closes a double barrier when nobody is inside, and lets those go on who
// wait for that.
func (r rendezvous) closeIfEmpty(tx *store.Tx) (empty bool, err error) {
	n, err := r.count(tx, stageInside)
	if err != nil || n > 0 {
		return false, err
	}
	if err := r.moveOn(tx, stageLeaves, stageGone); err != nil {
		return false, err
	}
	return true, r.change(tx, `open = 0, generation = generation + 1`)
}

// State returns what the double barrier is like now. It returns ErrConflict if it was
// removed, or an error of the store.
func (d *DoubleBarrier) State(ctx context.Context) (s DoubleBarrierState, err error) {
	err = d.db.View(ctx, func(tx *store.Tx) error {
		m, err := d.read(tx)
		if err != nil {
			return err
		}
		s = DoubleBarrierState{Parties: m.parties, Generation: m.generation, Open: m.open}
		for stage, n := range map[stage]*int{stageWaits: &s.Entering, stageInside: &s.Inside, stageLeaves: &s.Leaving} {
			if *n, err = d.count(tx, stage); err != nil {
				return err
			}
		}
		return nil
	})
	return s, err
}

// Remove forgets the double barrier. It returns ErrConflict if somebody waits, or is
// inside; nothing is changed then.
func (d *DoubleBarrier) Remove(ctx context.Context) error { return d.remove(ctx) }

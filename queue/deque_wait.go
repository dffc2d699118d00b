package queue

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/dcq-go/dcq/store"
)

// PopWait takes the rightmost element off, waiting for one if there is none. It
// returns the context's cause if ctx ends first; nothing was taken then. Other errors
// are as for Pop, and ErrClosed of the store.
func (d *Deque[T]) PopWait(ctx context.Context) (T, error) { return d.popWait(ctx, right) }

// PopLeftWait takes the leftmost element off, waiting for one if there is none. Errors
// are as for PopWait.
func (d *Deque[T]) PopLeftWait(ctx context.Context) (T, error) { return d.popWait(ctx, left) }

// PopLeaseWait is [Deque.PopLease] that waits for an element if there is none. Errors
// are as for PopWait.
func (d *Deque[T]) PopLeaseWait(ctx context.Context) (*Lease[T], error) {
	return d.wait(ctx, popper[T]{end: right, leased: true})
}

// PopLeftLeaseWait is [Deque.PopLeftLease] that waits for an element if there is none.
// Errors are as for PopWait.
func (d *Deque[T]) PopLeftLeaseWait(ctx context.Context) (*Lease[T], error) {
	return d.wait(ctx, popper[T]{end: left, leased: true})
}

func (d *Deque[T]) popWait(ctx context.Context, end side) (v T, err error) {
	l, err := d.wait(ctx, popper[T]{end: end})
	if err != nil {
		return v, err
	}
	return l.Value, nil
}

// popper is one pop that waits.
type popper[T any] struct {
	end    side
	leased bool // the caller wants the lease, not the element for good

	d    *Deque[T]
	w    *store.Waiter
	next time.Time // when the next lease ends, and something may be there again
}

// wait takes what is there, else gets in line and waits to be handed an element by the
// transaction that adds it.
func (d *Deque[T]) wait(ctx context.Context, p popper[T]) (*Lease[T], error) {
	p.d, p.w = d, d.db.NewWaiter()
	defer p.w.Close()
	l, err := p.takeOrJoin(ctx)
	for l == nil && err == nil {
		var reason store.Wakeup
		if reason, err = p.w.Wait(ctx, p.next); err != nil {
			break
		}
		l, err = p.look(context.WithoutCancel(ctx))
		if l != nil && reason == store.Backstop {
			d.db.CountMissed()
		}
	}
	if err == nil {
		return l, nil
	}
	if leaveErr := p.giveUp(context.WithoutCancel(ctx)); leaveErr != nil {
		return nil, errors.Join(err, leaveErr)
	}
	return nil, err
}

// takeOrJoin takes what this popper was handed, or what is left when those in line
// have been served, or gets in line.
func (p *popper[T]) takeOrJoin(ctx context.Context) (l *Lease[T], err error) {
	err = p.d.db.Batch(ctx, !p.leased, func(tx *store.Tx) error {
		l = nil
		return p.d.change(tx, func(r *dequeRow) error {
			if err := r.serve(tx); err != nil {
				return err
			}
			if l, err = p.handed(tx, r); l != nil || err != nil {
				return err
			}
			if r.size == 0 {
				return p.join(tx, r)
			}
			l, err = p.take(tx, r)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return l, nil
}

// take takes an element that nobody in line wants.
func (p *popper[T]) take(tx *store.Tx, r *dequeRow) (*Lease[T], error) {
	if _, err := p.w.LeaveTx(tx); err != nil {
		return nil, err
	}
	if p.leased {
		return p.d.leaseFirst(tx, r, p.end)
	}
	item, err := r.first(tx, p.end)
	if err != nil {
		return nil, err
	}
	value, err := p.d.load(item.value)
	if err != nil {
		return nil, err
	}
	return &Lease[T]{Value: value}, r.remove(tx, item)
}

func (p *popper[T]) join(tx *store.Tx, r *dequeRow) (err error) {
	if p.next, err = r.nextEnd(tx); err != nil {
		return err
	}
	return p.w.JoinTx(tx, store.WaitSpec{
		Package: Package.Name, Topics: []string{r.topic()}, Want: 1,
		Param: wish(p.end, p.d.lease), Timer: p.next,
	})
}

// handed takes what another transaction leased to this popper's ticket, if anything.
func (p *popper[T]) handed(tx *store.Tx, r *dequeRow) (*Lease[T], error) {
	l, v, err := p.find(tx)
	if l == nil || err != nil {
		return nil, err
	}
	if l.Value, err = p.d.load(v); err != nil || p.leased {
		return l, err
	}
	if _, err := tx.Exec(`DELETE FROM dcq_deque_leases WHERE token = ?`, l.Token); err != nil {
		return nil, err
	}
	r.leased--
	return l, tx.Drop(v.Blob)
}

// find returns the lease that was handed to this popper, by the index
// dcq_deque_leases_ticket, or nil; and its value, not decoded. If the popper slept
// through an earlier lease, that one may still be on record.
func (p *popper[T]) find(tx *store.Tx) (*Lease[T], store.Value, error) {
	var v store.Value
	var blob sql.NullString
	l := &Lease[T]{d: p.d}
	err := tx.QueryRow(`
		SELECT value, blob, token, lease_until FROM dcq_deque_leases
		WHERE ticket = ? AND lease_until > ?
		ORDER BY token DESC LIMIT 1`, p.w.Ticket(), int64(tx.Monotonic())).
		Scan(&v.Inline, &blob, &l.Token, &l.LeaseUntil)
	if errors.Is(err, store.ErrNoRows) {
		return nil, v, nil
	}
	v.Blob = blob.String
	return l, v, err
}

// look finds what the popper was woken for. It writes only if there is something to
// take off or to sweep, or if its place in the line is gone.
func (p *popper[T]) look(ctx context.Context) (l *Lease[T], err error) {
	act := false
	err = p.d.view(ctx, func(tx *store.Tx) error {
		var v store.Value
		if l, v, err = p.find(tx); err != nil {
			return err
		}
		if l == nil {
			act, err = p.hasWork(tx)
			return err
		}
		if act = !p.leased; !act {
			l.Value, err = p.d.load(v)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if act {
		return p.takeOrJoin(ctx)
	}
	return l, nil
}

// hasWork reports whether the popper must act although it was not handed anything: it
// is no longer in line, as after a lease that ended before it could look, or a lease
// has ended. Elements that nobody was handed are there only if that went wrong.
func (p *popper[T]) hasWork(tx *store.Tx) (bool, error) {
	waiting, err := p.w.InLineTx(tx)
	if err != nil || !waiting {
		return true, err
	}
	r, err := p.d.row(tx)
	if err != nil {
		return false, err
	}
	p.next, err = r.nextEnd(tx)
	ended := !p.next.IsZero() && !p.next.After(tx.Now())
	return r.size > 0 || ended, err
}

// giveUp leaves the line. What the popper was handed meanwhile goes to the next.
func (p *popper[T]) giveUp(ctx context.Context) error {
	if p.w.Ticket() == 0 {
		return nil
	}
	err := p.d.db.Batch(ctx, false, func(tx *store.Tx) error {
		if _, err := p.w.LeaveTx(tx); err != nil {
			return err
		}
		return p.d.change(tx, func(r *dequeRow) error {
			deferDequeDispatch(tx, r) // the next in line must know when to look
			return p.returnHanded(tx, r)
		})
	})
	if errors.Is(err, store.ErrClosed) {
		return nil // Close gives everything back
	}
	return err
}

func (p *popper[T]) returnHanded(tx *store.Tx, r *dequeRow) error {
	var tokens []int64
	err := tx.Query(`SELECT token FROM dcq_deque_leases WHERE ticket = ?`, []any{p.w.Ticket()}, func(scan store.Scan) error {
		var token int64
		err := scan(&token)
		tokens = append(tokens, token)
		return err
	})
	if err != nil || len(tokens) == 0 {
		return err
	}
	return r.giveBack(tx, tokens...)
}

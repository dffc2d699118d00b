package queue

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/dcq-go/dcq/store"
)

// Lease is an element that was popped on approval. Exactly one of Ack and Release ends
// it; if neither comes before the lease is over or the process dies, the element
// returns to its place. Its methods may be called from any goroutine. It implements
// [store.Grant].
type Lease[T any] struct {
	Value T
	Token int64 // fencing token

	// LeaseUntil is when the lease ended when the element was popped, on the store's
	// monotonic clock.
	LeaseUntil time.Duration

	d *Deque[T]
}

var _ store.Grant = (*Lease[int])(nil)

// PopLease takes the rightmost element off on approval: it is hidden from everybody
// until the lease is acknowledged, released or over. It returns ErrEmpty if there is
// no element, ErrDecode if it does not decode, or an error of the store; then nothing
// was changed.
func (d *Deque[T]) PopLease(ctx context.Context) (*Lease[T], error) { return d.popLease(ctx, right) }

// PopLeaseTx is [Deque.PopLease] as part of a transaction.
func (d *Deque[T]) PopLeaseTx(tx *store.Tx) (*Lease[T], error) { return d.popLeaseTx(tx, right) }

// PopLeftLease takes the leftmost element off on approval, as [Deque.PopLease] does
// the rightmost.
func (d *Deque[T]) PopLeftLease(ctx context.Context) (*Lease[T], error) { return d.popLease(ctx, left) }

// PopLeftLeaseTx is [Deque.PopLeftLease] as part of a transaction.
func (d *Deque[T]) PopLeftLeaseTx(tx *store.Tx) (*Lease[T], error) { return d.popLeaseTx(tx, left) }

func (d *Deque[T]) popLease(ctx context.Context, end side) (l *Lease[T], err error) {
	err = d.db.Batch(ctx, false, func(tx *store.Tx) (err error) {
		l, err = d.popLeaseTx(tx, end)
		return err
	})
	if err != nil {
		return nil, err
	}
	return l, nil
}

func (d *Deque[T]) popLeaseTx(tx *store.Tx, end side) (l *Lease[T], err error) {
	err = d.change(tx, func(r *dequeRow) error {
		l, err = d.leaseFirst(tx, r, end)
		return err
	})
	return l, err
}

// leaseFirst leases the outermost element of an end to the caller.
func (d *Deque[T]) leaseFirst(tx *store.Tx, r *dequeRow, end side) (*Lease[T], error) {
	item, err := r.first(tx, end)
	if err != nil {
		return nil, err
	}
	value, err := d.load(item.value)
	if err != nil {
		return nil, err
	}
	session, err := tx.Session(Package.Name)
	if err != nil {
		return nil, err
	}
	until := tx.Monotonic() + d.lease
	token, err := r.hold(tx, item, dequeHolder{session: session, until: until})
	if err != nil {
		return nil, err
	}
	return &Lease[T]{value, token, until, d}, nil
}

// dequeHolder is who gets an element, and until when.
type dequeHolder struct {
	session int64
	ticket  any // of the waiter that it is handed to; nil if it is taken at once
	until   time.Duration
}

// hold moves an element to the leases and returns its token.
func (r *dequeRow) hold(tx *store.Tx, item dequeItem, h dequeHolder) (token int64, err error) {
	if token, err = tx.Next(); err != nil {
		return 0, err
	}
	_, err = tx.Exec(`
		INSERT INTO dcq_deque_leases (deque_id, pos, value, blob, token, session_id, ticket, lease_until)
		SELECT deque_id, pos, value, blob, ?, ?, ?, ?
		FROM dcq_deque_items WHERE deque_id = ? AND pos = ?`,
		token, h.session, h.ticket, int64(h.until), r.id, item.pos)
	if err != nil {
		return 0, err
	}
	if _, err := tx.Exec(`DELETE FROM dcq_deque_items WHERE deque_id = ? AND pos = ?`, r.id, item.pos); err != nil {
		return 0, err
	}
	r.size--
	r.leased++
	deferDequeDispatch(tx, r) // who waits must know when the lease ends
	return token, nil
}

// sqlLeaseStands is the condition under which a lease may still be ended by its
// holder. One that is over does not stand even if nobody has looked yet.
const sqlLeaseStands = ` WHERE token = ? AND lease_until > ?`

// CheckTx returns ErrLost if the lease no longer stands.
func (l *Lease[T]) CheckTx(tx *store.Tx) error {
	var one int
	err := tx.QueryRow(`SELECT 1 FROM dcq_deque_leases`+sqlLeaseStands, l.Token, int64(tx.Monotonic())).Scan(&one)
	if errors.Is(err, store.ErrNoRows) {
		return l.lost()
	}
	return err
}

func (l *Lease[T]) lost() error {
	return fmt.Errorf("%w: element of deque %q, token %d", ErrLost, l.d.name, l.Token)
}

// Ack removes the element for good. The removal is durable when Ack returns. It
// returns ErrLost if the lease no longer stands; then nothing was changed.
func (l *Lease[T]) Ack(ctx context.Context) error { return l.d.batch(ctx, l.AckTx) }

// AckTx is [Lease.Ack] as part of a transaction: what else the transaction writes
// happens exactly once for the element.
func (l *Lease[T]) AckTx(tx *store.Tx) error {
	r, err := l.d.row(tx)
	if err != nil {
		return err
	}
	var blob sql.NullString
	err = tx.QueryRow(`DELETE FROM dcq_deque_leases`+sqlLeaseStands+` RETURNING blob`, l.Token, int64(tx.Monotonic())).Scan(&blob)
	if errors.Is(err, store.ErrNoRows) {
		return l.lost()
	}
	if err != nil {
		return err
	}
	r.leased--
	if err := tx.Drop(blob.String); err != nil {
		return err
	}
	return r.save(tx)
}

// Release returns the element to its place; if the deque is full, it is dropped. It
// returns ErrLost if the lease no longer stands; then nothing was changed.
func (l *Lease[T]) Release(ctx context.Context) error { return l.d.batch(ctx, l.ReleaseTx) }

// ReleaseTx is [Lease.Release] as part of a transaction.
func (l *Lease[T]) ReleaseTx(tx *store.Tx) error {
	if err := l.CheckTx(tx); err != nil {
		return err
	}
	r, err := l.d.row(tx)
	if err != nil {
		return err
	}
	return r.giveBack(tx, l.Token)
}

// Extend makes the lease end d from now. It returns ErrLost if the lease no longer
// stands, or an error if d is not positive; then nothing was changed.
func (l *Lease[T]) Extend(ctx context.Context, d time.Duration) error {
	return l.d.db.Batch(ctx, false, func(tx *store.Tx) error { return l.ExtendTx(tx, d) })
}

// ExtendTx is [Lease.Extend] as part of a transaction.
func (l *Lease[T]) ExtendTx(tx *store.Tx, d time.Duration) error {
	if d <= 0 {
		return fmt.Errorf("queue: extend by %v: must be positive", d)
	}
	r, err := l.d.row(tx)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`UPDATE dcq_deque_leases SET lease_until = ?`+sqlLeaseStands,
		int64(tx.Monotonic()+d), l.Token, int64(tx.Monotonic()))
	if err != nil {
		return err
	}
	if n == 0 {
		return l.lost()
	}
	deferDequeDispatch(tx, r)
	return nil
}

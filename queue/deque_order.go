package queue

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/dcq-go/dcq/store"
)

// Rotate moves n elements from the right end to the left, one by one in effect; a
// negative n moves them from the left to the right. It moves the shorter part, at most
// half of the elements. Leased elements go along with their neighbors. It returns an
// error of the store; then nothing was changed.
func (d *Deque[T]) Rotate(ctx context.Context, n int) error {
	return d.db.Update(ctx, func(tx *store.Tx) error { return d.RotateTx(tx, n) })
}

// RotateTx is [Deque.Rotate] as part of a transaction.
func (d *Deque[T]) RotateTx(tx *store.Tx, n int) error {
	return d.change(tx, func(r *dequeRow) error {
		if r.size == 0 {
			return nil
		}
		k := (int64(n)%r.size + r.size) % r.size
		if k <= r.size-k {
			return r.carry(tx, right, k)
		}
		return r.carry(tx, left, r.size-k)
	})
}

// carry moves the outer n elements of an end beyond the other, with the leased ones
// between and outside of them, so that all keep their order. The places it moves them
// to are free, so one statement can do it.
func (r *dequeRow) carry(tx *store.Tx, end side, n int64) error {
	if n == 0 {
		return nil
	}
	inner, err := r.nth(tx, end, n-1)
	if err != nil {
		return err
	}
	if err := r.tighten(tx); err != nil {
		return err
	}
	width := r.high - r.low + 1
	if r.atLow(end) {
		r.low, r.high = inner.pos+1, inner.pos+width
		return r.shift(tx, `UPDATE %s SET pos = pos + ? WHERE deque_id = ? AND pos <= ?`, width, inner.pos)
	}
	r.low, r.high = inner.pos-width, inner.pos-1
	return r.shift(tx, `UPDATE %s SET pos = pos - ? WHERE deque_id = ? AND pos >= ?`, width, inner.pos)
}

// shift runs a statement on the positions of the elements and on those of the leases.
func (r *dequeRow) shift(tx *store.Tx, statement string, by, from int64) error {
	for _, table := range []string{"dcq_deque_items", "dcq_deque_leases"} {
		if _, err := tx.Exec(fmt.Sprintf(statement, table), by, r.id, from); err != nil {
			return err
		}
	}
	return nil
}

// tighten brings the bounds close to the positions in use, so that a rotation does not
// carry elements over room that pops left behind, and positions last.
func (r *dequeRow) tighten(tx *store.Tx) error {
	var low, high sql.NullInt64
	err := tx.QueryRow(`
		SELECT min(low), max(high) FROM (
			SELECT (SELECT min(pos) FROM dcq_deque_items WHERE deque_id = ?) AS low,
				(SELECT max(pos) FROM dcq_deque_items WHERE deque_id = ?) AS high
			UNION ALL
			SELECT (SELECT min(pos) FROM dcq_deque_leases WHERE deque_id = ?),
				(SELECT max(pos) FROM dcq_deque_leases WHERE deque_id = ?)) AS ends`,
		r.id, r.id, r.id, r.id).Scan(&low, &high)
	if err == nil && low.Valid {
		r.low, r.high = low.Int64, high.Int64
	}
	return err
}

// Reverse turns the deque around: the leftmost element becomes the rightmost. It moves
// nothing, so it costs the same for any length. It returns an error of the store; then
// nothing was changed.
func (d *Deque[T]) Reverse(ctx context.Context) error { return d.batch(ctx, d.ReverseTx) }

// ReverseTx is [Deque.Reverse] as part of a transaction.
func (d *Deque[T]) ReverseTx(tx *store.Tx) error {
	return d.change(tx, func(r *dequeRow) error {
		r.reversed = !r.reversed
		return nil
	})
}

// Clear takes every element out. Those that are leased stay with their holders, and
// return if they are not acknowledged. It returns an error of the store; then nothing
// was changed.
func (d *Deque[T]) Clear(ctx context.Context) error { return d.db.Update(ctx, d.ClearTx) }

// ClearTx is [Deque.Clear] as part of a transaction.
func (d *Deque[T]) ClearTx(tx *store.Tx) error {
	return d.change(tx, func(r *dequeRow) error { return r.cut(tx, left, r.size) })
}

// Copy makes a deque of that name with the same elements and maximum length, and
// returns it, with the options of d. Leased elements are left out. The gate is held while
// large values are copied. It returns ErrName,
// ErrExists if there is a deque of that name, or an error of the store; then nothing
// was changed.
func (d *Deque[T]) Copy(ctx context.Context, name string) (c *Deque[T], err error) {
	err = d.db.Update(ctx, func(tx *store.Tx) (err error) {
		c, err = d.CopyTx(tx, name)
		return err
	})
	return c, err
}

// CopyTx is [Deque.Copy] as part of a transaction. Should the transaction fail later,
// the methods of the returned deque return ErrNotFound.
func (d *Deque[T]) CopyTx(tx *store.Tx, name string) (*Deque[T], error) {
	if err := checkName("deque's name", name); err != nil {
		return nil, err
	}
	if _, err := dequeByName(tx, name); !errors.Is(err, ErrNotFound) {
		if err == nil {
			err = fmt.Errorf("%w: deque %q", ErrExists, name)
		}
		return nil, err
	}
	c := *d
	c.name = name
	err := d.change(tx, func(r *dequeRow) error {
		large, err := d.duplicates(tx)
		if err != nil {
			return err
		}
		to, err := newDequeRow(tx, name, r.maxLen)
		if err != nil {
			return err
		}
		c.id = to.id
		to.size, to.low, to.high, to.reversed = r.size, r.low, r.high, r.reversed
		if err := r.copyItems(tx, to.id, large); err != nil {
			return err
		}
		return to.save(tx)
	})
	if err != nil {
		return nil, err
	}
	return &c, nil
}

// duplicates returns copies of the elements that are kept as files, staged.
func (d *Deque[T]) duplicates(tx *store.Tx) (large []dequeItem, err error) {
	err = tx.Query(`SELECT pos, value, blob FROM dcq_deque_items WHERE deque_id = ? AND blob IS NOT NULL`, []any{d.id}, func(scan store.Scan) error {
		item, err := scanItem(scan)
		large = append(large, item)
		return err
	})
	if err != nil {
		return nil, err
	}
	for i := range large {
		data, err := d.db.Load(large[i].value)
		if err != nil {
			return nil, err
		}
		v, err := d.db.Stage(data)
		if err != nil {
			return nil, err
		}
		tx.AfterFailure(func() { d.db.Discard(v) })
		large[i].value = v
	}
	return large, nil
}

// copyItems gives another deque the elements with their positions; those kept as files
// have been staged for it.
func (r *dequeRow) copyItems(tx *store.Tx, to int64, large []dequeItem) error {
	_, err := tx.Exec(`
		INSERT INTO dcq_deque_items (deque_id, pos, value, blob)
		SELECT ?, pos, value, NULL FROM dcq_deque_items WHERE deque_id = ? AND blob IS NULL`, to, r.id)
	if err != nil {
		return err
	}
	for _, item := range large {
		if err := tx.Keep(item.value); err != nil {
			return err
		}
		_, err := tx.Exec(sqlInsertItem, to, item.pos, payloadColumn(item.value), orNullText(item.value.Blob))
		if err != nil {
			return err
		}
	}
	return nil
}

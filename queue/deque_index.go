package queue

import (
	"context"
	"fmt"

	"github.com/dcq-go/dcq/store"
)

// Len returns the number of elements, without those that are leased. It costs the
// same for any number.
func (d *Deque[T]) Len(ctx context.Context) (n int, err error) {
	err = d.view(ctx, func(tx *store.Tx) (err error) {
		n, err = d.LenTx(tx)
		return err
	})
	return n, err
}

// LenTx is [Deque.Len] as part of a transaction.
func (d *Deque[T]) LenTx(tx *store.Tx) (int, error) {
	r, err := d.row(tx)
	if err != nil {
		return 0, err
	}
	return int(r.size), nil
}

// MaxLen returns the maximum length that is stored, 0 if there is none.
func (d *Deque[T]) MaxLen(ctx context.Context) (n int, err error) {
	err = d.view(ctx, func(tx *store.Tx) (err error) {
		n, err = d.MaxLenTx(tx)
		return err
	})
	return n, err
}

// MaxLenTx is [Deque.MaxLen] as part of a transaction.
func (d *Deque[T]) MaxLenTx(tx *store.Tx) (int, error) {
	r, err := d.row(tx)
	if err != nil {
		return 0, err
	}
	return int(r.maxLen), nil
}

// SetMaxLen stores another maximum length, 0 for none, and drops from the left what is
// too much for it. It returns an error if n is negative.
func (d *Deque[T]) SetMaxLen(ctx context.Context, n int) error {
	return d.db.Update(ctx, func(tx *store.Tx) error { return d.SetMaxLenTx(tx, n) })
}

// SetMaxLenTx is [Deque.SetMaxLen] as part of a transaction.
func (d *Deque[T]) SetMaxLenTx(tx *store.Tx, n int) error {
	if n < 0 {
		return fmt.Errorf("queue: maximum length %d is negative; 0 means none", n)
	}
	return d.change(tx, func(r *dequeRow) error {
		r.maxLen = int64(n)
		if n == 0 {
			return nil
		}
		return r.cut(tx, left, r.size-r.maxLen)
	})
}

// Get returns the element at index i; a negative one counts from the right. It returns
// ErrIndex if there is none, ErrDecode if it does not decode, or an error of the store.
func (d *Deque[T]) Get(ctx context.Context, i int) (v T, err error) {
	err = d.view(ctx, func(tx *store.Tx) (err error) {
		v, err = d.GetTx(tx, i)
		return err
	})
	return v, err
}

// GetTx is [Deque.Get] as part of a transaction.
func (d *Deque[T]) GetTx(tx *store.Tx, i int) (v T, err error) {
	r, err := d.row(tx)
	if err != nil {
		return v, err
	}
	item, err := r.at(tx, i)
	if err != nil {
		return v, err
	}
	return d.load(item.value)
}

// at returns the element at an index, or ErrIndex.
func (r *dequeRow) at(tx *store.Tx, i int) (dequeItem, error) {
	n := int64(i)
	if n < 0 {
		n += r.size
	}
	if n < 0 || n >= r.size {
		return dequeItem{}, fmt.Errorf("%w: %d in a deque of %d", ErrIndex, i, r.size)
	}
	return r.nth(tx, left, n)
}

// Set replaces the element at index i; a negative one counts from the right. It
// returns ErrIndex if there is none, ErrTooLarge, an error of the codec or of the
// store; then nothing was changed.
func (d *Deque[T]) Set(ctx context.Context, i int, v T) error {
	staged, err := d.values.Stage(v)
	if err != nil {
		return err
	}
	err = d.batch(ctx, func(tx *store.Tx) error { return d.setStaged(tx, i, staged) })
	if err != nil {
		d.db.Discard(staged)
	}
	return err
}

// SetTx is [Deque.Set] as part of a transaction.
func (d *Deque[T]) SetTx(tx *store.Tx, i int, v T) error {
	staged, err := d.values.Stage(v)
	if err != nil {
		return err
	}
	tx.AfterFailure(func() { d.db.Discard(staged) })
	if err = d.setStaged(tx, i, staged); err != nil {
		d.db.Discard(staged)
	}
	return err
}

func (d *Deque[T]) setStaged(tx *store.Tx, i int, staged store.Value) error {
	return d.change(tx, func(r *dequeRow) error {
		old, err := r.at(tx, i)
		if err != nil {
			return err
		}
		if err := tx.Keep(staged); err != nil {
			return err
		}
		_, err = tx.Exec(`UPDATE dcq_deque_items SET value = ?, blob = ? WHERE deque_id = ? AND pos = ?`,
			payloadColumn(staged), orNullText(staged.Blob), r.id, old.pos)
		if err != nil {
			return err
		}
		return tx.Drop(old.value.Blob)
	})
}

// Delete takes the element at index i out; a negative one counts from the right. It
// returns ErrIndex if there is none, or an error of the store.
func (d *Deque[T]) Delete(ctx context.Context, i int) error {
	return d.batch(ctx, func(tx *store.Tx) error { return d.DeleteTx(tx, i) })
}

// DeleteTx is [Deque.Delete] as part of a transaction.
func (d *Deque[T]) DeleteTx(tx *store.Tx, i int) error {
	return d.change(tx, func(r *dequeRow) error {
		item, err := r.at(tx, i)
		if err != nil {
			return err
		}
		return r.remove(tx, item)
	})
}

package queue

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/dcq-go/dcq/store"
)

// Count returns how many elements equal v, as DequeOptions.Compare says. It reads in
// pages: what others change meanwhile may be counted or not, as in [Deque.All]. It
// returns ErrDecode, an error of the codec or of the store.
func (d *Deque[T]) Count(ctx context.Context, v T) (int, error) { return d.count(d.reader(ctx), v) }

// CountTx is [Deque.Count] on the snapshot of a transaction.
func (d *Deque[T]) CountTx(tx *store.Tx, v T) (int, error) { return d.count(within(tx), v) }

func (d *Deque[T]) count(read reading, v T) (n int, err error) {
	for _, err := range d.equals(read, v) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// Remove takes out the leftmost element that equals v, as DequeOptions.Compare says.
// It returns ErrNoValue if there is none, ErrDecode, an error of the codec or of the
// store; then nothing was changed. It holds the gate while it looks.
func (d *Deque[T]) Remove(ctx context.Context, v T) error {
	return d.db.Update(ctx, func(tx *store.Tx) error { return d.RemoveTx(tx, v) })
}

// RemoveTx is [Deque.Remove] as part of a transaction.
func (d *Deque[T]) RemoveTx(tx *store.Tx, v T) error {
	return d.change(tx, func(r *dequeRow) error {
		for item, err := range d.equals(within(tx), v) {
			if err != nil {
				return err
			}
			return r.remove(tx, item)
		}
		return ErrNoValue
	})
}

// equals yields the elements that equal v, from left to right.
func (d *Deque[T]) equals(read reading, v T) iter.Seq2[dequeItem, error] {
	return func(yield func(dequeItem, error) bool) {
		match, err := d.matcher(v)
		if err != nil {
			yield(dequeItem{}, err)
			return
		}
		for item, err := range d.items(read, left) {
			equal := false
			if err == nil {
				equal, err = match(item.value)
			}
			if errors.Is(err, store.ErrBlobMissing) && d.dropped(read, item) {
				continue
			}
			if (equal || err != nil) && (!yield(item, err) || err != nil) {
				return
			}
		}
	}
}

// matcher returns a function that tells whether an element equals v. Without a
// compare function nothing needs to be decoded.
func (d *Deque[T]) matcher(v T) (func(store.Value) (bool, error), error) {
	if d.compare != nil {
		return func(value store.Value) (bool, error) {
			other, err := d.load(value)
			return err == nil && d.compare(other, v) == 0, err
		}, nil
	}
	want, err := d.values.Encode(v)
	if err != nil {
		return nil, fmt.Errorf("queue: encode an element: %w", err)
	}
	return func(value store.Value) (bool, error) {
		b, err := d.db.Load(value)
		return err == nil && bytes.Equal(b, want), err
	}, nil
}

// Compare orders the deque against values as Python orders sequences: by the first
// elements that differ, as DequeOptions.Compare says, else by the length. It returns a
// negative number if the deque is before the values, 0 if both are equal, and a
// positive one if it is after them. It looks at one snapshot. It returns ErrDecode, an
// error of the codec or of the store.
func (d *Deque[T]) Compare(ctx context.Context, values ...T) (c int, err error) {
	err = d.view(ctx, func(tx *store.Tx) (err error) {
		c, err = d.CompareTx(tx, values...)
		return err
	})
	return c, err
}

// CompareTx is [Deque.Compare] as part of a transaction.
func (d *Deque[T]) CompareTx(tx *store.Tx, values ...T) (int, error) {
	return d.compareTo(tx, func(yield func(T, error) bool) {
		for _, v := range values {
			if !yield(v, nil) {
				return
			}
		}
	})
}

// CompareDeque is [Deque.Compare] with the elements of another deque of the same
// store, in the same snapshot.
func (d *Deque[T]) CompareDeque(ctx context.Context, other *Deque[T]) (c int, err error) {
	err = d.view(ctx, func(tx *store.Tx) (err error) {
		c, err = d.CompareDequeTx(tx, other)
		return err
	})
	return c, err
}

// CompareDequeTx is [Deque.CompareDeque] as part of a transaction.
func (d *Deque[T]) CompareDequeTx(tx *store.Tx, other *Deque[T]) (int, error) {
	return d.compareTo(tx, other.AllTx(tx))
}

func (d *Deque[T]) compareTo(tx *store.Tx, values iter.Seq2[T, error]) (int, error) {
	next, stop := iter.Pull2(values)
	defer stop()
	for mine, err := range d.AllTx(tx) {
		if err != nil {
			return 0, err
		}
		other, err, more := next()
		if err != nil {
			return 0, err
		}
		if !more {
			return 1, nil
		}
		if c, err := d.order(mine, other); c != 0 || err != nil {
			return c, err
		}
	}
	_, err, more := next()
	if more && err == nil {
		return -1, nil
	}
	return 0, err
}

// Equal reports whether the deque has exactly the values, in order. Errors are as for
// Compare.
func (d *Deque[T]) Equal(ctx context.Context, values ...T) (equal bool, err error) {
	err = d.view(ctx, func(tx *store.Tx) (err error) {
		equal, err = d.EqualTx(tx, values...)
		return err
	})
	return equal, err
}

// EqualTx is [Deque.Equal] as part of a transaction.
func (d *Deque[T]) EqualTx(tx *store.Tx, values ...T) (bool, error) {
	n, err := d.LenTx(tx)
	if err != nil || n != len(values) {
		return false, err
	}
	c, err := d.CompareTx(tx, values...)
	return c == 0 && err == nil, err
}

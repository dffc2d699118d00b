package queue

import (
	"context"

	"github.com/dcq-go/dcq/store"
)

// Append adds a value on the right. In a deque that is full, the leftmost element is
// dropped. It returns ErrTooLarge, an error of the codec or of the store; then nothing
// was changed.
func (d *Deque[T]) Append(ctx context.Context, v T) error { return d.put(ctx, right, v) }

// AppendTx is [Deque.Append] as part of a transaction.
func (d *Deque[T]) AppendTx(tx *store.Tx, v T) error { return d.putTx(tx, right, v) }

// AppendLeft adds a value on the left. In a deque that is full, the rightmost element
// is dropped. Errors are as for Append.
func (d *Deque[T]) AppendLeft(ctx context.Context, v T) error { return d.put(ctx, left, v) }

// AppendLeftTx is [Deque.AppendLeft] as part of a transaction.
func (d *Deque[T]) AppendLeftTx(tx *store.Tx, v T) error { return d.putTx(tx, left, v) }

// Extend adds values on the right, in order, all or none. Errors are as for Append.
func (d *Deque[T]) Extend(ctx context.Context, values ...T) error {
	return d.put(ctx, right, values...)
}

// ExtendTx is [Deque.Extend] as part of a transaction.
func (d *Deque[T]) ExtendTx(tx *store.Tx, values ...T) error { return d.putTx(tx, right, values...) }

// ExtendLeft adds values on the left one after the other, all or none, so that they
// end up in reverse order. Errors are as for Append.
func (d *Deque[T]) ExtendLeft(ctx context.Context, values ...T) error {
	return d.put(ctx, left, values...)
}

// ExtendLeftTx is [Deque.ExtendLeft] as part of a transaction.
func (d *Deque[T]) ExtendLeftTx(tx *store.Tx, values ...T) error { return d.putTx(tx, left, values...) }

// put stages before the transaction, so that large values are not written while the
// gate is held.
func (d *Deque[T]) put(ctx context.Context, end side, values ...T) error {
	staged, err := d.stage(values)
	if err != nil || len(staged) == 0 {
		return err
	}
	err = d.batch(ctx, func(tx *store.Tx) error { return d.putStaged(tx, end, staged) })
	if err != nil {
		d.discard(staged)
	}
	return err
}

func (d *Deque[T]) putTx(tx *store.Tx, end side, values ...T) error {
	staged, err := d.stage(values)
	if err != nil || len(staged) == 0 {
		return err
	}
	tx.AfterFailure(func() { d.discard(staged) })
	return d.putStaged(tx, end, staged)
}

// stage prepares values to be kept, all or none.
func (d *Deque[T]) stage(list []T) ([]store.Value, error) {
	staged := make([]store.Value, 0, len(list))
	for _, v := range list {
		s, err := d.values.Stage(v)
		if err != nil {
			d.discard(staged)
			return nil, err
		}
		staged = append(staged, s)
	}
	return staged, nil
}

func (d *Deque[T]) discard(staged []store.Value) {
	for _, v := range staged {
		d.db.Discard(v)
	}
}

// putStaged adds values at an end and drops at the other what is too much. Values that
// would be pushed out by the later ones never get in.
func (d *Deque[T]) putStaged(tx *store.Tx, end side, staged []store.Value) error {
	return d.change(tx, func(r *dequeRow) error {
		if over := int64(len(staged)) - r.maxLen; r.maxLen > 0 && over > 0 {
			unused := staged[:over]
			tx.AfterCommit(func() { d.discard(unused) })
			staged = staged[over:]
		}
		if err := r.put(tx, end, staged); err != nil {
			return err
		}
		if r.maxLen == 0 {
			return nil
		}
		return r.cut(tx, end.other(), r.size-r.maxLen)
	})
}

// Pop takes the rightmost element off. It returns ErrEmpty if there is none,
// ErrDecode if it does not decode, or an error of the store; then nothing was changed.
func (d *Deque[T]) Pop(ctx context.Context) (T, error) { return d.pop(ctx, right) }

// PopTx is [Deque.Pop] as part of a transaction.
func (d *Deque[T]) PopTx(tx *store.Tx) (T, error) { return d.popTx(tx, right) }

// PopLeft takes the leftmost element off. Errors are as for Pop.
func (d *Deque[T]) PopLeft(ctx context.Context) (T, error) { return d.pop(ctx, left) }

// PopLeftTx is [Deque.PopLeft] as part of a transaction.
func (d *Deque[T]) PopLeftTx(tx *store.Tx) (T, error) { return d.popTx(tx, left) }

func (d *Deque[T]) pop(ctx context.Context, end side) (v T, err error) {
	err = d.batch(ctx, func(tx *store.Tx) (err error) {
		v, err = d.popTx(tx, end)
		return err
	})
	return v, err
}

func (d *Deque[T]) popTx(tx *store.Tx, end side) (v T, err error) {
	err = d.change(tx, func(r *dequeRow) error {
		item, err := r.first(tx, end)
		if err != nil {
			return err
		}
		if v, err = d.load(item.value); err != nil {
			return err // before the removal: who cannot read it must not lose it
		}
		return r.remove(tx, item)
	})
	return v, err
}

// first returns the outermost element of an end, or ErrEmpty.
func (r *dequeRow) first(tx *store.Tx, end side) (dequeItem, error) {
	if r.size == 0 {
		return dequeItem{}, ErrEmpty
	}
	return r.nth(tx, end, 0)
}

// Peek returns the rightmost element and leaves it there. It returns ErrEmpty if there
// is none, ErrDecode if it does not decode, or an error of the store.
func (d *Deque[T]) Peek(ctx context.Context) (T, error) { return d.peek(ctx, right) }

// PeekTx is [Deque.Peek] as part of a transaction.
func (d *Deque[T]) PeekTx(tx *store.Tx) (T, error) { return d.peekTx(tx, right) }

// PeekLeft returns the leftmost element and leaves it there. Errors are as for Peek.
func (d *Deque[T]) PeekLeft(ctx context.Context) (T, error) { return d.peek(ctx, left) }

// PeekLeftTx is [Deque.PeekLeft] as part of a transaction.
func (d *Deque[T]) PeekLeftTx(tx *store.Tx) (T, error) { return d.peekTx(tx, left) }

func (d *Deque[T]) peek(ctx context.Context, end side) (v T, err error) {
	err = d.view(ctx, func(tx *store.Tx) (err error) {
		v, err = d.peekTx(tx, end)
		return err
	})
	return v, err
}

func (d *Deque[T]) peekTx(tx *store.Tx, end side) (v T, err error) {
	r, err := d.row(tx)
	if err != nil {
		return v, err
	}
	item, err := r.first(tx, end)
	if err != nil {
		return v, err
	}
	return d.load(item.value)
}

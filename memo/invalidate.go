package memo

import (
	"context"

	"github.com/dcq-go/dcq/store"
)

// Invalidate forgets the result for an argument. What is being computed for it is not
// remembered, nor told to anybody who asks after this call. It returns ErrKey or ErrTag,
// or an error of the store; nothing is forgotten then.
func (f *Func[K, V]) Invalidate(ctx context.Context, arg K) error {
	return f.db.Batch(ctx, false, func(tx *store.Tx) error { return f.InvalidateTx(tx, arg) })
}

// InvalidateTx is [Func.Invalidate] as part of a transaction, such as the one that
// changes what the result depends on.
func (f *Func[K, V]) InvalidateTx(tx *store.Tx, arg K) error {
	q, err := f.question(arg)
	if err != nil {
		return err
	}
	l, err := f.lock(tx.Context(), q.key)
	if err != nil {
		return err
	}
	if _, err := f.cache.DeleteTx(tx, q.key); err != nil {
		return err
	}
	tx.AfterCommit(func() { f.detach(q.key) })
	return l.RevokeTx(tx)
}

// InvalidateTag forgets the results of a tag, and returns how many there were. What is
// being computed, of any tag, is not remembered, nor told to anybody who asks after this
// call. It returns an error of the store; some may be forgotten then.
func (f *Func[K, V]) InvalidateTag(ctx context.Context, tag string) (int, error) {
	if err := f.nextGeneration(ctx); err != nil {
		return 0, err
	}
	return f.cache.Evict(ctx, tag)
}

// InvalidateTagTx is [Func.InvalidateTag] as part of a transaction, during which others
// wait: it takes time with the number of results.
func (f *Func[K, V]) InvalidateTagTx(tx *store.Tx, tag string) (int, error) {
	if err := nextGeneration(tx, f.name); err != nil {
		return 0, err
	}
	return f.cache.EvictTx(tx, tag)
}

// InvalidateAll forgets all results, as [Func.InvalidateTag] does those of a tag.
func (f *Func[K, V]) InvalidateAll(ctx context.Context) (int, error) {
	if err := f.nextGeneration(ctx); err != nil {
		return 0, err
	}
	return f.cache.Clear(ctx)
}

// InvalidateAllTx is [Func.InvalidateAll] as part of a transaction, as InvalidateTagTx
// is.
func (f *Func[K, V]) InvalidateAllTx(tx *store.Tx) (int, error) {
	if err := nextGeneration(tx, f.name); err != nil {
		return 0, err
	}
	return f.cache.ClearTx(tx)
}

// nextGeneration comes before results are removed: a call that began before and ends
// after that would bring one back.
func (f *Func[K, V]) nextGeneration(ctx context.Context) error {
	return f.db.Batch(ctx, false, func(tx *store.Tx) error { return nextGeneration(tx, f.name) })
}

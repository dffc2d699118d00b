package kv

import (
	"context"

	"github.com/dcq-go/dcq/store"
)

// Delete removes a key and reports whether it was there. It returns ErrKey or an error
// of the store; then nothing was changed.
func (ix *Index[K, V]) Delete(ctx context.Context, key K) (bool, error) {
	return of(ix, ix.batch(ctx), key, ix.delete)
}

// DeleteTx is [Index.Delete] as part of a transaction.
func (ix *Index[K, V]) DeleteTx(tx *store.Tx, key K) (bool, error) {
	return of(ix, ix.within(tx), key, ix.delete)
}

func (ix *Index[K, V]) delete(tx *store.Tx, e entryRow) (bool, error) {
	if !e.there() {
		return false, nil
	}
	return true, ix.remove(tx, e)
}

// CompareAndDelete removes a key if its entry still has the revision, 0 meaning that it
// must not be there. Else it returns ErrConflict. Other errors are as for Delete.
func (ix *Index[K, V]) CompareAndDelete(ctx context.Context, key K, revision int64) error {
	_, err := of(ix, ix.batch(ctx), key, ix.compareAndDelete(revision))
	return err
}

// CompareAndDeleteTx is [Index.CompareAndDelete] as part of a transaction.
func (ix *Index[K, V]) CompareAndDeleteTx(tx *store.Tx, key K, revision int64) error {
	_, err := of(ix, ix.within(tx), key, ix.compareAndDelete(revision))
	return err
}

func (ix *Index[K, V]) compareAndDelete(revision int64) func(*store.Tx, entryRow) (bool, error) {
	return func(tx *store.Tx, e entryRow) (bool, error) {
		if err := compare(e, revision); err != nil {
			return false, err
		}
		return ix.delete(tx, e)
	}
}

// Pop removes a key and returns its value. It returns ErrNotFound if it is not there,
// ErrDecode, or errors as Delete; then nothing was changed.
func (ix *Index[K, V]) Pop(ctx context.Context, key K) (V, error) {
	return of(ix, ix.batch(ctx), key, ix.pop)
}

// PopTx is [Index.Pop] as part of a transaction.
func (ix *Index[K, V]) PopTx(tx *store.Tx, key K) (V, error) {
	return of(ix, ix.within(tx), key, ix.pop)
}

func (ix *Index[K, V]) pop(tx *store.Tx, e entryRow) (V, error) {
	v, err := ix.value(tx, e)
	if err != nil {
		return v, err // before the removal: who cannot read it must not lose it
	}
	return v, ix.remove(tx, e)
}

// DeleteMany removes keys in one transaction and returns how many were there. Errors are
// as for Delete.
func (ix *Index[K, V]) DeleteMany(ctx context.Context, keys ...K) (n int, err error) {
	return ix.deleteMany(ix.batch(ctx), keys)
}

// DeleteManyTx is [Index.DeleteMany] as part of a transaction.
func (ix *Index[K, V]) DeleteManyTx(tx *store.Tx, keys ...K) (n int, err error) {
	return ix.deleteMany(ix.within(tx), keys)
}

func (ix *Index[K, V]) deleteMany(in run, keys []K) (n int, err error) {
	encoded, err := ix.encodeKeys(keys)
	if err != nil {
		return 0, err
	}
	err = in(func(tx *store.Tx) error {
		n = 0
		for _, key := range encoded {
			e, err := ix.find(tx, key)
			if err != nil {
				return err
			}
			deleted, err := ix.delete(tx, e)
			if err != nil {
				return err
			}
			if deleted {
				n++
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// clearStep is how many entries Clear removes in one transaction.
const clearStep = 1000

// Clear removes all entries that are there when it begins, the oldest first, in several
// transactions, so that others get their turn. It returns an error of the store, or the
// context's cause; what was removed until then stays removed.
func (ix *Index[K, V]) Clear(ctx context.Context) error {
	until, err := ix.Revision(ctx)
	for n := clearStep; err == nil && n == clearStep; {
		err = ix.db.Batch(ctx, true, func(tx *store.Tx) error {
			n, err = ix.sweep(tx, until, clearStep)
			return err
		})
	}
	return err
}

// ClearTx is [Index.Clear] as part of a transaction, which it makes as long as there are
// entries.
func (ix *Index[K, V]) ClearTx(tx *store.Tx) error {
	until, err := ix.RevisionTx(tx)
	for n := clearStep; err == nil && n == clearStep; {
		n, err = ix.sweep(tx, until, clearStep)
	}
	return err
}

package kv

import (
	"context"
	"errors"

	"github.com/dcq-go/dcq/store"
)

// Delete removes what is under a key, and reports whether there was something that was
// not expired. It returns ErrKey, or of the store; then nothing was
// changed.
func (c *Cache[K, V]) Delete(ctx context.Context, key K) (ok bool, err error) {
	err = c.batch(ctx, func(tx *store.Tx) error {
		ok, err = c.DeleteTx(tx, key)
		return err
	})
	return ok && err == nil, err
}

// DeleteTx is [Cache.Delete] as part of a transaction.
func (c *Cache[K, V]) DeleteTx(tx *store.Tx, key K) (bool, error) {
	i, err := c.find(tx, key, false)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, c.change(tx, func(r *cacheRow) error { return r.remove(tx, []storedItem{*i}) })
}

// Pop is [Cache.Get] that removes what it returns: of any number that pop a value, one
// gets it. It does not count as a read. If it returns an error, nothing was changed, but
// for one of the store after which the outcome of its commit is not known.
func (c *Cache[K, V]) Pop(ctx context.Context, key K) (value V, err error) {
	err = c.batch(ctx, func(tx *store.Tx) error {
		value, err = c.PopTx(tx, key)
		return err
	})
	if err != nil {
		var none V
		return none, err
	}
	return value, nil
}

// PopTx is [Cache.Pop] as part of a transaction. It reads the value at once, so that it
// is there whatever becomes of its file.
func (c *Cache[K, V]) PopTx(tx *store.Tx, key K) (value V, err error) {
	i, err := c.find(tx, key, false)
	if err != nil {
		return value, err
	}
	if value, err = c.values.Load(i.value); err != nil {
		return value, err
	}
	return value, c.change(tx, func(r *cacheRow) error { return r.remove(tx, []storedItem{*i}) })
}

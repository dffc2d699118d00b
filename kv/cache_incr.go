package kv

import (
	"context"
	"fmt"

	"github.com/dcq-go/dcq/store"
)

// Integer is the type of a number that [Incr] counts in.
type Integer interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

// Incr adds delta to the number under a key, which is initial if there is none or it
// is expired, and returns the sum. A number that is there keeps its expiry and its tag;
// a new one gets the cache's TTL. It counts as storing the number. It returns
// ErrNumber if the sum does not fit into a V, errors as [Cache.Get] but ErrNotFound, or
// an error of the store; then nothing was changed.
func Incr[K any, V Integer](ctx context.Context, c *Cache[K, V], key K, delta, initial V) (n V, err error) {
	err = c.batch(ctx, func(tx *store.Tx) error {
		n, err = IncrTx(tx, c, key, delta, initial)
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// IncrTx is [Incr] as part of a transaction.
func IncrTx[K any, V Integer](tx *store.Tx, c *Cache[K, V], key K, delta, initial V) (V, error) {
	return count(tx, c, key, initial, func(n V) (V, bool) { return n + delta, (n+delta < n) == (delta < 0) })
}

// Decr is [Incr] that subtracts delta.
func Decr[K any, V Integer](ctx context.Context, c *Cache[K, V], key K, delta, initial V) (n V, err error) {
	err = c.batch(ctx, func(tx *store.Tx) error {
		n, err = DecrTx(tx, c, key, delta, initial)
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// DecrTx is [Decr] as part of a transaction.
func DecrTx[K any, V Integer](tx *store.Tx, c *Cache[K, V], key K, delta, initial V) (V, error) {
	return count(tx, c, key, initial, func(n V) (V, bool) { return n - delta, (n-delta > n) == (delta < 0) })
}

// count replaces a number by what step makes of it, if that fits.
func count[K any, V Integer](tx *store.Tx, c *Cache[K, V], key K, n V, step func(V) (V, bool)) (V, error) {
	k, err := encodeKey(c.keys, key)
	if err != nil {
		return 0, err
	}
	r, err := c.row(tx)
	if err != nil {
		return 0, err
	}
	old, err := findCacheItem(tx, r.id, k)
	if err != nil {
		return 0, err
	}
	e := &cacheEntry{key: k, expires: c.expiry(tx, 0)}
	if old.alive(tx.Now()) {
		e.expires, e.tag = old.expires, old.tag
		if n, err = c.values.Load(old.value); err != nil {
			return 0, err
		}
	}
	sum, fits := step(n)
	if !fits {
		return 0, fmt.Errorf("%w: %d", ErrNumber, n)
	}
	if e.value, err = c.Stage(sum); err != nil {
		return 0, err
	}
	defer e.value.Discard()
	return sum, c.place(tx, r, old, e)
}

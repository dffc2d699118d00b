package kv

import (
	"context"

	"github.com/dcq-go/dcq/store"
)

// bulkStep is how many items one transaction of Evict, Expire, Cull and Clear removes,
// so that others can write in between.
const bulkStep = 100

// Evict removes all items with a tag, found by an index, and returns how many. It takes
// steps; if it returns an error of the store, those before stand, and are counted.
func (c *Cache[K, V]) Evict(ctx context.Context, tag string) (int, error) {
	return c.inSteps(c.steps(ctx), untagging(tag))
}

// EvictTx is [Cache.Evict] as part of a transaction: all at once.
func (c *Cache[K, V]) EvictTx(tx *store.Tx, tag string) (int, error) {
	return c.inSteps(oneTx(tx), untagging(tag))
}

func untagging(tag string) step {
	return func(tx *store.Tx, r *cacheRow) (int, error) { return r.untag(tx, tag, bulkStep) }
}

// Expire removes all items that are expired when it begins, and returns how many. It is
// about space only: what is expired is hidden anyway. Steps and errors are as for Evict.
func (c *Cache[K, V]) Expire(ctx context.Context) (int, error) {
	return c.inSteps(c.steps(ctx), expiring(c.db.Clock().Now().UnixNano()))
}

// ExpireTx is [Cache.Expire] as part of a transaction: all at once.
func (c *Cache[K, V]) ExpireTx(tx *store.Tx) (int, error) {
	return c.inSteps(oneTx(tx), expiring(tx.Now().UnixNano()))
}

func expiring(before int64) step {
	return func(tx *store.Tx, r *cacheRow) (int, error) { return r.expire(tx, before, bulkStep) }
}

// Cull removes all items that are expired, and then gives up items by the policy until
// the cache is within its size limit. It returns how many it removed. Steps and errors
// are as for Evict.
func (c *Cache[K, V]) Cull(ctx context.Context) (int, error) {
	return c.inSteps(c.steps(ctx), culling)
}

// CullTx is [Cache.Cull] as part of a transaction: all at once.
func (c *Cache[K, V]) CullTx(tx *store.Tx) (int, error) { return c.inSteps(oneTx(tx), culling) }

func culling(tx *store.Tx, r *cacheRow) (int, error) { return r.tidy(tx, 0, bulkStep) }

// Clear removes all items, and returns how many. Steps and errors are as for Evict.
func (c *Cache[K, V]) Clear(ctx context.Context) (int, error) {
	return c.inSteps(c.steps(ctx), clearing)
}

// ClearTx is [Cache.Clear] as part of a transaction: all at once.
func (c *Cache[K, V]) ClearTx(tx *store.Tx) (int, error) { return c.inSteps(oneTx(tx), clearing) }

func clearing(tx *store.Tx, r *cacheRow) (int, error) { return r.clear(tx, bulkStep) }

// step removes some items, and returns how many: none if there are no more.
type step func(*store.Tx, *cacheRow) (int, error)

// transactions runs one function after the other, each in a transaction.
type transactions func(func(*store.Tx) error) error

// oneTx runs all of them in one.
func oneTx(tx *store.Tx) transactions {
	return func(fn func(*store.Tx) error) error { return fn(tx) }
}

// steps runs each in a transaction of its own, which waits for the disk, so that the
// files of what it removed can go at once.
func (c *Cache[K, V]) steps(ctx context.Context) transactions {
	return func(fn func(*store.Tx) error) error { return c.db.Batch(ctx, true, fn) }
}

func (c *Cache[K, V]) inSteps(run transactions, next step) (total int, err error) {
	for n := 1; n > 0; total += n {
		err := run(func(tx *store.Tx) error {
			return c.change(tx, func(r *cacheRow) (err error) {
				n, err = next(tx, r)
				return err
			})
		})
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// shrink brings the cache within its limit after a write, whose own transaction gives
// up a few items only. What it cannot do, the next write or the sweep does.
func (c *Cache[K, V]) shrink(ctx context.Context) {
	if _, err := c.Cull(ctx); err != nil && ctx.Err() == nil {
		c.db.Logger().Warn("a cache stays above its size limit for now", "cache", c.name, "error", err)
	}
}

// Len returns the number of items that are not expired, and an error of the store. It
// costs the same in a cache of any size, but for expired items that are still there.
func (c *Cache[K, V]) Len(ctx context.Context) (n int, err error) {
	err = c.db.View(ctx, func(tx *store.Tx) error {
		n, err = c.LenTx(tx)
		return err
	})
	return n, err
}

// LenTx is [Cache.Len] as part of a transaction.
func (c *Cache[K, V]) LenTx(tx *store.Tx) (n int, err error) {
	if err := c.checkTx(tx); err != nil {
		return 0, err
	}
	err = tx.QueryRow(`
		SELECT items + ? - (SELECT count(*) FROM dcq_cache_items WHERE cache_id = ? AND expires <= ?)
		FROM dcq_caches WHERE id = ?`, cacheLedgerOf(tx, c.id).items, c.id, tx.Now().UnixNano(), c.id).Scan(&n)
	return n, err
}

// Volume returns what the items have in bytes, those included that are expired but
// still there, and an error of the store. It costs the same in a cache of any size.
func (c *Cache[K, V]) Volume(ctx context.Context) (n int64, err error) {
	r, err := c.settings(ctx)
	return r.volume, err
}

// VolumeTx is [Cache.Volume] as part of a transaction.
func (c *Cache[K, V]) VolumeTx(tx *store.Tx) (n int64, err error) {
	if err := c.checkTx(tx); err != nil {
		return 0, err
	}
	err = tx.QueryRow(`SELECT volume + ? FROM dcq_caches WHERE id = ?`, cacheLedgerOf(tx, c.id).volume, c.id).Scan(&n)
	return n, err
}

package kv

import (
	"context"
	"errors"
	"iter"

	"github.com/dcq-go/dcq/store"
)

const (
	cachePageRows  = 128     // items of a page, at most
	cachePageBytes = 1 << 20 // of them held in memory; one item more may be read
)

// Items yields the items that are not expired, in the order of their keys. It does not
// count as reading them. The first error ends it: one of the store or a codec, ErrDecode,
// or the context's cause.
//
// It reads in pages, so that a long loop does not keep the store from tidying up, and
// the loop may change the cache. An item that is there during the whole loop is yielded
// exactly once. What is set or removed meanwhile may be yielded or not.
func (c *Cache[K, V]) Items(ctx context.Context) iter.Seq2[CacheItem[K, V], error] {
	return c.loop(func(fn func(*store.Tx) error) error { return c.db.View(ctx, fn) })
}

// ItemsTx is [Cache.Items] on the snapshot of a transaction. The loop must end before
// the transaction does.
func (c *Cache[K, V]) ItemsTx(tx *store.Tx) iter.Seq2[CacheItem[K, V], error] {
	return c.loop(oneTx(tx))
}

func (c *Cache[K, V]) loop(run transactions) iter.Seq2[CacheItem[K, V], error] {
	return func(yield func(CacheItem[K, V], error) bool) {
		p := cachePage{cache: c.id}
		for more := true; more; {
			err := run(func(tx *store.Tx) error { return errors.Join(c.checkTx(tx), p.read(tx)) })
			if err != nil {
				yield(CacheItem[K, V]{}, err)
				return
			}
			more = len(p.items) > 0
			for _, i := range p.items {
				if !c.yield(run, i, yield) {
					return
				}
			}
		}
	}
}

// yield yields one item, unless it is gone meanwhile, and reports whether to go on.
func (c *Cache[K, V]) yield(run transactions, i *storedItem, yield func(CacheItem[K, V], error) bool) bool {
	key, err := decodeKey(c.keys, i.key)
	if err != nil {
		yield(CacheItem[K, V]{}, err)
		return false
	}
	item, err := c.item(key, i)
	if errors.Is(err, store.ErrBlobMissing) && c.gone(run, i) {
		return true
	}
	return yield(item, err) && err == nil
}

// gone reports whether an item has no longer its file, which explains that the file is
// not there.
func (c *Cache[K, V]) gone(run transactions, i *storedItem) bool {
	var there bool
	err := run(func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM dcq_cache_items WHERE id = ? AND blob = ?)`,
			i.id, i.value.Blob).Scan(&there)
	})
	return err == nil && !there
}

// cachePage is a run of items.
type cachePage struct {
	cache int64
	after []byte // nil before the first page
	items []*storedItem
}

// read turns to the next page, which is empty after the last.
func (p *cachePage) read(tx *store.Tx) error {
	query := `
		SELECT ` + cacheItemColumns + ` FROM dcq_cache_items
		WHERE cache_id = ? AND key > ? AND (expires IS NULL OR expires > ?)
		ORDER BY key LIMIT ?`
	if p.after == nil { // the first key may be empty
		p.after = []byte{}
		query = `
		SELECT ` + cacheItemColumns + ` FROM dcq_cache_items
		WHERE cache_id = ? AND key >= ? AND (expires IS NULL OR expires > ?)
		ORDER BY key LIMIT ?`
	}
	p.items = p.items[:0]
	size := 0
	err := tx.Query(query, []any{p.cache, p.after, tx.Now().UnixNano(), cachePageRows}, func(scan store.Scan) error {
		i, err := scanCacheItem(scan)
		if err != nil {
			return err
		}
		p.items = append(p.items, i)
		if size += len(i.value.Inline); size > cachePageBytes {
			return errEnough
		}
		return nil
	})
	if n := len(p.items); n > 0 {
		p.after = p.items[n-1].key
	}
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

package kv

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"time"

	"github.com/dcq-go/dcq/store"
)

// SetOptions say how a value is stored. The zero value is the default.
type SetOptions struct {
	// TTL is how long the value lives. 0 means the cache's TTL, NoExpiry for ever.
	TTL time.Duration

	// Tag is a name for [Cache.Evict] to remove many items by. Empty means none. At
	// most 255 bytes.
	Tag string
}

func (o SetOptions) validate() error {
	if o.TTL < 0 {
		return fmt.Errorf("kv: SetOptions.TTL: %v is negative", o.TTL)
	}
	if o.Tag == "" {
		return nil
	}
	if err := checkName(o.Tag); err != nil {
		return fmt.Errorf("kv: SetOptions.Tag: %w", err)
	}
	return nil
}

// Set stores a value under a key, in the place of the one that is there. It returns
// ErrTooLarge if the item alone is above the size limit, the faults of opts, an error of
// a codec or of the store; then what was there before is still there.
func (c *Cache[K, V]) Set(ctx context.Context, key K, value V, opts SetOptions) error {
	_, err := c.set(ctx, key, c.stager(value), opts, false)
	return err
}

// SetTx is [Cache.Set] as part of a transaction. It gives up at most a few items: see
// CacheOptions.CullLimit. For a large value there is [Cache.SetStagedTx].
func (c *Cache[K, V]) SetTx(tx *store.Tx, key K, value V, opts SetOptions) error {
	_, err := c.setTx(tx, key, c.stager(value), opts, false)
	return err
}

// Add is [Cache.Set] if there is nothing under the key, or it is expired, and reports
// whether it was so: of any number that add at the same time, one does.
func (c *Cache[K, V]) Add(ctx context.Context, key K, value V, opts SetOptions) (bool, error) {
	return c.set(ctx, key, c.stager(value), opts, true)
}

// AddTx is [Cache.Add] as part of a transaction, as SetTx is.
func (c *Cache[K, V]) AddTx(tx *store.Tx, key K, value V, opts SetOptions) (bool, error) {
	return c.setTx(tx, key, c.stager(value), opts, true)
}

// SetReader is [Cache.Set] of the bytes that r has left, as they are, without the codec.
// They are not held in memory, and not stored before the last of them is read. It also
// returns an error of r, and the context's cause.
func (c *Cache[K, V]) SetReader(ctx context.Context, key K, r io.Reader, opts SetOptions) error {
	_, err := c.set(ctx, key, func() (*Staged, error) { return c.StageReader(ctx, r) }, opts, false)
	return err
}

// SetReaderTx is [Cache.SetReader] as part of a transaction, which lasts as long as r
// does: all processes wait for it. Where that matters use [Cache.StageReader].
func (c *Cache[K, V]) SetReaderTx(tx *store.Tx, key K, r io.Reader, opts SetOptions) error {
	row, err := c.row(tx)
	if err != nil {
		return err
	}
	stage := func() (*Staged, error) { return c.stageReader(tx.Context(), r, row.sizeLimit) }
	_, err = c.setTx(tx, key, stage, opts, false)
	return err
}

// stager prepares a value, which is discarded unless it is stored.
type stager func() (*Staged, error)

func (c *Cache[K, V]) stager(value V) stager {
	return func() (*Staged, error) { return c.Stage(value) }
}

// entry returns what is to be stored, still without its value.
func (c *Cache[K, V]) entry(key K, opts SetOptions) (*cacheEntry, error) {
	if err := opts.validate(); err != nil {
		return nil, err
	}
	k, err := encodeKey(c.keys, key)
	if err != nil {
		return nil, err
	}
	return &cacheEntry{key: k, tag: sql.NullString{String: opts.Tag, Valid: opts.Tag != ""}}, nil
}

// set stages before the transaction, so that large values are not written while the
// gate is held. Who staged a file has waited for the disk, so the commit may as well:
// then the files that it drops can go at once.
func (c *Cache[K, V]) set(ctx context.Context, key K, stage stager, opts SetOptions, onlyNew bool) (done bool, err error) {
	e, err := c.entry(key, opts)
	if err != nil {
		return false, err
	}
	if e.value, err = stage(); err != nil {
		return false, err
	}
	defer e.value.Discard()
	over := false
	err = c.db.Batch(ctx, c.durable || e.value.value.Blob != "", func(tx *store.Tx) error {
		done, over, err = c.store(tx, e, opts.TTL, onlyNew)
		return err
	})
	if err != nil || !done {
		return false, err
	}
	if over && c.cull > 0 {
		c.shrink(ctx)
	}
	return true, nil
}

func (c *Cache[K, V]) setTx(tx *store.Tx, key K, stage stager, opts SetOptions, onlyNew bool) (done bool, err error) {
	e, err := c.entry(key, opts)
	if err != nil {
		return false, err
	}
	if e.value, err = stage(); err != nil {
		return false, err
	}
	defer e.value.Discard()
	done, _, err = c.store(tx, e, opts.TTL, onlyNew)
	return done, err
}

// store stores an entry, and reports whether the cache is then above its limit.
func (c *Cache[K, V]) store(tx *store.Tx, e *cacheEntry, ttl time.Duration, onlyNew bool) (done, over bool, err error) {
	r, err := c.row(tx)
	if err != nil {
		return false, false, err
	}
	if e.size() > r.sizeLimit {
		return false, false, fmt.Errorf("%w: %d bytes, in a cache of %d", store.ErrTooLarge, e.size(), r.sizeLimit)
	}
	old, err := findCacheItem(tx, r.id, e.key)
	if err != nil || onlyNew && old.alive(tx.Now()) {
		return false, false, err
	}
	e.expires = c.expiry(tx, ttl)
	if err := c.place(tx, r, old, e); err != nil {
		return false, false, err
	}
	return true, r.over(), nil
}

// place puts an entry in the place of old, tidies up a little, and saves the row.
func (c *Cache[K, V]) place(tx *store.Tx, r *cacheRow, old *storedItem, e *cacheEntry) error {
	id, err := r.put(tx, old, e)
	if err != nil {
		return err
	}
	if _, err := r.tidy(tx, id, c.cull); err != nil {
		return err
	}
	return c.save(tx, r)
}

// expiry is when something stored now with a lifetime expires.
func (c *Cache[K, V]) expiry(tx *store.Tx, ttl time.Duration) sql.NullInt64 {
	if ttl == 0 {
		ttl = c.ttl
	}
	return expiryAt(tx.Now(), ttl)
}

// Touch gives the item under a key a new lifetime from now on, as SetOptions.TTL, and
// reports whether there is one. It returns ErrKey, or of the store;
// then nothing was changed.
func (c *Cache[K, V]) Touch(ctx context.Context, key K, ttl time.Duration) (ok bool, err error) {
	err = c.batch(ctx, func(tx *store.Tx) error {
		ok, err = c.TouchTx(tx, key, ttl)
		return err
	})
	return ok && err == nil, err
}

// TouchTx is [Cache.Touch] as part of a transaction.
func (c *Cache[K, V]) TouchTx(tx *store.Tx, key K, ttl time.Duration) (bool, error) {
	if ttl < 0 {
		return false, fmt.Errorf("kv: Touch: a lifetime of %v is negative", ttl)
	}
	k, err := encodeKey(c.keys, key)
	if err != nil {
		return false, err
	}
	if err := c.checkTx(tx); err != nil {
		return false, err
	}
	tx.Touch(topicOf(c.id, k))
	n, err := tx.Exec(`
		UPDATE dcq_cache_items SET expires = ?
		WHERE cache_id = ? AND key = ? AND (expires IS NULL OR expires > ?)`,
		c.expiry(tx, ttl), c.id, k, tx.Now().UnixNano())
	return n > 0, err
}

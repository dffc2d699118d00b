package kv

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/dcq-go/dcq/store"
)

// CacheItem is an item of a cache.
type CacheItem[K, V any] struct {
	Key     K
	Value   V
	Stored  time.Time // when it was set or incremented
	Expires time.Time // zero if never
	Tag     string    // empty if it has none
	Size    int64     // what it adds to the volume, in bytes
}

// Get returns the value under a key. It returns ErrNotFound if there is none or it is
// expired, ErrDecode if it does not decode into a V, ErrBlobMissing if a stranger removed
// its file, ErrKey, or of the store.
func (c *Cache[K, V]) Get(ctx context.Context, key K) (value V, err error) {
	err = c.load(ctx, key, true, func(i *storedItem) error {
		value, err = c.values.Load(i.value)
		return err
	})
	return value, err
}

// GetTx is [Cache.Get] as part of a transaction. In a View, it also returns
// ErrBlobMissing if a value that is a file was replaced or removed since the View began.
func (c *Cache[K, V]) GetTx(tx *store.Tx, key K) (value V, err error) {
	i, err := c.find(tx, key, true)
	if err != nil {
		return value, err
	}
	return c.values.Load(i.value)
}

// GetItem is [Cache.Get] with all that is known of the item.
func (c *Cache[K, V]) GetItem(ctx context.Context, key K) (item CacheItem[K, V], err error) {
	err = c.load(ctx, key, true, func(i *storedItem) error {
		item, err = c.item(key, i)
		return err
	})
	return item, err
}

// GetItemTx is [Cache.GetItem] as part of a transaction, with errors as GetTx.
func (c *Cache[K, V]) GetItemTx(tx *store.Tx, key K) (item CacheItem[K, V], err error) {
	i, err := c.find(tx, key, true)
	if err != nil {
		return item, err
	}
	return c.item(key, i)
}

// Open returns a reader of the bytes under a key, as the codec made them or SetReader got
// them, which the caller must close. The value is not held in memory; the reader has all
// of it, whatever becomes of the item meanwhile. Errors are as for Get.
func (c *Cache[K, V]) Open(ctx context.Context, key K) (r io.ReadCloser, err error) {
	err = c.load(ctx, key, true, func(i *storedItem) error {
		r, err = c.db.OpenValue(i.value)
		return err
	})
	return r, err
}

// OpenTx is [Cache.Open] as part of a transaction, with errors as GetTx. The reader may
// be used after it.
func (c *Cache[K, V]) OpenTx(tx *store.Tx, key K) (io.ReadCloser, error) {
	i, err := c.find(tx, key, true)
	if err != nil {
		return nil, err
	}
	return c.db.OpenValue(i.value)
}

// Contains reports whether there is a value under a key. It does not count as a read.
// It returns ErrKey, or of the store.
func (c *Cache[K, V]) Contains(ctx context.Context, key K) (ok bool, err error) {
	err = c.db.View(ctx, func(tx *store.Tx) error {
		ok, err = c.ContainsTx(tx, key)
		return err
	})
	return ok, err
}

// ContainsTx is [Cache.Contains] as part of a transaction.
func (c *Cache[K, V]) ContainsTx(tx *store.Tx, key K) (bool, error) {
	_, err := c.find(tx, key, false)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// find returns the item under a key, or ErrNotFound if there is none alive.
func (c *Cache[K, V]) find(tx *store.Tx, key K, read bool) (*storedItem, error) {
	b, err := encodeKey(c.keys, key)
	if err != nil {
		return nil, err
	}
	if err := c.checkTx(tx); err != nil {
		return nil, err
	}
	i, err := findCacheItem(tx, c.id, b)
	if err != nil {
		return nil, err
	}
	alive := i.alive(tx.Now())
	if read {
		c.note(i, alive)
	}
	if !alive {
		return nil, ErrNotFound
	}
	return i, nil
}

// findRecent is find outside a transaction. What the process has read before it takes as
// it was, if that still stands.
func (c *Cache[K, V]) findRecent(ctx context.Context, key K, read bool) (i *storedItem, err error) {
	b, err := encodeKey(c.keys, key)
	if err != nil {
		return nil, err
	}
	known := c.recent.look(c.id, b)
	if i := known.row; i.alive(c.db.Clock().Now()) && ctx.Err() == nil {
		if read {
			c.note(i, true)
		}
		return i, nil
	}
	err = c.db.Peek(ctx, func(tx *store.Tx) error {
		i, err = c.find(tx, key, read)
		return err
	})
	if err == nil && i.value.Blob == "" {
		known.keep(i, i.size)
	}
	return i, err
}

// note records a read.
func (c *Cache[K, V]) note(i *storedItem, alive bool) {
	var id int64
	if alive {
		id = i.id
	}
	c.tally.read(id, c.counted)
}

// load gives fn the item under a key, outside the snapshot, which a large value would
// keep open for long. So its file may be gone when fn comes for it. Then the item is
// looked up again; a file that is missing twice is really gone, and looking for ever
// would not bring it back.
func (c *Cache[K, V]) load(ctx context.Context, key K, read bool, fn func(*storedItem) error) error {
	for missing := ""; ; read = false {
		i, err := c.findRecent(ctx, key, read)
		if err != nil {
			return err
		}
		err = fn(i)
		if !errors.Is(err, store.ErrBlobMissing) || i.value.Blob == missing {
			return err
		}
		missing = i.value.Blob
	}
}

// item returns what users see of an item.
func (c *Cache[K, V]) item(key K, i *storedItem) (item CacheItem[K, V], err error) {
	item = CacheItem[K, V]{Key: key, Stored: time.Unix(0, i.stored), Tag: i.tag.String, Size: i.size}
	if i.expires.Valid {
		item.Expires = time.Unix(0, i.expires.Int64)
	}
	item.Value, err = c.values.Load(i.value)
	return item, err
}

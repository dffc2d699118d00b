package kv

import "github.com/dcq-go/dcq/store"

// DefaultKeys returns the codec of keys that an index of K has by itself.
func DefaultKeys[K any]() (KeyCodec[K], error) {
	codec, _, err := newKeys[K](nil)
	return codec, err
}

// RecentSize returns the bytes that are kept of the rows that the index's DB has read, as
// they are counted, what they may be at most, and whether all of them can be forgotten.
func (ix *Index[K, V]) RecentSize() (size, limit int64, sound bool) {
	r := ix.recent
	r.mu.Lock()
	defer r.mu.Unlock()
	sum := int64(0)
	for _, row := range r.clock {
		sum += row.size
		sound = r.rows[row.key] == row
		if !sound {
			return r.size, maxRecent, false
		}
	}
	return r.size, maxRecent, sum == r.size && len(r.rows) == len(r.clock)
}

// SetSizeLimitTx changes the size limit as part of a transaction, and gives nothing up.
func (c *Cache[K, V]) SetSizeLimitTx(tx *store.Tx, limit int64) error {
	return c.change(tx, func(r *cacheRow) error {
		r.sizeLimit = limit
		return nil
	})
}

// SizeLimitTx is SizeLimit as part of a transaction.
func (c *Cache[K, V]) SizeLimitTx(tx *store.Tx) (int64, error) {
	r, err := c.row(tx)
	if err != nil {
		return 0, err
	}
	return r.sizeLimit, nil
}

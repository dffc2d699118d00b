package kv

import (
	"context"
	"errors"
	"fmt"

	"github.com/dcq-go/dcq/store"
)

// cacheRow is the row of a cache while a transaction works on it. What changes it must
// save it before another reads it.
type cacheRow struct {
	id        int64
	name      string
	keyForm   string
	policy    Policy
	sizeLimit int64
	items     int64
	volume    int64
	shard     int
	shards    int
	files     bool // some were dropped
}

const cacheColumns = `id, name, key_form, policy, size_limit, items, volume, shard, shards`

func scanCache(row store.Row) (*cacheRow, error) {
	var r cacheRow
	err := row.Scan(&r.id, &r.name, &r.keyForm, &r.policy, &r.sizeLimit, &r.items, &r.volume, &r.shard, &r.shards)
	if errors.Is(err, store.ErrNoRows) {
		return nil, fmt.Errorf("%w: no such cache", ErrNotFound)
	}
	return &r, err
}

func cacheByName(tx *store.Tx, name string) (*cacheRow, error) {
	return scanCache(tx.QueryRow(`SELECT `+cacheColumns+` FROM dcq_caches WHERE name = ?`, name))
}

// openCacheRow reads first: most openings change nothing, and then need no commit.
func openCacheRow(ctx context.Context, db *store.DB, want cacheRow) (r *cacheRow, err error) {
	err = db.View(ctx, func(tx *store.Tx) error {
		r, err = cacheByName(tx, want.name)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		err = db.Batch(ctx, true, func(tx *store.Tx) error {
			r, err = makeCache(tx, want)
			return err
		})
	}
	if err != nil {
		return nil, err
	}
	return r, want.agree(r)
}

// makeCache returns the row of that name, which another process may have made since the
// caller looked.
func makeCache(tx *store.Tx, want cacheRow) (*cacheRow, error) {
	r, err := cacheByName(tx, want.name)
	if !errors.Is(err, ErrNotFound) {
		return r, err
	}
	if want.policy == 0 {
		want.policy = LeastRecentlyStored
	}
	if want.sizeLimit == 0 {
		want.sizeLimit = DefaultSizeLimit / int64(want.shards)
	}
	if want.id, err = tx.Next(); err != nil {
		return nil, err
	}
	_, err = tx.Exec(`
		INSERT INTO dcq_caches (id, name, key_form, policy, size_limit, items, volume, hits, misses, shard, shards)
		VALUES (?, ?, ?, ?, ?, 0, 0, 0, 0, ?, ?)`,
		want.id, want.name, want.keyForm, want.policy, want.sizeLimit, want.shard, want.shards)
	return &want, err
}

// agree returns ErrKey or ErrConflict if r is of other settings than those wanted, where
// 0 wants whatever there is.
func (want cacheRow) agree(r *cacheRow) error {
	switch {
	case want.keyForm != r.keyForm:
		return fmt.Errorf("%w: the keys are of the form %s, not %s", ErrKey, r.keyForm, want.keyForm)
	case want.policy != 0 && want.policy != r.policy:
		return fmt.Errorf("%w: policy %v is stored, not %v", ErrConflict, r.policy, want.policy)
	case want.sizeLimit != 0 && want.sizeLimit != r.sizeLimit:
		return fmt.Errorf("%w: a size limit of %d bytes is stored, not %d", ErrConflict, r.sizeLimit, want.sizeLimit)
	case want.shard != r.shard || want.shards != r.shards:
		return fmt.Errorf("%w: it is shard %d of %d, not %d of %d", ErrConflict, r.shard, r.shards, want.shard, want.shards)
	}
	return nil
}

// over reports whether the cache should give something up.
func (r *cacheRow) over() bool { return r.volume > r.sizeLimit && r.policy != None }

// tidy removes up to limit expired items, and up to limit by the policy, and returns
// how many in all. It spares the item that was just stored.
func (r *cacheRow) tidy(tx *store.Tx, spare int64, limit int) (int, error) {
	expired, err := r.expire(tx, tx.Now().UnixNano(), limit)
	if err != nil {
		return 0, err
	}
	evicted, err := r.evict(tx, spare, limit)
	return expired + evicted, err
}

// expire removes up to limit items that expired before a time, and returns how many.
// What it found is gone, so that it never has to know where it stopped.
func (r *cacheRow) expire(tx *store.Tx, before int64, limit int) (int, error) {
	if limit <= 0 {
		return 0, nil
	}
	list, err := pickItems(tx, `
		SELECT id, key, size, blob FROM dcq_cache_items
		WHERE cache_id = ? AND expires < ?
		ORDER BY expires LIMIT ?`, []any{r.id, before, limit}, nil)
	if err != nil {
		return 0, err
	}
	return len(list), r.remove(tx, list)
}

// untag removes up to limit items with a tag, and returns how many.
func (r *cacheRow) untag(tx *store.Tx, tag string, limit int) (int, error) {
	list, err := pickItems(tx, `
		SELECT id, key, size, blob FROM dcq_cache_items
		WHERE cache_id = ? AND tag = ? LIMIT ?`, []any{r.id, tag, limit}, nil)
	if err != nil {
		return 0, err
	}
	return len(list), r.remove(tx, list)
}

// clear removes up to limit items, and returns how many.
func (r *cacheRow) clear(tx *store.Tx, limit int) (int, error) {
	list, err := pickItems(tx, `
		SELECT id, key, size, blob FROM dcq_cache_items
		WHERE cache_id = ? LIMIT ?`, []any{r.id, limit}, nil)
	if err != nil {
		return 0, err
	}
	return len(list), r.remove(tx, list)
}

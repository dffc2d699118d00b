package kv

import (
	"database/sql"
	"errors"
	"math"
	"time"

	"github.com/dcq-go/dcq/store"
)

// itemCost is what an item counts for beside its key, value and tag, in bytes: about
// what its row takes in the table and its indexes.
const itemCost = 100

// storedItem is an item as its columns are.
type storedItem struct {
	id      int64
	key     []byte
	value   store.Value
	size    int64
	stored  int64
	expires sql.NullInt64
	tag     sql.NullString
}

const cacheItemColumns = `id, key, value, blob, size, stored, expires, tag`

func scanCacheItem(scan store.Scan) (*storedItem, error) {
	var i storedItem
	var blob sql.NullString
	err := scan(&i.id, &i.key, &i.value.Inline, &blob, &i.size, &i.stored, &i.expires, &i.tag)
	i.value.Blob = blob.String
	return &i, err
}

// findCacheItem returns the item under a key, which may be expired, or nil.
func findCacheItem(tx *store.Tx, cache int64, key []byte) (*storedItem, error) {
	row := tx.QueryRow(`SELECT `+cacheItemColumns+` FROM dcq_cache_items WHERE cache_id = ? AND key = ?`, cache, key)
	i, err := scanCacheItem(row.Scan)
	if errors.Is(err, store.ErrNoRows) {
		return nil, nil
	}
	return i, err
}

// alive reports whether there is an item, and it is not expired.
func (i *storedItem) alive(now time.Time) bool {
	return i != nil && (!i.expires.Valid || i.expires.Int64 > now.UnixNano())
}

// cacheEntry is what is to be stored.
type cacheEntry struct {
	key     []byte
	value   *Staged
	expires sql.NullInt64
	tag     sql.NullString
}

func (e *cacheEntry) size() int64 {
	return int64(len(e.key)) + e.value.value.Size() + int64(len(e.tag.String)) + itemCost
}

// expiryAt is the wall-clock time at which a lifetime ends, in ns. One that ends after
// the last time that can be written never ends.
func expiryAt(now time.Time, ttl time.Duration) sql.NullInt64 {
	at := now.UnixNano()
	if ttl == NoExpiry || at > math.MaxInt64-int64(ttl) {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: at + int64(ttl), Valid: true}
}

// put stores an entry in the place of old, which may be nil, and returns the item's id.
func (r *cacheRow) put(tx *store.Tx, old *storedItem, e *cacheEntry) (int64, error) {
	next, err := tx.Next()
	if err != nil {
		return 0, err
	}
	if err := e.value.keep(tx); err != nil {
		return 0, err
	}
	tx.Touch(topicOf(r.id, e.key))
	inline, blob := valueColumns(e.value.value)
	now, size, rank := tx.Now().UnixNano(), e.size(), r.policy.rank(next)
	r.volume += size
	if old == nil {
		r.items++
		_, err = tx.Exec(`
			INSERT INTO dcq_cache_items (id, cache_id, key, value, blob, size, stored, expires, tag, rank)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, next, r.id, e.key, inline, blob, size, now, e.expires, e.tag, rank)
		return next, err
	}
	r.volume -= old.size
	_, err = tx.Exec(`
		UPDATE dcq_cache_items SET value = ?, blob = ?, size = ?, stored = ?, expires = ?, tag = ?, rank = ?
		WHERE id = ?`, inline, blob, size, now, e.expires, e.tag, rank, old.id)
	if err != nil {
		return 0, err
	}
	return old.id, r.drop(tx, old.value)
}

// drop removes the file of a value, if it has one, with the transaction.
func (r *cacheRow) drop(tx *store.Tx, v store.Value) error {
	r.files = r.files || v.Blob != ""
	return tx.Drop(v.Blob)
}

func valueColumns(v store.Value) (inline, blob any) {
	if v.Blob != "" {
		return nil, v.Blob
	}
	return v.Inline, nil
}

// pickItems returns the ids, keys, sizes and files of the items of a query, up to the one with
// which it is enough.
func pickItems(tx *store.Tx, query string, args []any, enough func(storedItem) bool) (list []storedItem, err error) {
	err = tx.Query(query, args, func(scan store.Scan) error {
		var i storedItem
		var blob sql.NullString
		if err := scan(&i.id, &i.key, &i.size, &blob); err != nil {
			return err
		}
		i.value.Blob = blob.String
		list = append(list, i)
		if enough != nil && enough(i) {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return list, err
}

// errEnough ends a query before its last row.
var errEnough = errors.New("kv: enough")

// remove removes items.
func (r *cacheRow) remove(tx *store.Tx, list []storedItem) error {
	for _, i := range list {
		tx.Touch(topicOf(r.id, i.key))
		if _, err := tx.Exec(`DELETE FROM dcq_cache_items WHERE id = ?`, i.id); err != nil {
			return err
		}
		if err := r.drop(tx, i.value); err != nil {
			return err
		}
		r.items--
		r.volume -= i.size
	}
	return nil
}

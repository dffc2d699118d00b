package kv

import (
	"fmt"
	"math/rand/v2"

	"github.com/dcq-go/dcq/store"
)

// Policy says which items a cache gives up first when it is larger than its limit. It
// is stored with the cache and holds for all processes.
type Policy int

// The policies. All of them are one column, the rank, and one index on it; what the rank
// of an item is differs. The numbers are stored.
const (
	// LeastRecentlyStored gives up what was set or incremented the longest time ago.
	// Reads cost nothing. It is the default.
	LeastRecentlyStored Policy = iota + 1
	// LeastRecentlyUsed gives up what was neither read nor set for the longest time.
	LeastRecentlyUsed
	// LeastFrequentlyUsed gives up what was read least often since it was set, and of
	// equals what is in the cache for longest. Old counts do not fade: what was read a
	// lot stays, so give such items a lifetime.
	LeastFrequentlyUsed
	// Random gives up items from a random place.
	Random
	// None gives nothing up: the size limit is not kept. Items go when they expire or
	// are deleted.
	None
)

// String returns the policy's name, such as least-recently-used.
func (p Policy) String() string {
	switch p {
	case LeastRecentlyStored:
		return "least-recently-stored"
	case LeastRecentlyUsed:
		return "least-recently-used"
	case LeastFrequentlyUsed:
		return "least-frequently-used"
	case Random:
		return "random"
	case None:
		return "none"
	}
	return fmt.Sprintf("Policy(%d)", int(p))
}

func (p Policy) valid() bool { return p >= LeastRecentlyStored && p <= None }

// readsMatter reports whether a read changes what is evicted.
func (p Policy) readsMatter() bool { return p == LeastRecentlyUsed || p == LeastFrequentlyUsed }

// randomRanks bounds the ranks of policy Random.
const randomRanks = 1 << 31

// rank is that of an item stored now. The store-wide counter stands for the time: it
// does not go back when the wall clock does.
func (p Policy) rank(counter int64) int64 {
	switch p {
	case LeastFrequentlyUsed:
		return 0
	case Random:
		return rand.Int64N(randomRanks)
	}
	return counter
}

// start is the rank at which to look for victims. Always to take the lowest of random
// ranks would leave only high ones, and every new item would be the next victim.
func (p Policy) start() int64 {
	if p == Random {
		return rand.Int64N(randomRanks)
	}
	return 0
}

// evict removes up to limit items by the policy, until the cache is within its size
// limit, and returns how many. It spares the item that was just stored.
func (r *cacheRow) evict(tx *store.Tx, spare int64, limit int) (int, error) {
	excess := r.volume - r.sizeLimit
	if excess <= 0 || r.policy == None || limit <= 0 {
		return 0, nil
	}
	victims, err := r.victims(tx, r.policy.start(), spare, limit, excess)
	if err == nil && len(victims) == 0 {
		victims, err = r.victims(tx, 0, spare, limit, excess) // nothing behind a random start
	}
	if err != nil {
		return 0, err
	}
	return len(victims), r.remove(tx, victims)
}

// victims returns the items from a rank on whose sizes make up the excess.
func (r *cacheRow) victims(tx *store.Tx, start, spare int64, limit int, excess int64) ([]storedItem, error) {
	return pickItems(tx, `
		SELECT id, key, size, blob FROM dcq_cache_items
		WHERE cache_id = ? AND rank >= ? AND id <> ?
		ORDER BY rank, id LIMIT ?`, []any{r.id, start, spare, limit}, func(item storedItem) bool {
		excess -= item.size
		return excess <= 0
	})
}

// rerank gives the items ranks of another policy: it goes through the whole cache.
// Between the policies that rank by the counter nothing changes.
func (r *cacheRow) rerank(tx *store.Tx, to Policy) (err error) {
	switch {
	case to == LeastFrequentlyUsed:
		_, err = tx.Exec(`UPDATE dcq_cache_items SET rank = 0 WHERE cache_id = ?`, r.id)
	case to == Random: // spread, not guessed: any even spread does
		_, err = tx.Exec(`UPDATE dcq_cache_items SET rank = (id % 2147483648 * 1103515245 + 12345) % ? WHERE cache_id = ?`, randomRanks, r.id)
	case r.policy == LeastFrequentlyUsed || r.policy == Random:
		// There are no more items than the counter has given numbers, so that what is
		// stored from now on ranks above all.
		_, err = tx.Exec(`
			UPDATE dcq_cache_items SET rank = old.n
			FROM (SELECT id AS item, row_number() OVER (ORDER BY stored, id) AS n FROM dcq_cache_items WHERE cache_id = ?) AS old
			WHERE id = old.item`, r.id)
	}
	return err
}

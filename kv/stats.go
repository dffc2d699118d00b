package kv

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dcq-go/dcq/store"
)

const (
	// flushDelay is how long reads are only counted in memory, at most.
	flushDelay = time.Second

	// maxReads bounds the items whose reads are counted meanwhile, for the policy.
	maxReads = 4096

	// flushStep is how many items one transaction ranks anew.
	flushStep = 256
)

// CacheStats is what a cache has counted since it was made or [Cache.ResetStats].
type CacheStats struct {
	Hits   int64 // reads that found a value
	Misses int64 // reads that did not
}

// Stats returns the reads of all processes with CacheOptions.Statistics by Get, GetItem
// and Open, and an error of the store. Of other processes, those of the last second may
// not be in it yet; those of a process that was killed never will. A power cut loses no
// more than it does of other writes.
func (c *Cache[K, V]) Stats(ctx context.Context) (s CacheStats, err error) {
	if err := c.Flush(ctx); err != nil {
		return s, err
	}
	err = c.db.View(ctx, func(tx *store.Tx) error {
		s, err = c.StatsTx(tx)
		return err
	})
	return s, err
}

// StatsTx is [Cache.Stats] as part of a transaction, without what this process counts in
// memory.
func (c *Cache[K, V]) StatsTx(tx *store.Tx) (s CacheStats, err error) {
	if err := c.checkTx(tx); err != nil {
		return s, err
	}
	err = tx.QueryRow(`SELECT hits, misses FROM dcq_caches WHERE id = ?`, c.id).Scan(&s.Hits, &s.Misses)
	return s, err
}

// ResetStats counts from 0 again. It returns an error of the store.
func (c *Cache[K, V]) ResetStats(ctx context.Context) error {
	if err := c.Flush(ctx); err != nil {
		return err
	}
	return c.batch(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE dcq_caches SET hits = 0, misses = 0 WHERE id = ?`, c.id)
		return err
	})
}

// Flush writes what is counted in memory at once, and removes the files of values that
// are gone. It returns an error of the store; what was not done then is done later, but
// for the ranks of items.
func (c *Cache[K, V]) Flush(ctx context.Context) error { return c.tally.flush(ctx) }

// tally counts the reads of one cache by this DB, whatever number of handles it has.
type tally struct {
	keeper *keeper
	cache  int64
	policy atomic.Int64 // as it was when the row was last read
	sweeps atomic.Bool  // some handle wants what is expired swept

	mu     sync.Mutex // protects the fields below
	files  bool       // some were dropped by commits that may not be on the disk yet
	hits   int64
	misses int64
	reads  map[int64]itemReads
	clock  int64 // orders the reads
}

// itemReads is what is known of the reads of an item.
type itemReads struct{ count, last int64 }

// read counts a read of an item, whose id is 0 if there is none.
func (t *tally) read(item int64, counted bool) {
	ranked := item != 0 && Policy(t.policy.Load()).readsMatter()
	if !counted && !ranked {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case !counted:
	case item == 0:
		t.misses++
	default:
		t.hits++
	}
	if ranked {
		t.rank(item)
	}
	t.keeper.wantFlush()
}

// rank counts a read for the policy. Precondition: mu is held.
func (t *tally) rank(item int64) {
	r, known := t.reads[item]
	if !known && len(t.reads) >= maxReads {
		return
	}
	t.clock++
	t.reads[item] = itemReads{r.count + 1, t.clock}
}

// readItem is an item to be ranked anew.
type readItem struct {
	id int64
	itemReads
}

// dropped notes that files can go once what was committed so far is on the disk.
func (t *tally) dropped() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.files = true
	t.keeper.wantFlush()
}

// take returns what was counted, and begins anew. The items come in the order in which
// they were last read.
func (t *tally) take() (s CacheStats, items []readItem, files bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s, files = CacheStats{t.hits, t.misses}, t.files
	t.files = false
	for id, r := range t.reads {
		items = append(items, readItem{id, r})
	}
	t.hits, t.misses = 0, 0
	clear(t.reads)
	slices.SortFunc(items, func(a, b readItem) int { return cmp.Compare(a.last, b.last) })
	return s, items, files
}

func (t *tally) giveBack(s CacheStats, files bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hits += s.Hits
	t.misses += s.Misses
	t.files = t.files || files
}

// flush writes what was counted, in steps. It waits for the disk only if that lets files
// go, which would otherwise stay until somebody else does. It needs nothing of the DB
// but Batch, so that it can be the last thing that is written before the DB closes.
func (t *tally) flush(ctx context.Context) error {
	s, items, files := t.take()
	if files || s != (CacheStats{}) {
		err := t.keeper.db.Batch(ctx, files, func(tx *store.Tx) error {
			_, err := tx.Exec(`UPDATE dcq_caches SET hits = hits + ?, misses = misses + ? WHERE id = ?`, s.Hits, s.Misses, t.cache)
			return err
		})
		if err != nil {
			t.giveBack(s, files)
			return err
		}
	}
	for part := range slices.Chunk(items, flushStep) {
		err := t.keeper.db.Batch(ctx, false, func(tx *store.Tx) error { return rerankRead(tx, t.cache, part) })
		if err != nil {
			return err
		}
	}
	return nil
}

// rerankRead ranks items anew that were read, if the policy still asks for it.
func rerankRead(tx *store.Tx, cache int64, items []readItem) error {
	r, err := cacheByID(tx, cache)
	if err != nil || !r.policy.readsMatter() {
		return err
	}
	if r.policy == LeastFrequentlyUsed {
		for _, i := range items {
			if _, err := tx.Exec(`UPDATE dcq_cache_items SET rank = rank + ? WHERE id = ?`, i.count, i.id); err != nil {
				return err
			}
		}
		return nil
	}
	next, err := tx.NextN(len(items))
	if err != nil {
		return err
	}
	for n, i := range items {
		if _, err := tx.Exec(`UPDATE dcq_cache_items SET rank = ? WHERE id = ?`, next+int64(n), i.id); err != nil {
			return err
		}
	}
	return nil
}

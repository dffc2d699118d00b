package kv_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// commits returns a number that changes with every commit of the store.
func commits(t *testing.T, db *store.DB) (n int64) {
	t.Helper()
	err := db.View(t.Context(), func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT hits + misses FROM dcq_caches`).Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Reads are counted, by all handles, and a read writes nothing before the delay is over.
func TestStats(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	c, silent := f.cache(stringOptions{Statistics: true}), f.cache(stringOptions{})
	f.set(c, "a", "1", kv.SetOptions{})
	for range 3 {
		f.want(c, "a", "1")
		f.want(silent, "a", "1")
	}
	f.want(c, "b", "")
	_, err := c.Contains(ctx, "a")
	f.must(err)
	if n := commits(t, f.db); n != 0 {
		t.Errorf("%d reads were written at once", n)
	}
	f.clock.Advance(time.Second)
	for commits(t, f.db) == 0 {
		runtime.Gosched()
	}
	f.must(f.db.View(ctx, func(tx *storeTx) error {
		s, err := c.StatsTx(tx)
		equal(t, "StatsTx()", s, err, kv.CacheStats{Hits: 3, Misses: 1})
		return nil
	}))
	f.want(c, "a", "1")
	s, err := silent.Stats(ctx)
	equal(t, "Stats()", s, err, kv.CacheStats{Hits: 4, Misses: 1})
	f.must(c.ResetStats(ctx))
	s, err = c.Stats(ctx)
	equal(t, "Stats()", s, err, kv.CacheStats{})
}

// What was counted is written when the DB closes, and what was read then counts.
func TestStatsAtClose(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	opts := stringOptions{Statistics: true, Policy: kv.LeastRecentlyUsed, SizeLimit: 3 * 150}
	db, err := store.Open(ctx, dir, store.Options{Clock: storetest.NewClock(time.Now())})
	if err != nil {
		t.Fatal(err)
	}
	c := openCache(t, db, opts)
	for _, key := range []string{"a", "b", "c"} {
		if err := c.Set(ctx, key, unit, kv.SetOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Get(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	again := openCache(t, storetest.OpenDir(t, dir, store.Options{}), opts)
	s, err := again.Stats(ctx)
	equal(t, "Stats()", s, err, kv.CacheStats{Hits: 1})
	if err := again.Set(ctx, "d", unit, kv.SetOptions{}); err != nil {
		t.Fatal(err)
	}
	ok, err := again.Contains(ctx, "a")
	equal(t, "Contains() of what was read before the Close", ok, err, true)
}

// However many items are read, a bounded number is remembered.
func TestReadsAreBounded(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	c := openCache(t, f.db, kv.CacheOptions[int, string]{Policy: kv.LeastFrequentlyUsed})
	const n = 4200
	f.must(f.db.Update(ctx, func(tx *storeTx) error {
		for i := range n {
			f.must(c.SetTx(tx, i, "v", kv.SetOptions{}))
		}
		return nil
	}))
	f.must(f.db.View(ctx, func(tx *storeTx) error {
		for i := range n {
			_, err := c.GetTx(tx, i)
			f.must(err)
		}
		return nil
	}))
	f.must(c.Flush(ctx))
	ranked := 0
	f.must(f.db.View(ctx, func(tx *storeTx) error {
		return tx.QueryRow(`SELECT count(*) FROM dcq_cache_items WHERE rank = 1`).Scan(&ranked)
	}))
	if ranked != 4096 {
		t.Errorf("%d reads count, want 4096", ranked)
	}
	for i := range 10 {
		if got, err := c.Get(ctx, i); got != "v" || err != nil {
			t.Error(fmt.Sprint(got, err))
		}
	}
}

package kv_test

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
)

// wantNumbers fails the test unless a transaction sees the numbers of a store's only cache
// as its items have them, and its size limit.
func wantNumbers(t testing.TB, c *stringCache, tx *storeTx) {
	t.Helper()
	var live int
	var volume, limit int64
	err := tx.QueryRow(`
		SELECT count(*) FILTER (WHERE expires IS NULL OR expires > ?), COALESCE(sum(size), 0),
			(SELECT size_limit FROM dcq_caches)
		FROM dcq_cache_items`, tx.Now().UnixNano()).Scan(&live, &volume, &limit)
	if err != nil {
		t.Fatal(err)
	}
	n, err := c.LenTx(tx)
	equal(t, "LenTx()", n, err, live)
	got, err := c.VolumeTx(tx)
	equal(t, "VolumeTx()", got, err, volume)
	got, err = c.SizeLimitTx(tx)
	equal(t, "SizeLimitTx()", got, err, limit)
}

// Operations of several handles that share a commit see what those before them did, and
// nothing of one that failed.
func TestCacheSharedCommits(t *testing.T) {
	f := newFixture(t)
	handles := []*stringCache{f.cache(stringOptions{SizeLimit: 5000}), f.cache(stringOptions{})}
	r := seed.Rand(t)
	failed := errors.New("failed")
	commits, shared := make(map[*storeTx]bool), 0 // by the operations, one at a time
	operation := func(c *stringCache, key, value string, kind int) func(*storeTx) error {
		return func(tx *storeTx) (err error) {
			if commits[tx] {
				shared++
			}
			commits[tx] = true
			wantNumbers(t, c, tx)
			switch kind {
			case 0, 1, 2:
				err = c.SetTx(tx, key, value, kv.SetOptions{Tag: "t", TTL: time.Minute})
			case 3:
				_, err = c.DeleteTx(tx, key)
			case 4:
				_, err = c.EvictTx(tx, "t")
			case 5:
				err = errors.Join(c.SetTx(tx, key, value, kv.SetOptions{}), failed)
			case 6:
				_, err = c.ClearTx(tx)
				err = errors.Join(err, failed)
			case 7:
				err = c.SetSizeLimitTx(tx, int64(4000+len(value)))
			case 8:
				err = errors.Join(c.SetSizeLimitTx(tx, int64(4000+len(value))), failed)
			}
			if err == nil {
				wantNumbers(t, c, tx)
			}
			return err
		}
	}
	for range 100 {
		var asked, done sync.WaitGroup
		f.must(f.db.Update(t.Context(), func(*storeTx) error { // while it runs, the others queue up
			for i := range 8 {
				fn := operation(handles[i%2], fmt.Sprint(r.IntN(10)), large("x")[r.IntN(1000):], r.IntN(9))
				asked.Add(1)
				done.Go(func() {
					asked.Done()
					if err := f.db.Batch(t.Context(), false, fn); err != nil && !errors.Is(err, failed) {
						t.Error(err)
					}
				})
			}
			asked.Wait()
			for range 100 {
				runtime.Gosched()
			}
			return nil
		}))
		done.Wait()
		f.must(f.db.View(t.Context(), func(tx *storeTx) error {
			wantNumbers(t, handles[0], tx)
			return nil
		}))
	}
	if shared == 0 {
		t.Error("no operations shared a commit")
	}
	t.Logf("%d operations shared a commit with one before", shared)
}

// Changes of two caches, of which some are made just before the commit, are all counted.
func TestCacheAtCommit(t *testing.T) {
	f := newFixture(t)
	c, ctx := f.cache(stringOptions{}), t.Context()
	other, err := kv.OpenCache(ctx, f.db, "other", stringOptions{})
	f.must(err)
	type late struct{}
	var over *storeTx
	f.must(f.db.Update(ctx, func(tx *storeTx) error {
		over = tx
		f.must(c.SetTx(tx, "a", "1", kv.SetOptions{}))
		f.must(other.SetTx(tx, "a", "1", kv.SetOptions{}))
		tx.AtCommit(late{}, func(tx *storeTx) error { return c.SetTx(tx, "b", "2", kv.SetOptions{}) })
		return nil
	}))
	_, err = c.VolumeTx(over)
	wantErr(t, "VolumeTx() in a transaction that is over", err, store.ErrTxDone)
	f.wantKeys(c, "a b")
	f.wantKeys(other, "a")
	problems, err := f.db.Check(ctx)
	equal(t, "Check()", len(problems), err, 0)
}

// The settings of a cache, changed while it is filled, are what all see and what stays.
func TestCacheSettingsInBetween(t *testing.T) {
	f := newFixture(t)
	c, ctx := f.cache(stringOptions{SizeLimit: 5000}), t.Context()
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			for n := range 50 {
				f.set(c, fmt.Sprint(i, n), "v", kv.SetOptions{})
			}
		})
	}
	for n := range 20 {
		f.must(c.SetSizeLimit(ctx, int64(5000+n)))
		limit, err := c.SizeLimit(ctx)
		equal(t, "SizeLimit()", limit, err, int64(5000+n))
		f.must(c.SetPolicy(ctx, []kv.Policy{kv.Random, kv.LeastRecentlyUsed}[n%2]))
	}
	group.Wait()
	f.must(f.db.View(ctx, func(tx *storeTx) error { wantNumbers(t, c, tx); return nil }))
	limit, err := c.SizeLimit(ctx)
	equal(t, "SizeLimit()", limit, err, int64(5019))
	p, err := c.Policy(ctx)
	equal(t, "Policy()", p, err, kv.LeastRecentlyUsed)
}

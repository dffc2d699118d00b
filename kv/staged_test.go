package kv_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// stagedCase is an index or a cache that stores what was staged under the key "k".
type stagedCase struct {
	fixture
	stage func(value string) (*kv.Staged, error)
	put   func(tx *storeTx, s *kv.Staged) error
	get   func() (string, error)
}

// forStaged runs a test on an index and on a cache.
func forStaged(t *testing.T, test func(c stagedCase)) {
	t.Helper()
	t.Run("index", func(t *testing.T) {
		f := newFixture(t)
		ix := openIndex(t, f.db, "x", kv.IndexOptions[string, string]{})
		put := func(tx *storeTx, s *kv.Staged) error {
			_, err := ix.PutStagedTx(tx, "k", s)
			return err
		}
		test(stagedCase{f, ix.Stage, put, func() (string, error) { return ix.Get(t.Context(), "k") }})
	})
	t.Run("cache", func(t *testing.T) {
		f := newFixture(t)
		c := f.cache(stringOptions{})
		put := func(tx *storeTx, s *kv.Staged) error { return c.SetStagedTx(tx, "k", s, kv.SetOptions{Tag: "t"}) }
		test(stagedCase{f, c.Stage, put, func() (string, error) { return c.Get(t.Context(), "k") }})
	})
}

func (c stagedCase) staged(value string) *kv.Staged {
	c.Helper()
	s, err := c.stage(value)
	c.must(err)
	return s
}

func (c stagedCase) update(fn func(tx *storeTx) error) error { return c.db.Update(c.Context(), fn) }

// store stores a staged value in a transaction of its own.
func (c stagedCase) store(s *kv.Staged) error {
	return c.update(func(tx *storeTx) error { return c.put(tx, s) })
}

// wantValue fails the test unless that is stored; empty means nothing.
func (c stagedCase) wantValue(value string) {
	c.Helper()
	got, err := c.get()
	if got != value || (value == "") != errors.Is(err, kv.ErrNotFound) {
		c.Errorf("stored is %.10q, %v, want %.10q", got, err, value)
	}
}

// A staged value is written before the transaction, and only then.
func TestStagedUsed(t *testing.T) {
	forStaged(t, func(c stagedCase) {
		for _, value := range []string{large("a"), "small", large("b"), large("c")} {
			s := c.staged(value)
			files := len(blobFiles(c, c.db.Dir()))
			c.must(c.update(func(tx *storeTx) error {
				defer c.wantFiles(files)
				return c.put(tx, s)
			}))
			s.Discard()
			c.wantValue(value)
			c.wantFiles(len(value) / len(large("x")))
			wantErr(c, "a second use", c.store(s), kv.ErrStaged)
			c.wantValue(value)
		}
	})
}

// What is not stored leaves nothing when it is discarded, also twice.
func TestStagedDiscarded(t *testing.T) {
	forStaged(t, func(c stagedCase) {
		s := c.staged(large("a"))
		s.Discard()
		s.Discard()
		c.wantFiles(0)
		wantErr(c, "to store what was discarded", c.store(s), kv.ErrStaged)
		wantErr(c, "to store nil", c.store(nil), kv.ErrStaged)
		(*kv.Staged)(nil).Discard()
		c.wantValue("")
	})
}

// A second use in the same transaction is an error that the first survives.
func TestStagedTwiceInOneTransaction(t *testing.T) {
	forStaged(t, func(c stagedCase) {
		s := c.staged(large("a"))
		c.must(c.update(func(tx *storeTx) error {
			c.must(c.put(tx, s))
			wantErr(c, "a second use", c.put(tx, s), kv.ErrStaged)
			s.Discard()
			return nil
		}))
		c.wantValue(large("a"))
		c.wantFiles(1)
	})
}

// With its transaction a staged value goes, whether that fails or panics.
func TestStagedRolledBack(t *testing.T) {
	failed := errors.New("failed")
	forStaged(t, func(c stagedCase) {
		c.must(c.store(c.staged(large("old"))))
		s := c.staged(large("a"))
		err := c.update(func(tx *storeTx) error { return errors.Join(c.put(tx, s), failed) })
		wantErr(c, "Update()", err, failed)
		c.wantFiles(1)
		wantErr(c, "to store what was rolled back", c.store(s), kv.ErrStaged)

		s = c.staged(large("b"))
		func() {
			defer func() { _ = recover() }()
			_ = c.update(func(tx *storeTx) error { panic(c.put(tx, s)) })
			c.Error("the panic was swallowed")
		}()
		c.wantFiles(1)
		wantErr(c, "to store what a panic undid", c.store(s), kv.ErrStaged)
		c.wantValue(large("old"))
	})
}

// A transaction that never began, or does not write, leaves the value as it is.
func TestStagedNotBegun(t *testing.T) {
	forStaged(t, func(c stagedCase) {
		s := c.staged(large("a"))
		ctx, cancel := context.WithCancel(c.Context())
		cancel()
		err := c.db.Batch(ctx, false, func(tx *storeTx) error { return c.put(tx, s) })
		wantErr(c, "Batch()", err, context.Canceled)
		if err := c.db.View(c.Context(), func(tx *storeTx) error { return c.put(tx, s) }); err == nil {
			c.Error("to store in a View succeeds")
		}
		c.must(c.store(s))
		c.wantValue(large("a"))
	})
}

// A value is stored where it was staged for, and stays when it is asked for elsewhere.
func TestStagedElsewhere(t *testing.T) {
	forStaged(t, func(c stagedCase) {
		s := c.staged(large("a"))
		other := storetest.OpenDir(c, c.db.Dir(), store.Options{})
		indexes := []*kv.Index[string, string]{
			openIndex(c, c.db, "y", kv.IndexOptions[string, string]{}),
			openIndex(c, other, "x", kv.IndexOptions[string, string]{}),
			openIndex(c, storetest.Open(c, store.Options{}), "x", kv.IndexOptions[string, string]{}),
		}
		for i, ix := range indexes {
			err := ix.DB().Update(c.Context(), func(tx *storeTx) error {
				_, err := ix.PutStagedTx(tx, "k", s)
				return err
			})
			if !errors.Is(err, kv.ErrStaged) {
				c.Errorf("PutStagedTx() of index %d = %v, want %v", i, err, kv.ErrStaged)
			}
		}
		if err := other.Update(c.Context(), func(tx *storeTx) error { return c.put(tx, s) }); err == nil {
			c.Error("to store in a transaction of another DB succeeds")
		}
		c.wantFiles(1)
		c.must(c.store(s))
		c.wantValue(large("a"))
	})
}

// What is neither stored nor discarded is swept, and cannot be stored then.
func TestStagedForgotten(t *testing.T) {
	forStaged(t, func(c stagedCase) {
		s := c.staged(large("a"))
		c.clock.Step(time.Since(c.clock.Now()))
		n, err := c.db.SweepBlobs(c.Context())
		want(c, "SweepBlobs() at once", n, err, 0)
		c.clock.Step(2 * time.Hour)
		n, err = c.db.SweepBlobs(c.Context())
		want(c, "SweepBlobs() after two hours", n, err, 1)
		wantErr(c, "to store what was swept", c.store(s), store.ErrBlobMissing)
		c.wantValue("")
	})
}

// A stream is staged without being in memory, as far as the cache is large.
func TestStagedReader(t *testing.T) {
	f := newFixture(t)
	c, ctx := f.cache(stringOptions{SizeLimit: 2000}), t.Context()
	s, err := c.StageReader(ctx, strings.NewReader(large("a")))
	f.must(err)
	defer s.Discard()
	_, err = c.StageReader(ctx, zeros(2001))
	wantErr(t, "StageReader() of too much", err, store.ErrTooLarge)
	f.wantFiles(1)
	f.must(f.db.Update(ctx, func(tx *storeTx) error { return c.SetStagedTx(tx, "k", s, kv.SetOptions{TTL: time.Minute}) }))
	f.want(c, "k", large("a"))
	f.clock.Step(time.Minute)
	f.want(c, "k", "")

	// What does not fit, or has a key that is none, stays with the caller.
	big, err := c.Stage(strings.Repeat("b", 2000))
	f.must(err)
	wantErr(t, "SetStagedTx() of too much", f.db.Update(ctx, func(tx *storeTx) error {
		return c.SetStagedTx(tx, "big", big, kv.SetOptions{})
	}), store.ErrTooLarge)
	f.wantFiles(2)
	big.Discard()
	f.wantFiles(1)
}

type lostGrant struct{}

func (lostGrant) CheckTx(*storeTx) error { return kv.ErrLost }

// What an index does not put leaves no file.
func TestIndexPutsNothing(t *testing.T) {
	f := newFixture(t)
	ix, ctx := openIndex(t, f.db, "x", kv.IndexOptions[string, string]{}), t.Context()
	_, err := ix.Put(ctx, "k", large("a"))
	f.must(err)
	noKey := strings.Repeat("k", kv.MaxKey+1)
	for _, c := range []struct {
		name string
		want error
		put  func() error
	}{
		{"PutIfAbsent", nil, func() error {
			_, _, err := ix.PutIfAbsent(ctx, "k", large("b"))
			return err
		}},
		{"CompareAndSwap", kv.ErrConflict, func() error {
			_, err := ix.CompareAndSwap(ctx, "k", 1, large("b"))
			return err
		}},
		{"PutUnder", kv.ErrLost, func() error {
			_, err := ix.PutUnder(ctx, lostGrant{}, "k", large("b"))
			return err
		}},
		{"PutTx", nil, func() error {
			return f.db.Update(ctx, func(tx *storeTx) error {
				_, err := ix.PutTx(tx, noKey, large("b"))
				wantErr(t, "PutTx()", err, kv.ErrKey)
				return nil
			})
		}},
		{"PutMany", kv.ErrKey, func() error {
			return ix.PutMany(ctx, kv.Pairs(kv.PairOf("k", large("b")), kv.PairOf(noKey, large("b"))))
		}},
		{"PutMany of one key", nil, func() error {
			return ix.PutMany(ctx, kv.Pairs(kv.PairOf("k", large("b")), kv.PairOf("k", large("a"))))
		}},
	} {
		wantErr(t, c.name, c.put(), c.want)
		if files := blobFiles(t, f.db.Dir()); len(files) != 1 {
			t.Errorf("%s: %d files of values, want 1", c.name, len(files))
		}
		got, err := ix.Get(ctx, "k")
		want(t, c.name+": Get()", got, err, large("a"))
	}
}

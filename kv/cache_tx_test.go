package kv_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/dcq-go/dcq/kv"
)

// A transaction that is rolled back keeps the values that it replaced, also those that
// are files: DiskCache loses these.
func TestCacheRollback(t *testing.T) {
	f := newFixture(t)
	c, ctx := f.cache(stringOptions{SizeLimit: 10_000}), t.Context()
	failed := errors.New("failed")
	fill := func() {
		for _, key := range []string{"a", "b", "c", "d"} {
			f.set(c, key, large(key), kv.SetOptions{Tag: "t", TTL: time.Minute})
		}
	}
	fill()
	changes := map[string]func(tx *storeTx) error{
		"Set": func(tx *storeTx) error { return c.SetTx(tx, "a", large("x"), kv.SetOptions{}) },
		"SetReader": func(tx *storeTx) error {
			return c.SetReaderTx(tx, "a", strings.NewReader(large("x")), kv.SetOptions{})
		},
		"Set that evicts": func(tx *storeTx) error {
			return c.SetTx(tx, "a", strings.Repeat("x", 9_000), kv.SetOptions{})
		},
		"Add": func(tx *storeTx) error {
			_, err := c.AddTx(tx, "e", large("x"), kv.SetOptions{})
			return err
		},
		"Pop": func(tx *storeTx) error {
			v, err := c.PopTx(tx, "a")
			equal(t, "PopTx()", v, err, large("a"))
			return err
		},
		"Delete": func(tx *storeTx) error { _, err := c.DeleteTx(tx, "a"); return err },
		"Touch":  func(tx *storeTx) error { _, err := c.TouchTx(tx, "a", time.Second); return err },
		"Evict":  func(tx *storeTx) error { _, err := c.EvictTx(tx, "t"); return err },
		"Clear":  func(tx *storeTx) error { _, err := c.ClearTx(tx); return err },
		"all": func(tx *storeTx) error {
			return errors.Join(c.SetTx(tx, "a", "1", kv.SetOptions{}), c.SetTx(tx, "a", large("y"), kv.SetOptions{}),
				c.SetTx(tx, "a", large("z"), kv.SetOptions{}))
		},
	}
	for name, change := range changes {
		err := f.db.Update(ctx, func(tx *storeTx) error { return errors.Join(change(tx), failed) })
		if !errors.Is(err, failed) {
			t.Fatalf("%s: Update() = %v, want %v", name, err, failed)
		}
		f.must(c.Flush(ctx))
		f.must(f.db.Update(ctx, func(tx *storeTx) error { _, err := tx.Next(); return err })) // what may go goes now
		f.wantKeys(c, "a b c d")
		for _, key := range []string{"a", "b", "c", "d"} {
			f.want(c, key, large(key))
		}
		f.wantFiles(4)
	}
}

// A transaction sees what it did itself.
func TestCacheTx(t *testing.T) {
	f := newFixture(t)
	c, ctx := f.cache(stringOptions{}), t.Context()
	f.set(c, "old", large("o"), kv.SetOptions{})
	f.must(f.db.Update(ctx, func(tx *storeTx) error {
		f.must(c.SetTx(tx, "a", large("a"), kv.SetOptions{Tag: "t"}))
		v, err := c.GetTx(tx, "a")
		equal(t, "GetTx()", v, err, large("a"))
		ok, err := c.DeleteTx(tx, "old")
		equal(t, "DeleteTx()", ok, err, true)
		ok, err = c.ContainsTx(tx, "old")
		equal(t, "ContainsTx()", ok, err, false)
		i, err := c.GetItemTx(tx, "a")
		equal(t, "GetItemTx()", i.Tag, err, "t")
		r, err := c.OpenTx(tx, "a")
		f.must(err)
		defer r.Close()
		b, err := io.ReadAll(r)
		equal(t, "OpenTx()", string(b), err, large("a"))
		n, err := c.LenTx(tx)
		equal(t, "LenTx()", n, err, 1)
		volume, err := c.VolumeTx(tx)
		equal(t, "VolumeTx()", volume, err, i.Size)
		keys := ""
		for i, err := range c.ItemsTx(tx) {
			f.must(err)
			keys += i.Key
		}
		equal(t, "ItemsTx()", keys, nil, "a")
		n, err = c.ExpireTx(tx)
		equal(t, "ExpireTx()", n, err, 0)
		n, err = c.CullTx(tx)
		equal(t, "CullTx()", n, err, 0)
		return nil
	}))
	f.wantKeys(c, "a")
}

// zeros is a stream of n bytes that is nowhere in memory.
func zeros(n int64) io.Reader { return io.LimitReader(zeroReader{}, n) }

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// A reader has the value that was there when it was opened, whatever becomes of it.
func TestCacheStreams(t *testing.T) {
	f := newFixture(t)
	c, ctx := f.cache(stringOptions{}), t.Context()
	const size = 20 << 20
	f.must(c.SetReader(ctx, "a", zeros(size), kv.SetOptions{Tag: "t"}))
	f.must(c.SetReader(ctx, "small", strings.NewReader("small"), kv.SetOptions{}))
	f.want(c, "small", "small")
	i, err := c.GetItem(ctx, "a")
	equal(t, "GetItem().Size", i.Size, err, int64(size+1+1+100))
	r, err := c.Open(ctx, "a")
	f.must(err)
	defer r.Close()
	f.set(c, "a", "new", kv.SetOptions{})
	f.must(c.Flush(ctx))
	f.wantFiles(0)
	n, err := io.Copy(io.Discard, r)
	equal(t, "bytes read of a value that is gone", n, err, size)
	if _, err := c.Open(ctx, "none"); !errors.Is(err, kv.ErrNotFound) {
		t.Errorf("Open() of nothing = %v, want %v", err, kv.ErrNotFound)
	}
	failed := errors.New("failed")
	broken := io.MultiReader(strings.NewReader(large("x")), errReader{failed})
	if err := c.SetReader(ctx, "a", broken, kv.SetOptions{}); !errors.Is(err, failed) {
		t.Errorf("SetReader() of a broken stream = %v, want %v", err, failed)
	}
	f.want(c, "a", "new")
	f.wantFiles(0)
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

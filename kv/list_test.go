package kv_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

func TestList(t *testing.T) {
	t.Parallel()
	db, ctx := storetest.Open(t, store.Options{}), t.Context()
	got, err := kv.List(ctx, db)
	want(t, "List() of nothing", got, err, []kv.IndexInfo(nil))
	b := openIndex(t, db, "b", kv.IndexOptions[string, string]{History: 7})
	openIndex(t, db, "a", kv.IndexOptions[int, string]{})
	for _, key := range []string{"x", "y", "x"} {
		if _, err := b.Put(ctx, key, "v"); err != nil {
			t.Fatal(err)
		}
	}
	got, err = kv.List(ctx, db)
	want(t, "List()", got, err, []kv.IndexInfo{{"a", 0, 0, "int"}, {"b", 2, 7, "bytes"}})
}

// What no write of a cache would come to, Sweep removes in all caches, with files.
func TestSweep(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(time.Unix(1e9, 0))
	dir := t.TempDir()
	db, ctx := storetest.OpenDir(t, dir, store.Options{Clock: clock, BlobThreshold: 10}), t.Context()
	n, err := kv.Sweep(ctx, db)
	want(t, "Sweep() of nothing", n, err, 0)
	for _, name := range []string{"a", "b"} {
		c, err := kv.OpenCache(ctx, db, name, kv.CacheOptions[int, string]{CullLimit: kv.NoCull})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 150 {
			ttl := time.Second
			if i%3 == 0 {
				ttl = time.Hour
			}
			if err := c.Set(ctx, i, fmt.Sprint("more than ten bytes ", i), kv.SetOptions{TTL: ttl}); err != nil {
				t.Fatal(err)
			}
		}
	}
	clock.Step(time.Minute)
	n, err = kv.Sweep(ctx, db)
	want(t, "Sweep()", n, err, 200)
	n, err = kv.Sweep(ctx, db)
	want(t, "Sweep() again", n, err, 0)
	n, err = db.SweepBlobs(ctx)
	want(t, "SweepBlobs()", n, err, 0)
}

package kv_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// twice returns two handles of a cache, each of a DB of its own, as two processes have.
func twice(t *testing.T, opts kv.CacheOptions[string, int]) (a, b *kv.Cache[string, int], clock *storetest.Clock) {
	t.Helper()
	clock = storetest.NewClock(time.Unix(1e9, 0))
	db := storetest.Open(t, store.Options{Clock: clock, Durability: store.Relaxed})
	other := storetest.OpenDir(t, db.Dir(), store.Options{Clock: clock, Durability: store.Relaxed})
	return openCache(t, db, opts), openCache(t, other, opts), clock
}

// What a process has read does not hide from it what another changes.
func TestCacheChangesAreSeen(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(t *testing.T, c *kv.Cache[string, int]) error{
		"set":    func(t *testing.T, c *kv.Cache[string, int]) error { return c.Set(t.Context(), "a", 2, kv.SetOptions{}) },
		"delete": func(t *testing.T, c *kv.Cache[string, int]) error { _, err := c.Delete(t.Context(), "a"); return err },
		"pop":    func(t *testing.T, c *kv.Cache[string, int]) error { _, err := c.Pop(t.Context(), "a"); return err },
		"incr": func(t *testing.T, c *kv.Cache[string, int]) error {
			_, err := kv.Incr(t.Context(), c, "a", 1, 0)
			return err
		},
		"touch": func(t *testing.T, c *kv.Cache[string, int]) error {
			_, err := c.Touch(t.Context(), "a", time.Minute)
			return err
		},
		"evict": func(t *testing.T, c *kv.Cache[string, int]) error { _, err := c.Evict(t.Context(), "tag"); return err },
		"clear": func(t *testing.T, c *kv.Cache[string, int]) error { _, err := c.Clear(t.Context()); return err },
		"cull":  func(t *testing.T, c *kv.Cache[string, int]) error { return c.SetSizeLimit(t.Context(), 1) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b, _ := twice(t, kv.CacheOptions[string, int]{})
			wantErr(t, "Set()", a.Set(t.Context(), "a", 1, kv.SetOptions{Tag: "tag"}), nil)
			before := describe(t, b)
			wantErr(t, name, change(t, a), nil)
			if after := describe(t, b); after == before {
				t.Errorf("the other process still reads %s", after)
			}
		})
	}
}

// describe says what a cache has under "a", after it has read it once.
func describe(t *testing.T, c *kv.Cache[string, int]) (said string) {
	t.Helper()
	for range 2 {
		item, err := c.GetItem(t.Context(), "a")
		said = fmt.Sprint(item, err)
	}
	return said
}

// What is remembered expires like everything else.
func TestCacheExpiresInMemory(t *testing.T) {
	t.Parallel()
	a, b, clock := twice(t, kv.CacheOptions[string, int]{CullLimit: kv.NoCull})
	wantErr(t, "Set()", a.Set(t.Context(), "a", 1, kv.SetOptions{TTL: time.Minute}), nil)
	for range 2 {
		got, err := b.Get(t.Context(), "a")
		want(t, "Get()", got, err, 1)
	}
	clock.Advance(time.Minute)
	_, err := b.Get(t.Context(), "a")
	wantErr(t, "Get()", err, kv.ErrNotFound)
}

// Reads from memory are counted like others.
func TestReadsFromMemoryCount(t *testing.T) {
	t.Parallel()
	_, c, _ := twice(t, kv.CacheOptions[string, int]{Statistics: true})
	wantErr(t, "Set()", c.Set(t.Context(), "a", 1, kv.SetOptions{}), nil)
	for range 5 {
		got, err := c.Get(t.Context(), "a")
		want(t, "Get()", got, err, 1)
	}
	stats, err := c.Stats(t.Context())
	want(t, "Stats()", stats, err, kv.CacheStats{Hits: 5})
}

// What a process keeps of its reads is bounded, and each row is the right one.
func TestRecentIsBounded(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{Durability: store.Relaxed})
	ix := openIndex(t, db, "x", kv.IndexOptions[int, []byte]{})
	const n = 600
	for size := 10_000; size <= 12_000; size += 2000 { // rows are also replaced by larger ones
		value := func(i int) []byte { return append(fmt.Appendf(nil, "%d of %d ", i, size), make([]byte, size)...) }
		wantErr(t, "PutMany()", ix.PutMany(t.Context(), func(yield func(int, []byte) bool) {
			for i := range n {
				if !yield(i, value(i)) {
					return
				}
			}
		}), nil)
		for i := range 3 * n {
			key := []int{i / 2 % n, i % 7}[i%2] // some are read again and again
			got, err := ix.Get(t.Context(), key)
			if err != nil || string(got) != string(value(key)) {
				t.Fatalf("Get(%d) = %.20q, %v", key, got, err)
			}
		}
		if used, limit, sound := ix.RecentSize(); used > limit || used < limit/2 || !sound {
			t.Errorf("%d bytes of at most %d are kept, sound: %v", used, limit, sound)
		}
	}
}

// A caller may do as it likes with a key and a value.
func TestReadsAreTheCallers(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{Durability: store.Relaxed})
	ix := openIndex(t, db, "x", kv.IndexOptions[string, []byte]{})
	_, err := ix.Put(t.Context(), "a", []byte("value"))
	wantErr(t, "Put()", err, nil)
	for range 3 {
		got, err := ix.Get(t.Context(), "a")
		want(t, "Get()", string(got), err, "value")
		copy(got, "spoil")
	}
	for range 2 {
		_, err := ix.Get(t.Context(), "b")
		wantErr(t, "Get() of what is not there", err, kv.ErrNotFound)
	}
}

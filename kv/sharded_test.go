package kv_test

import (
	"errors"
	"fmt"
	"hash/fnv"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

func openSharded(t testing.TB, dir string, shards int, opts stringOptions) *kv.Sharded[string, string] {
	t.Helper()
	s, err := kv.OpenSharded(t.Context(), dir, "c", shards, store.Options{}, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, c := range s.Shards() {
			storetest.Check(t, c.DB())
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestSharded(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	s := openSharded(t, dir, 4, stringOptions{SizeLimit: 1 << 20, Statistics: true})
	const n = 100
	for i := range n {
		if err := s.Set(ctx, fmt.Sprint(i), fmt.Sprint("v", i), kv.SetOptions{Tag: fmt.Sprint(i % 2)}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		v, err := s.Get(ctx, fmt.Sprint(i))
		equal(t, "Get()", v, err, fmt.Sprint("v", i))
	}
	seen := map[string]bool{}
	for i, err := range s.Items(ctx) {
		equal(t, "item "+i.Key, i.Value, err, "v"+i.Key)
		seen[i.Key] = true
	}
	if len(seen) != n {
		t.Errorf("Items() yields %d keys, want %d", len(seen), n)
	}
	for i, c := range s.Shards() {
		k, err := c.Len(ctx)
		if err != nil || k < n/8 {
			t.Errorf("shard %d has %d items, %v, of %d in 4", i, k, err, n)
		}
		limit, err := c.SizeLimit(ctx)
		equal(t, "SizeLimit() of a shard", limit, err, 1<<18)
	}
	stats, err := s.Stats(ctx)
	equal(t, "Stats()", stats, err, kv.CacheStats{Hits: n})
	got, err := s.Evict(ctx, "1")
	equal(t, "Evict()", got, err, n/2)
	got, err = s.Len(ctx)
	equal(t, "Len()", got, err, n/2)
	volume, err := s.Volume(ctx)
	equal(t, "Volume() of so many items", volume > n/2*100 && volume < n/2*200, err, true)
	got, err = s.Clear(ctx)
	equal(t, "Clear()", got, err, n/2)
}

// The number of shards is stored: DiskCache opens 8 shards as 4, and finds half of the
// keys.
func TestShardedCountIsStored(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	s := openSharded(t, dir, 8, stringOptions{})
	for i := range 100 {
		if err := s.Set(ctx, fmt.Sprint(i), "v", kv.SetOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range []int{1, 4, 9} {
		if _, err := kv.OpenSharded(ctx, dir, "c", n, store.Options{}, stringOptions{}); !errors.Is(err, kv.ErrConflict) {
			t.Errorf("OpenSharded(%d) of 8 = %v, want %v", n, err, kv.ErrConflict)
		}
	}
	if dirs, _ := filepath.Glob(filepath.Join(dir, "*")); len(dirs) != 8 {
		t.Errorf("%d directories, want 8", len(dirs))
	}
	if _, err := kv.OpenCache(ctx, s.Shards()[0].DB(), "c", stringOptions{}); !errors.Is(err, kv.ErrConflict) {
		t.Errorf("OpenCache() of a shard = %v, want %v", err, kv.ErrConflict)
	}
	again := openSharded(t, dir, 0, stringOptions{SizeLimit: kv.DefaultSizeLimit})
	n, err := again.Len(ctx)
	equal(t, "Len() of all shards", n, err, 100)
	for i := range 100 {
		v, err := again.Get(ctx, fmt.Sprint(i))
		equal(t, "Get()", v, err, "v")
	}
}

// A key stays in its shard from one version of the program to the next.
func TestShardedHashIsStable(t *testing.T) {
	s := openSharded(t, t.TempDir(), 3, stringOptions{})
	for _, key := range []string{"", "a", "b", "key", strings.Repeat("k", 1000)} {
		h := fnv.New64a()
		h.Write([]byte(key))
		c, err := s.Shard(key)
		if want := s.Shards()[h.Sum64()%3]; c != want || err != nil {
			t.Errorf("Shard(%.10q) = %p, %v, want %p", key, c, err, want)
		}
	}
	if _, err := s.Shard(strings.Repeat("k", 2000)); !errors.Is(err, kv.ErrKey) {
		t.Errorf("Shard() of a long key = %v, want %v", err, kv.ErrKey)
	}
}

// The codec of the options is the codec of every shard: DiskCache's cache(disk=) takes one
// and uses another.
func TestShardedUsesTheCodec(t *testing.T) {
	ctx := t.Context()
	s := openSharded(t, t.TempDir(), 2, stringOptions{Codec: upper{}})
	for _, key := range []string{"a", "b", "c", "d"} {
		if err := s.Set(ctx, key, "v", kv.SetOptions{}); err != nil {
			t.Fatal(err)
		}
		v, err := s.Get(ctx, key)
		equal(t, "Get()", v, err, "<V>")
	}
}

// upper is a codec that is easy to recognize.
type upper struct{}

func (upper) Encode(v string) ([]byte, error) { return []byte(strings.ToUpper(v)), nil }
func (upper) Decode(b []byte) (string, error) { return "<" + string(b) + ">", nil }

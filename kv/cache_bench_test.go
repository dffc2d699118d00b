package kv_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

const benchItems = 1000

var benchValue = strings.Repeat("v", 100)

func benchCache(b *testing.B, opts kv.CacheOptions[int, string]) *kv.Cache[int, string] {
	b.Helper()
	c := openCache(b, storetest.Open(b, store.Options{}), opts)
	for i := range benchItems {
		if err := c.Set(b.Context(), i, benchValue, kv.SetOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	return c
}

// BenchmarkCache measures single operations on values of 100 bytes, one after the other.
func BenchmarkCache(b *testing.B) {
	policies := map[string]kv.CacheOptions[int, string]{
		"":        {},
		"/lru":    {Policy: kv.LeastRecentlyUsed},
		"/stats":  {Statistics: true},
		"/strong": {Durable: true},
		"/full":   {SizeLimit: benchItems * 200},
	}
	run := func(name, kind string, fn func(b *testing.B, c *kv.Cache[int, string], i int) error) {
		b.Run(name+kind, func(b *testing.B) {
			c := benchCache(b, policies[kind])
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if err := fn(b, c, i); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
	get := func(b *testing.B, c *kv.Cache[int, string], i int) error {
		_, err := c.Get(b.Context(), i%benchItems)
		return err
	}
	set := func(b *testing.B, c *kv.Cache[int, string], i int) error {
		return c.Set(b.Context(), i%benchItems, benchValue, kv.SetOptions{})
	}
	setNew := func(b *testing.B, c *kv.Cache[int, string], i int) error {
		return c.Set(b.Context(), i+benchItems, benchValue, kv.SetOptions{})
	}
	run("get", "", get)
	run("get", "/lru", get)
	run("get", "/stats", get)
	run("miss", "", func(b *testing.B, c *kv.Cache[int, string], i int) error {
		_, err := c.Get(b.Context(), -1)
		if errors.Is(err, kv.ErrNotFound) {
			return nil
		}
		return err
	})
	run("set", "", set)
	run("set", "/strong", set)
	run("set new", "", setNew)
	run("set new", "/full", setNew)
	run("delete and set", "", func(b *testing.B, c *kv.Cache[int, string], i int) error {
		if _, err := c.Delete(b.Context(), i%benchItems); err != nil {
			return err
		}
		return set(b, c, i)
	})
}

// BenchmarkCacheParallel measures goroutines that use a cache at the same time, 16 for
// each CPU.
func BenchmarkCacheParallel(b *testing.B) {
	for _, writes := range []int{0, 10, 100} {
		b.Run(fmt.Sprintf("%d%% writes", writes), func(b *testing.B) {
			c := benchCache(b, kv.CacheOptions[int, string]{})
			var n atomic.Int64
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					i := int(n.Add(1))
					var err error
					if i%100 < writes {
						err = c.Set(b.Context(), i%benchItems, benchValue, kv.SetOptions{})
					} else {
						_, err = c.Get(b.Context(), i%benchItems)
					}
					if err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

// BenchmarkCacheFill measures a transaction that stores 1,000 items, new ones or again.
func BenchmarkCacheFill(b *testing.B) {
	for _, kind := range []string{"new", "again"} {
		b.Run(kind, func(b *testing.B) {
			c := benchCache(b, kv.CacheOptions[int, string]{})
			first := 0
			for b.Loop() {
				if kind == "new" {
					first += benchItems
				}
				err := c.DB().Update(b.Context(), func(tx *store.Tx) error {
					for i := range benchItems {
						if err := c.SetTx(tx, first+i, benchValue, kv.SetOptions{}); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*benchItems/b.Elapsed().Seconds(), "items/s")
		})
	}
}

func init() { children["write to shards"] = writeToShards }

// writeToShards sets as many values as it is told.
func writeToShards(c *proctest.Child) error {
	var shards, n int
	if _, err := fmt.Sscan(c.Args[1]+" "+c.Args[2], &shards, &n); err != nil {
		return err
	}
	s, err := kv.OpenSharded(context.Background(), c.Args[0], "c", shards, store.Options{}, kv.CacheOptions[int, string]{})
	if err != nil {
		return err
	}
	c.Say("ready")
	c.Command()
	for i := range n {
		if err := s.Set(context.Background(), i, benchValue, kv.SetOptions{}); err != nil {
			return err
		}
	}
	c.Say("done")
	return s.Close()
}

// BenchmarkCacheShards measures 4 processes that write to one cache of so many shards.
func BenchmarkCacheShards(b *testing.B) {
	const writers = 4
	for _, shards := range []int{1, 2, 4, 8} {
		b.Run(fmt.Sprint(shards), func(b *testing.B) {
			dir := b.TempDir()
			var list []*proctest.Process
			for range writers {
				p := proctest.Start(b, "write to shards", dir, fmt.Sprint(shards), fmt.Sprint(b.N/writers+1))
				p.Expect("ready")
				list = append(list, p)
			}
			b.ResetTimer()
			for _, p := range list {
				p.Send("go")
			}
			for _, p := range list {
				p.Expect("done")
			}
			b.StopTimer()
		})
	}
}

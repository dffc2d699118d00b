package kv_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
)

// benchIndex returns an index of the keys from 0 to n-1, with values of 100 bytes.
func benchIndex(b *testing.B, n int, opts kv.IndexOptions[int, []byte]) *kv.Index[int, []byte] {
	b.Helper()
	db, err := store.Open(b.Context(), b.TempDir(), store.Options{Durability: store.Relaxed})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	ix := openIndex(b, db, "x", opts)
	for from := 0; from < n; from += 1000 {
		wantErr(b, "PutMany()", ix.PutMany(b.Context(), thousand(from)), nil)
	}
	return ix
}

// thousand yields so many keys with values.
func thousand(from int) func(func(int, []byte) bool) {
	return func(yield func(int, []byte) bool) {
		for i := range 1000 {
			if !yield(from+i, make([]byte, 100)) {
				return
			}
		}
	}
}

// BenchmarkIndex measures one caller at a time, one operation a commit, without fsync:
// that the number of entries does not matter.
func BenchmarkIndex(b *testing.B) {
	for _, n := range []int{1000, 1_000_000} {
		ix, ctx, value := benchIndex(b, n, kv.IndexOptions[int, []byte]{}), b.Context(), make([]byte, 100)
		run := func(name string, op func(i int) error) {
			b.Run(fmt.Sprintf("%s/keys=%d", name, n), func(b *testing.B) {
				for i := 0; b.Loop(); i++ {
					if err := op(i); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		run("get", func(int) error { _, err := ix.Get(ctx, rand.IntN(n)); return err })
		run("put", func(int) error { _, err := ix.Put(ctx, rand.IntN(n), value); return err })
		run("insert", func(i int) error { _, err := ix.Put(ctx, n+i, value); return err })
		run("delete", func(i int) error { _, err := ix.Delete(ctx, n+i); return err })
		run("len", func(int) error { _, err := ix.Len(ctx); return err })
		run("first", func(int) error { _, err := ix.First(ctx, kv.ScanOptions[int]{ByInsertion: true}); return err })
	}
}

// BenchmarkPutMany measures 1,000 keys a commit, with fsync, new and there.
func BenchmarkPutMany(b *testing.B) {
	for name, history := range map[string]int{"history=0": 0, "history=10000": 10_000} {
		b.Run(name, func(b *testing.B) {
			db, err := store.Open(b.Context(), b.TempDir(), store.Options{})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = db.Close() })
			ix := openIndex(b, db, "x", kv.IndexOptions[int, []byte]{History: history})
			for i := 0; b.Loop(); i++ {
				wantErr(b, "PutMany()", ix.PutMany(b.Context(), thousand(i%2*i*1000)), nil)
			}
			b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "keys/s")
		})
	}
}

// BenchmarkPutHistory measures a put that is logged.
func BenchmarkPutHistory(b *testing.B) {
	ix, value := benchIndex(b, 1000, kv.IndexOptions[int, []byte]{History: 10_000}), make([]byte, 100)
	for b.Loop() {
		_, err := ix.Put(b.Context(), rand.IntN(1000), value)
		wantErr(b, "Put()", err, nil)
	}
}

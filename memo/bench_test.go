package memo_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/dcq-go/dcq/memo"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// BenchmarkHit is Get of what is remembered.
func BenchmarkHit(b *testing.B) {
	for _, size := range []int{100, 10_000} {
		b.Run(fmt.Sprintf("size=%d", size), func(b *testing.B) {
			f := benchFunc(b, size)
			if _, err := f.Get(b.Context(), 1); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := f.Get(b.Context(), 1); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkHitParallel is BenchmarkHit by as many goroutines as there are processors.
func BenchmarkHitParallel(b *testing.B) {
	f := benchFunc(b, 100)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := f.Get(b.Context(), 1); err != nil {
				b.Error(err)
			}
		}
	})
}

// BenchmarkMiss is Get of what nobody has computed, with a function that takes no time.
func BenchmarkMiss(b *testing.B) {
	f := benchFunc(b, 100)
	n := 0
	for b.Loop() {
		n++
		if _, err := f.Get(b.Context(), n); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMissParallel is BenchmarkMiss by many goroutines, whose commits combine.
func BenchmarkMissParallel(b *testing.B) {
	f := benchFunc(b, 100)
	var n atomic.Int64
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := f.Get(b.Context(), int(n.Add(1))); err != nil {
				b.Error(err)
			}
		}
	})
}

func benchFunc(b *testing.B, size int) *memo.Func[int, string] {
	b.Helper()
	value := strings.Repeat("x", size)
	return open(b, storetest.Open(b, store.Options{}), func(context.Context, int) (string, error) { return value, nil }, memo.Options[int, string]{})
}

package queue_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

func benchQueue(b *testing.B, durability store.Durability) (*store.DB, *queue.Queue[[]byte]) {
	b.Helper()
	db, err := store.Open(b.Context(), b.TempDir(), store.Options{Durability: durability})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	q, err := queue.Open(b.Context(), db, "q", queue.Options[[]byte]{})
	if err != nil {
		b.Fatal(err)
	}
	return db, q
}

// BenchmarkPush measures one caller who pushes jobs of 100 bytes, one a commit.
func BenchmarkPush(b *testing.B) {
	for name, durability := range map[string]store.Durability{"relaxed": store.Relaxed, "durable": store.Durable} {
		b.Run(name, func(b *testing.B) {
			_, q := benchQueue(b, durability)
			payload := make([]byte, 100)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := q.Push(b.Context(), payload, queue.PushOptions{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPushTogether measures 64 callers who push durably, and share commits.
func BenchmarkPushTogether(b *testing.B) {
	_, q := benchQueue(b, store.Durable)
	payload := make([]byte, 100)
	b.SetParallelism(64 / runtime.GOMAXPROCS(0))
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := q.Push(b.Context(), payload, queue.PushOptions{}); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "push/s")
}

// BenchmarkClaimAndAck measures a job's way out of the queue without a worker around it.
func BenchmarkClaimAndAck(b *testing.B) {
	for _, n := range []int{1, 64} {
		b.Run(fmt.Sprint("jobs=", n), func(b *testing.B) {
			db, q := benchQueue(b, store.Relaxed)
			payloads := slices.Repeat([][]byte{make([]byte, 100)}, 1000)
			b.ReportAllocs()
			for left := 0; b.Loop(); left -= n {
				if left < n {
					b.StopTimer()
					for range 10 {
						if _, err := q.PushMany(b.Context(), payloads, queue.PushOptions{}); err != nil {
							b.Fatal(err)
						}
						left += len(payloads)
					}
					b.StartTimer()
				}
				jobs, err := q.TryReceiveMany(b.Context(), queue.ReceiveOptions{Max: n})
				if err != nil {
					b.Fatal(err)
				}
				var claims []*queue.Claim
				for _, j := range jobs {
					claims = append(claims, j.Claim)
				}
				err = db.Batch(b.Context(), false, func(tx *store.Tx) error {
					_, err := queue.AckManyTx(tx, claims)
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/job")
		})
	}
}

package queue_test

import (
	"testing"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

// BenchmarkPush measures one caller who pushes jobs of 100 bytes, one a commit.
func BenchmarkPush(b *testing.B) {
	for name, durability := range map[string]store.Durability{"relaxed": store.Relaxed, "durable": store.Durable} {
		b.Run(name, func(b *testing.B) {
			db, err := store.Open(b.Context(), b.TempDir(), store.Options{Durability: durability})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = db.Close() })
			q, err := queue.Open(b.Context(), db, "q", queue.Options[[]byte]{})
			if err != nil {
				b.Fatal(err)
			}
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

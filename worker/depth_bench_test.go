//go:build unix

package worker_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/worker"
)

func fill(b *testing.B, q *queue.Queue[string], jobs int) {
	b.Helper()
	batch := slices.Repeat([]string{strings.Repeat("x", 100)}, 1000)
	for range jobs / 1000 {
		if _, err := q.PushMany(b.Context(), batch, queue.PushOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDepth measures a push, a receive and an acknowledgement in a queue of the
// given depth, relaxed.
func BenchmarkDepth(b *testing.B) {
	for _, depth := range []int{1000, 1_000_000} {
		b.Run(fmt.Sprint("jobs=", depth), func(b *testing.B) {
			_, q := benchQueue(b, b.TempDir())
			fill(b, q, depth)
			payload := strings.Repeat("x", 100)
			for b.Loop() {
				if _, err := q.Push(b.Context(), payload, queue.PushOptions{}); err != nil {
					b.Fatal(err)
				}
				j, err := q.TryReceive(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				if err := j.Ack(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// drainChild handles n jobs and ends.
func drainChild(c *proctest.Child) error {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	db, q, err := openQueue(ctx, c.Args[0], store.Relaxed)
	if err != nil {
		return err
	}
	left := 100_000
	p, err := worker.New(db, worker.Options{Concurrency: 8, Observer: func(worker.Event) {
		if left--; left == 0 {
			stop()
		}
	}})
	if err != nil {
		return err
	}
	nothing := func(context.Context, *queue.Job[string]) error { return nil }
	if err := worker.Handle(p, q, nothing); err != nil {
		return err
	}
	if err := p.Run(ctx); err != nil {
		return err
	}
	c.Say("%d", proctest.PeakRSS())
	return db.Close()
}

// BenchmarkMemory measures the resident memory of a worker that handles 100,000 jobs
// of a queue of a million.
func BenchmarkMemory(b *testing.B) {
	dir := b.TempDir()
	_, q := benchQueue(b, dir)
	fill(b, q, 1_000_000)
	b.ResetTimer()
	for range b.N {
		c := proctest.Start(b, "drain", dir)
		said, _ := c.Next()
		if err := c.Wait(); err != nil {
			b.Fatalf("the worker failed: %v: %s", err, c.Stderr())
		}
		rss, err := strconv.ParseFloat(said, 64)
		if err != nil {
			b.Fatalf("the worker said %q", said)
		}
		b.ReportMetric(rss/1024, "rss-MiB")
	}
}

// BenchmarkDrain measures what a job costs that does nothing: 10,000 are handled by 8
// workers of one process.
func BenchmarkDrain(b *testing.B) {
	const jobs = 10_000
	for _, durability := range []store.Durability{store.Relaxed, store.ByOperation} {
		b.Run(fmt.Sprint("durability=", durability), func(b *testing.B) {
			db, q, err := openQueue(b.Context(), b.TempDir(), durability)
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { db.Close() })
			for b.Loop() {
				b.StopTimer()
				fill(b, q, jobs)
				b.StartTimer()
				p, err := worker.New(db, worker.Options{Concurrency: 8})
				if err != nil {
					b.Fatal(err)
				}
				err = worker.Handle(p, q, func(context.Context, *queue.Job[string]) error { return nil })
				if err != nil {
					b.Fatal(err)
				}
				if err := p.RunUntilIdle(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(jobs*b.N)/b.Elapsed().Seconds(), "jobs/s")
		})
	}
}

package queue_test

import (
	"testing"

	"github.com/dcq-go/dcq/internal/alloctest"
	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// What every job goes through allocates no more than it did.
func TestAllocations(t *testing.T) {
	db, ctx := storetest.Open(t, store.Options{Durability: store.Relaxed}), t.Context()
	q, err := queue.Open(ctx, db, "q", queue.Options[[]byte]{})
	if err != nil {
		t.Fatal(err)
	}
	var jobs []*queue.Job[[]byte]
	payload := make([]byte, 100)
	alloctest.AtMost(t, "push", 39, func() error {
		_, err := q.Push(ctx, payload, queue.PushOptions{})
		return err
	})
	alloctest.AtMost(t, "claim", 88, func() error {
		j, err := q.TryReceive(ctx)
		jobs = append(jobs, j)
		return err
	})
	alloctest.AtMost(t, "ack", 24, func() error {
		j := jobs[0]
		jobs = jobs[1:]
		return j.Ack(ctx)
	})
}

package main

import (
	"io"
	"testing"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// TestBulkEnds changes jobs while each change makes another: those that were there
// when it began are changed, and it ends.
func TestBulkEnds(t *testing.T) {
	ctx := t.Context()
	db := storetest.Open(t, store.Options{})
	q, err := queue.Open(ctx, db, "q", queue.Options[string]{})
	if err != nil {
		t.Fatal(err)
	}
	const jobs = 3*jobsPage + 1
	if _, err := q.PushMany(ctx, make([]string, jobs), queue.PushOptions{}); err != nil {
		t.Fatal(err)
	}
	changed := 0
	ch := &change{app: &app{stdout: io.Discard}, done: "changed", do: func(tx *store.Tx, id int64) error {
		changed++
		_, err := q.PushTx(tx, "more", queue.PushOptions{})
		return err
	}}
	if err := ch.byFilter(ctx, db, queue.Filter{Queue: "q"}); err != nil {
		t.Errorf("byFilter() = %v", err)
	}
	if changed != jobs {
		t.Errorf("byFilter() changed %d jobs, want %d", changed, jobs)
	}
}

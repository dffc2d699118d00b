package queue_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

// Thumbnail is what a job is about.
type Thumbnail struct {
	Photo string
	Width int
}

func openExample() (*store.DB, func()) {
	dir, err := os.MkdirTemp("", "dcq-example-")
	if err != nil {
		log.Fatal(err)
	}
	db, err := store.Open(context.Background(), dir, store.Options{})
	if err != nil {
		log.Fatal(err)
	}
	return db, func() {
		db.Close()
		os.RemoveAll(dir)
	}
}

// A job is pushed by one process, and received and acknowledged by another.
func Example() {
	db, done := openExample()
	defer done()
	ctx := context.Background()

	thumbnails, err := queue.Open(ctx, db, "thumbnails", queue.Options[Thumbnail]{})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := thumbnails.Push(ctx, Thumbnail{"cat.jpg", 200}, queue.PushOptions{}); err != nil {
		log.Fatal(err)
	}

	job, err := thumbnails.Receive(ctx) // waits if there is none
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(job.Payload.Photo, job.Payload.Width, "attempt", job.Attempt)
	if err := job.Ack(ctx); err != nil {
		log.Fatal(err)
	}
	// Output: cat.jpg 200 attempt 1
}

// What is written in the transaction of the acknowledgement happens exactly once,
// whatever crashes.
func ExampleClaim_AckTx() {
	db, done := openExample()
	defer done()
	ctx := context.Background()
	orders, err := queue.Open(ctx, db, "orders", queue.Options[string]{})
	if err != nil {
		log.Fatal(err)
	}
	invoices, err := queue.Open(ctx, db, "invoices", queue.Options[string]{})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := orders.Push(ctx, "42 apples", queue.PushOptions{}); err != nil {
		log.Fatal(err)
	}
	order, err := orders.Receive(ctx)
	if err != nil {
		log.Fatal(err)
	}
	err = db.Update(ctx, func(tx *store.Tx) error {
		if _, err := invoices.PushTx(tx, "for "+order.Payload, queue.PushOptions{}); err != nil {
			return err
		}
		return order.AckTx(tx)
	})
	if err != nil {
		log.Fatal(err)
	}
	payload, _, err := invoices.Peek(ctx)
	fmt.Println(payload, err)
	// Output: for 42 apples <nil>
}

// A unique key keeps a job from being queued twice while the first one is live.
func ExampleQueue_Push_unique() {
	db, done := openExample()
	defer done()
	ctx := context.Background()
	reports, err := queue.Open(ctx, db, "reports", queue.Options[string]{})
	if err != nil {
		log.Fatal(err)
	}
	first, err := reports.Push(ctx, "nightly", queue.PushOptions{Unique: "nightly"})
	if err != nil {
		log.Fatal(err)
	}
	second, err := reports.Push(ctx, "nightly", queue.PushOptions{Unique: "nightly"})
	fmt.Println(first == second, err)
	// Output: true queue: duplicate of a live job: job 2
}

package worker_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/worker"
)

// A pool handles the jobs of a queue until nothing is left to do.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "dcq-example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	db, err := store.Open(ctx, dir, store.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	greetings, err := queue.Open(ctx, db, "greetings", queue.Options[string]{})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := greetings.PushMany(ctx, []string{"hello", "welcome"}, queue.PushOptions{}); err != nil {
		log.Fatal(err)
	}

	pool, err := worker.New(db, worker.Options{Concurrency: 1})
	if err != nil {
		log.Fatal(err)
	}
	err = worker.Handle(pool, greetings, func(ctx context.Context, job *queue.Job[string]) error {
		fmt.Println(job.Payload)
		return nil // acknowledges; an error would retry
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := pool.RunUntilIdle(ctx); err != nil { // Run would go on until ctx ends
		log.Fatal(err)
	}
	// Output:
	// hello
	// welcome
}

package kv_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
)

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

func ExampleAverager() {
	db, done := openExample()
	defer done()
	ctx := context.Background()

	latency, err := kv.OpenAverager(ctx, db, "latency")
	if err != nil {
		log.Fatal(err)
	}
	for _, ms := range []float64{12, 14, 19} { // in any processes
		if err := latency.Add(ctx, ms); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(latency.Mean(ctx))
	// Output: 15 3 <nil>
}

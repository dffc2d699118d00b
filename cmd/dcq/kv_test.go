package main

import (
	"context"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
)

// indexCommand is "index NAME TYPE": it makes an index with keys of a Go type, as a program
// does, with the value "made" under the zero key.
func indexCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: index NAME TYPE")
	}
	ctx := context.Background()
	db, err := store.Open(ctx, ts.Getenv("DCQ_STORE"), store.Options{})
	ts.Check(err)
	defer db.Close()
	makers := map[string]func(context.Context, *store.DB, string) error{
		"int64": makeIndex[int64], "uint8": makeIndex[uint8], "pair": makeIndex[kv.Pair[int, string]],
	}
	ts.Check(makers[args[1]](ctx, db, args[0]))
}

func makeIndex[K any](ctx context.Context, db *store.DB, name string) error {
	ix, err := kv.OpenIndex(ctx, db, name, kv.IndexOptions[K, string]{})
	if err != nil {
		return err
	}
	var zero K
	_, err = ix.Put(ctx, zero, "made")
	return err
}

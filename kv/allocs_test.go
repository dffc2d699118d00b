package kv_test

import (
	"testing"

	"github.com/dcq-go/dcq/internal/alloctest"
	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// Gets and puts allocate no more than they did.
func TestAllocations(t *testing.T) {
	db, ctx := storetest.Open(t, store.Options{Durability: store.Relaxed}), t.Context()
	ix := openIndex(t, db, "x", kv.IndexOptions[int, []byte]{})
	value := make([]byte, 100)
	n := 0
	alloctest.AtMost(t, "put", 78, func() error {
		n++
		_, err := ix.Put(ctx, n, value)
		return err
	})
	other, err := store.Open(ctx, db.Dir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	fresh := openIndex(t, other, "x", kv.IndexOptions[int, []byte]{})
	n = 0
	alloctest.AtMost(t, "get", 34, func() error {
		n++
		_, err := fresh.Get(ctx, n)
		return err
	})
	alloctest.AtMost(t, "get of what was read before", 4, func() error {
		_, err := fresh.Get(ctx, 1)
		return err
	})
}

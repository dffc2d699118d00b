package kv_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"maps"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
)

// do ends an example that does not work.
func do(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func ExampleIndex() {
	db, done := openExample()
	defer done()
	ctx := context.Background()

	ages, err := kv.OpenIndex(ctx, db, "ages", kv.IndexOptions[string, int]{})
	do(err)
	do(ages.PutMany(ctx, maps.All(map[string]int{"cy": 40, "al": 31, "bo": 27})))
	_, err = ages.Put(ctx, "al", 32)
	do(err)
	for e, err := range ages.All(ctx) { // in the order of the keys
		do(err)
		fmt.Println(e.Key, e.Value)
	}
	_, err = ages.Get(ctx, "di")
	fmt.Println(errors.Is(err, kv.ErrNotFound))
	// Output:
	// al 32
	// bo 27
	// cy 40
	// true
}

// What was read is written back only if nobody changed it meanwhile.
func ExampleIndex_CompareAndSwap() {
	db, done := openExample()
	defer done()
	ctx := context.Background()

	owners, err := kv.OpenIndex(ctx, db, "owners", kv.IndexOptions[string, string]{})
	do(err)
	_, err = owners.CompareAndSwap(ctx, "house", 0, "al") // if nobody has it
	do(err)
	e, err := owners.GetEntry(ctx, "house")
	do(err)
	_, err = owners.CompareAndSwap(ctx, "house", e.Revision, "bo")
	do(err)
	_, err = owners.CompareAndSwap(ctx, "house", e.Revision, "cy")
	fmt.Println(errors.Is(err, kv.ErrConflict))
	// Output: true
}

// An index and a counter change in one transaction.
func ExampleAddTx() {
	db, done := openExample()
	defer done()
	ctx := context.Background()

	pages, err := kv.OpenIndex(ctx, db, "pages", kv.IndexOptions[string, string]{})
	do(err)
	hosts, err := kv.OpenIndex(ctx, db, "hosts", kv.IndexOptions[string, int]{})
	do(err)
	for _, path := range []string{"/", "/about", "/"} {
		do(db.Update(ctx, func(tx *store.Tx) error {
			_, put, err := pages.PutIfAbsentTx(tx, path, "…")
			if err == nil && put {
				_, err = kv.AddTx(tx, hosts, "example.org", 1)
			}
			return err
		}))
	}
	fmt.Println(hosts.Get(ctx, "example.org"))
	// Output: 2 <nil>
}

// A process follows an index from its present state.
func ExampleIndex_Watch() {
	db, done := openExample()
	defer done()
	ctx := context.Background()

	config, err := kv.OpenIndex(ctx, db, "config", kv.IndexOptions[string, string]{History: 1000})
	do(err)
	_, err = config.Put(ctx, "color", "red")
	do(err)
	var from int64
	do(db.View(ctx, func(tx *store.Tx) error {
		if from, err = config.RevisionTx(tx); err != nil {
			return err
		}
		for e, err := range config.AllTx(tx) {
			do(err)
			fmt.Println("there is", e.Key, e.Value)
		}
		return nil
	}))

	_, err = config.Put(ctx, "color", "blue") // in any process
	do(err)
	_, err = config.Put(ctx, "size", "9")
	do(err)
	_, err = config.Delete(ctx, "size")
	do(err)
	for event, err := range config.Watch(ctx, kv.WatchOptions{From: from}) {
		do(err)
		fmt.Println(event.Kind, event.Key, event.Value, event.Stale)
		if event.Kind == kv.Delete {
			break
		}
	}
	// Output:
	// there is color red
	// put color blue false
	// put size  true
	// delete size  false
}

func ExampleTuplePrefix() {
	db, done := openExample()
	defer done()
	ctx := context.Background()

	visits, err := kv.OpenIndex(ctx, db, "visits", kv.IndexOptions[kv.Pair[string, int], string]{})
	do(err)
	do(visits.PutMany(ctx, kv.Pairs(
		kv.PairOf(kv.PairOf("b.example", 1), "/"),
		kv.PairOf(kv.PairOf("a.example", 10), "/about"),
		kv.PairOf(kv.PairOf("a.example", 9), "/"),
	)))
	prefix, err := kv.TuplePrefix("a.example")
	do(err)
	for e, err := range visits.Scan(ctx, kv.ScanOptions[kv.Pair[string, int]]{Prefix: prefix}) {
		do(err)
		fmt.Println(e.Key.Second, e.Value)
	}
	// Output:
	// 9 /
	// 10 /about
}

// A large value is written before the transaction, so that no process waits for that.
func ExampleIndex_Stage() {
	db, done := openExample()
	defer done()
	ctx := context.Background()

	scans, err := kv.OpenIndex(ctx, db, "scans", kv.IndexOptions[string, []byte]{})
	do(err)
	sizes, err := kv.OpenIndex(ctx, db, "sizes", kv.IndexOptions[string, int]{})
	do(err)
	scan := make([]byte, 1<<20)
	staged, err := scans.Stage(scan)
	do(err)
	defer staged.Discard() // unless it was put
	do(db.Update(ctx, func(tx *store.Tx) error {
		if there, err := scans.ContainsTx(tx, "page 1"); there || err != nil {
			return err
		}
		if _, err := scans.PutStagedTx(tx, "page 1", staged); err != nil {
			return err
		}
		_, err := sizes.PutTx(tx, "page 1", len(scan))
		return err
	}))
	fmt.Println(sizes.Get(ctx, "page 1"))
	// Output: 1048576 <nil>
}

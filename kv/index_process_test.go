package kv_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"

	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

func init() {
	children["add to an index"] = addingChild
	children["follow an index"] = followingChild
}

// openChild opens the store and the index that a child is to use.
func openChild[V any](dir string, opts kv.IndexOptions[string, V]) (*store.DB, *kv.Index[string, V], error) {
	ctx := context.Background()
	db, err := store.Open(ctx, dir, store.Options{BlobThreshold: 50, Durability: store.Relaxed})
	if err != nil {
		return nil, nil, err
	}
	ix, err := kv.OpenIndex(ctx, db, "x", opts)
	return db, ix, err
}

// addingChild adds 1 so many times, in turn by Add and by CompareAndSwap.
func addingChild(c *proctest.Child) error {
	n, err := strconv.Atoi(c.Args[1])
	if err != nil {
		return err
	}
	db, ix, err := openChild(c.Args[0], kv.IndexOptions[string, int64]{})
	if err != nil {
		return err
	}
	ctx := context.Background()
	for range n {
		if _, err := kv.Add(ctx, ix, "added", 1); err != nil {
			return err
		}
		for swapped := false; !swapped; {
			e, err := ix.GetEntry(ctx, "swapped")
			if err != nil {
				return err
			}
			_, err = ix.CompareAndSwap(ctx, "swapped", e.Revision, e.Value+1)
			swapped = err == nil
		}
	}
	c.Say("done")
	return db.Close()
}

func TestAddFromProcesses(t *testing.T) {
	db, ctx := storetest.Open(t, store.Options{Durability: store.Relaxed}), t.Context()
	ix := openIndex(t, db, "x", kv.IndexOptions[string, int64]{})
	_, err := ix.Put(ctx, "swapped", 0)
	wantErr(t, "Put()", err, nil)
	const processes, times = 8, 100
	var all []*proctest.Process
	for range processes {
		all = append(all, proctest.Start(t, "add to an index", db.Dir(), fmt.Sprint(times)))
	}
	for _, p := range all {
		p.Expect("done")
	}
	for _, key := range []string{"added", "swapped"} {
		n, err := ix.Get(ctx, key)
		want(t, key, n, err, processes*times)
	}
}

// followingChild says what it is told.
func followingChild(c *proctest.Child) error {
	db, ix, err := openChild(c.Args[0], kv.IndexOptions[string, string]{})
	if err != nil {
		return err
	}
	began := false
	for e, err := range ix.Watch(context.Background(), kv.WatchOptions{Synced: true}) {
		if err != nil {
			return err
		}
		if e.Kind == kv.Put || !began {
			c.Say("%v %s%s missed=%d", e.Kind, e.Key, e.Value, db.Wakeups().Missed)
		}
		began = true
	}
	return nil
}

// Processes that wait are woken by the commit, each of them.
func TestWatchFromProcesses(t *testing.T) {
	db := storetest.Open(t, store.Options{Durability: store.Relaxed})
	ix := openIndex(t, db, "x", kv.IndexOptions[string, string]{})
	var all []*proctest.Process
	for range 4 {
		p := proctest.Start(t, "follow an index", db.Dir())
		p.Expect("synced  missed=0")
		all = append(all, p)
	}
	for i := range 20 {
		awaitWaiting(t, db, len(all))
		put(t, ix, "k", fmt.Sprint(i))
		for _, p := range all {
			p.Expect(fmt.Sprintf("put k%d missed=0", i))
		}
	}
}

package kv_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

type stringIndex = kv.Index[string, string]

// watching is a Watch that a test reads event by event.
type watching struct {
	t    testing.TB
	next func() (kv.Event[string, string], error, bool)
	last int64 // the revision of the last event
}

// watch starts a Watch, which ends with the test.
func watch(t testing.TB, ctx context.Context, ix *stringIndex, opts kv.WatchOptions) *watching {
	next, stop := iter.Pull2(ix.Watch(ctx, opts))
	t.Cleanup(stop)
	return &watching{t: t, next: next}
}

// expect fails the test unless these events come next.
func (w *watching) expect(events ...string) {
	w.t.Helper()
	for _, wanted := range events {
		e, err, _ := w.next()
		got := fmt.Sprint(e.Kind, " ", e.Key)
		if e.Kind == kv.Put {
			got += "=" + e.Value
		}
		if e.Stale {
			got += "?"
		}
		if err != nil || strings.TrimSpace(got) != wanted {
			w.t.Fatalf("the next event is %q, %v; want %q", got, err, wanted)
		}
		if e.Revision < w.last || e.Revision == w.last && e.Kind != kv.Synced {
			w.t.Fatalf("revision %d comes after %d", e.Revision, w.last)
		}
		w.last = e.Revision
	}
}

// expectEnd fails the test unless the Watch ends with this error.
func (w *watching) expectEnd(wanted error) {
	w.t.Helper()
	if e, err, more := w.next(); !more || !errors.Is(err, wanted) {
		w.t.Errorf("the next event is %v, %v; want the error %v", e, err, wanted)
	}
	if e, err, more := w.next(); more {
		w.t.Errorf("after the end comes %v, %v", e, err)
	}
}

func put(t testing.TB, ix *stringIndex, key, value string) int64 {
	t.Helper()
	rev, err := ix.Put(t.Context(), key, value)
	wantErr(t, "Put()", err, nil)
	return rev
}

func TestWatch(t *testing.T) {
	t.Parallel()
	db, ctx := storetest.Open(t, store.Options{BlobThreshold: 10}), t.Context()
	ix := openIndex(t, db, "x", kv.IndexOptions[string, string]{})
	put(t, ix, "before", "")
	w := watch(t, ctx, ix, kv.WatchOptions{Synced: true})
	w.expect("synced")
	large := strings.Repeat("l", 20)
	start := put(t, ix, "a", "1")
	put(t, ix, "a", large)
	_, err := ix.Delete(ctx, "before")
	wantErr(t, "Delete()", err, nil)
	w.expect("put a=?", "put a="+large, "delete before", "synced")

	wantErr(t, "PutMany()", ix.PutMany(ctx, kv.Pairs(kv.PairOf("c", "1"), kv.PairOf("b", "2"))), nil)
	w.expect("put c=1", "put b=2", "synced")
	wantErr(t, "Clear()", ix.Clear(ctx), nil)
	w.expect("delete a", "delete c", "delete b", "synced")

	again := watch(t, ctx, ix, kv.WatchOptions{From: start, Prefix: kv.StringPrefix("a"), Synced: true})
	again.expect("put a=?", "delete a", "synced")
	put(t, ix, "b", "not watched")
	again.expect("synced")
	put(t, ix, "a", "2")
	again.expect("put a=2")
	if missed := db.Wakeups().Missed; missed != 0 {
		t.Errorf("%d wake-ups were missed", missed)
	}
}

// A transaction that is rolled back is not told, nor are changes of another index.
func TestWatchTellsOnlyWhatWasDone(t *testing.T) {
	t.Parallel()
	db, ctx := storetest.Open(t, store.Options{}), t.Context()
	ix := openIndex(t, db, "x", kv.IndexOptions[string, string]{History: 10})
	other := openIndex(t, db, "other", kv.IndexOptions[string, string]{History: 10})
	w := watch(t, ctx, ix, kv.WatchOptions{Synced: true})
	w.expect("synced")
	failed := errors.New("failed")
	err := db.Update(ctx, func(tx *store.Tx) error {
		_, err := ix.PutTx(tx, "a", "undone")
		return errors.Join(err, failed)
	})
	wantErr(t, "Update()", err, failed)
	put(t, other, "a", "elsewhere")
	_, err = ix.Delete(ctx, "not there")
	wantErr(t, "Delete()", err, nil)
	put(t, ix, "b", "1")
	w.expect("put b=1")
}

// A history that another process begins is known to those who write, also after a
// transaction of theirs that failed.
func TestWatchBeginsHistory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, other := storetest.OpenDir(t, dir, store.Options{}), storetest.OpenDir(t, dir, store.Options{})
	ix := openIndex(t, db, "x", kv.IndexOptions[string, string]{})
	failed := errors.New("failed")
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := ix.PutTx(tx, "a", "undone")
		return errors.Join(err, failed)
	})
	wantErr(t, "Update()", err, failed)
	w := watch(t, t.Context(), openIndex(t, other, "x", kv.IndexOptions[string, string]{}), kv.WatchOptions{Synced: true})
	w.expect("synced")
	put(t, ix, "a", "1")
	w.expect("put a=1")
}

// A look and the revision of the same transaction fit together, also in one that writes.
func TestWatchFromASnapshot(t *testing.T) {
	t.Parallel()
	db, ctx := storetest.Open(t, store.Options{}), t.Context()
	ix := openIndex(t, db, "x", kv.IndexOptions[string, string]{History: 10})
	put(t, ix, "a", "1")
	var from int64
	err := db.Update(ctx, func(tx *store.Tx) (err error) {
		if _, err = ix.PutTx(tx, "b", "1"); err != nil {
			return err
		}
		if from, err = ix.RevisionTx(tx); err != nil {
			return err
		}
		_, err = ix.PutTx(tx, "c", "1")
		return err
	})
	wantErr(t, "Update()", err, nil)
	watch(t, ctx, ix, kv.WatchOptions{From: from, Synced: true}).expect("put c=1", "synced")
	from, err = ix.Revision(ctx)
	wantErr(t, "Revision()", err, nil)
	put(t, ix, "d", "1")
	watch(t, ctx, ix, kv.WatchOptions{From: from, Synced: true}).expect("put d=1", "synced")
}

func TestWatchCompacted(t *testing.T) {
	t.Parallel()
	db, ctx := storetest.Open(t, store.Options{Durability: store.Relaxed}), t.Context()
	ix := openIndex(t, db, "x", kv.IndexOptions[string, string]{})
	start := put(t, ix, "a", "1")
	watch(t, ctx, ix, kv.WatchOptions{From: start}).expectEnd(kv.ErrCompacted) // no history yet
	start = put(t, ix, "a", "2")
	put(t, ix, "b", "1")
	watch(t, ctx, ix, kv.WatchOptions{From: start}).expect("put b=1")

	const history = 100
	short := openIndex(t, db, "short", kv.IndexOptions[string, string]{History: history})
	revs := []int64{put(t, short, "first", "")}
	for i := range 300 {
		revs = append(revs, put(t, short, "k", fmt.Sprint(i)))
		if i >= history {
			watch(t, ctx, short, kv.WatchOptions{From: revs[len(revs)-1-history]}).expect("put k=?")
		}
	}
	watch(t, ctx, short, kv.WatchOptions{From: revs[0]}).expectEnd(kv.ErrCompacted)
	w := watch(t, ctx, short, kv.WatchOptions{From: revs[len(revs)-1-history]})
	for range history - 1 {
		w.expect("put k=?")
	}
	w.expect("put k=299")
	short = openIndex(t, db, "short", kv.IndexOptions[string, string]{History: 5})
	for i := range 10 {
		revs = append(revs, put(t, short, "k", fmt.Sprint(i)))
	}
	watch(t, ctx, short, kv.WatchOptions{From: revs[len(revs)-90]}).expectEnd(kv.ErrCompacted)
	watch(t, ctx, short, kv.WatchOptions{From: revs[len(revs)-2]}).expect("put k=9")
	watch(t, ctx, short, kv.WatchOptions{From: revs[len(revs)-1] + 1000}).expectEnd(kv.ErrCompacted)
	watch(t, ctx, short, kv.WatchOptions{From: -1}).expectEnd(kv.ErrCompacted)
}

// A Watch that waits ends with its context and with the store, and leaves no waiter.
func TestWatchEnds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	other := storetest.OpenDir(t, dir, store.Options{})
	db, err := store.Open(t.Context(), dir, store.Options{})
	wantErr(t, "Open()", err, nil)
	ix := openIndex(t, db, "x", kv.IndexOptions[string, string]{})
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("why")
	byContext, byClose := watch(t, ctx, ix, kv.WatchOptions{Synced: true}), watch(t, t.Context(), ix, kv.WatchOptions{Synced: true})
	byContext.expect("synced")
	byClose.expect("synced")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		byContext.expectEnd(why)
	}()
	awaitWaiting(t, other, 1)
	cancel(why)
	<-ended
	awaitWaiting(t, other, 0)
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		byClose.expectEnd(store.ErrClosed)
	}()
	awaitWaiting(t, other, 1)
	wantErr(t, "Close()", db.Close(), nil)
	<-closed
	awaitWaiting(t, other, 0)
}

// awaitWaiting returns when so many waiters are in line, of all processes.
func awaitWaiting(t testing.TB, db *store.DB, n int) {
	t.Helper()
	for waiting := -1; waiting != n; {
		list, err := db.Sessions(t.Context())
		wantErr(t, "Sessions()", err, nil)
		waiting = 0
		for _, s := range list {
			waiting += s.Waiting
		}
	}
}

// A value that is not of the type stops the Watch, which can go on after it.
func TestWatchDecode(t *testing.T) {
	t.Parallel()
	db, ctx := storetest.Open(t, store.Options{}), t.Context()
	ix := openIndex(t, db, "x", kv.IndexOptions[string, string]{History: 10})
	from := put(t, ix, "a", "1")
	put(t, ix, "b", "not a number")
	put(t, ix, "c", "3")
	numbers := openIndex(t, db, "x", kv.IndexOptions[string, int]{})
	for e, err := range numbers.Watch(ctx, kv.WatchOptions{From: from}) {
		wantErr(t, "Watch()", err, kv.ErrDecode)
		from = e.Revision
	}
	for e, err := range numbers.Watch(ctx, kv.WatchOptions{From: from}) {
		want(t, "Watch()", e.Value, err, 3)
		break
	}
}

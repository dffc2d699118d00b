package queue_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// leasing returns a child that leases an element of the deque in the directory that it
// is given, says its value, and keeps it.
func leasing(lease func(*stringDeque, context.Context) (*queue.Lease[string], error)) func(*proctest.Child) error {
	return func(c *proctest.Child) error {
		ctx := context.Background()
		db, err := store.Open(ctx, c.Args[0], store.Options{})
		if err != nil {
			return err
		}
		d, err := queue.OpenDeque(ctx, db, "d", queue.DequeOptions[string]{Lease: time.Hour})
		if err != nil {
			return err
		}
		l, err := lease(d, ctx)
		if err != nil {
			return err
		}
		c.Say("%s", l.Value)
		c.Command()
		return nil
	}
}

// What a process held when it was killed returns to its place, an hour before its
// lease ends: those who wait get it at once.
func TestDequeLeaseOfAKilledProcess(t *testing.T) {
	db := storetest.Open(t, store.Options{})
	d, ctx := openDeque(t, db, "d", queue.DequeOptions[string]{}), t.Context()
	if err := d.Extend(ctx, "a", "b"); err != nil {
		t.Fatal(err)
	}
	child := proctest.Start(t, "lease an element", db.Dir())
	child.Expect("a")
	got, err := d.PopLeftWait(ctx)
	wantGot(t, "PopLeftWait()", got, err, "b")
	waiting := later(func() (string, error) { return d.PopLeftWait(ctx) })
	for db.Wakeups().Waiters == 0 {
		runtime.Gosched()
	}
	child.Kill()
	wantGot(t, "PopLeftWait()", <-waiting, nil, "a")
}

// An element that was handed to a process that was killed goes to the next in line.
func TestDequeHandedToAKilledProcess(t *testing.T) {
	db := storetest.Open(t, store.Options{})
	d, ctx := openDeque(t, db, "d", queue.DequeOptions[string]{}), t.Context()
	child := proctest.Start(t, "wait for an element", db.Dir())
	for waiting := 0; waiting == 0; {
		list, err := db.Sessions(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range list {
			waiting += s.Waiting
		}
	}
	if err := d.Extend(ctx, "a", "b"); err != nil {
		t.Fatal(err)
	}
	child.Expect("a")
	child.Kill()
	if err := db.Reap(ctx); err != nil {
		t.Fatal(err)
	}
	equal, err := d.Equal(ctx, "a", "b")
	wantGot(t, `Equal("a", "b")`, equal, err, true)
}

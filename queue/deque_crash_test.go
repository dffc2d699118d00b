package queue_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

func init() {
	children["lease an element"] = leaseAnElement
	children["wait for an element"] = waitForAnElement
}

// childDeque opens the deque of the crash tests in the directory that the child is
// given.
func childDeque() *stringDeque {
	db, err := store.Open(context.Background(), os.Args[1], store.Options{})
	exitIf(err)
	d, err := queue.OpenDeque(context.Background(), db, "d", queue.DequeOptions[string]{Lease: time.Hour})
	exitIf(err)
	return d
}

func exitIf(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
}

func leaseAnElement() {
	l, err := childDeque().PopLeftLease(context.Background())
	exitIf(err)
	fmt.Println(l.Value)
	untilParentEnds()
}

func waitForAnElement() {
	d := childDeque()
	go func() {
		l, err := d.PopLeftLeaseWait(context.Background())
		exitIf(err)
		fmt.Println(l.Value)
	}()
	untilParentEnds()
}

// What a process held when it was killed returns to its place, an hour before its
// lease ends: those who wait get it at once.
func TestDequeLeaseOfAKilledProcess(t *testing.T) {
	db := storetest.Open(t, store.Options{})
	d, ctx := openDeque(t, db, "d", queue.DequeOptions[string]{}), t.Context()
	if err := d.Extend(ctx, "a", "b"); err != nil {
		t.Fatal(err)
	}
	child := startChild(t, "lease an element", db.Dir())
	wantGot(t, "the child's lease", child.line(), nil, "a")
	got, err := d.PopLeftWait(ctx)
	wantGot(t, "PopLeftWait()", got, err, "b")
	waiting := later(func() (string, error) { return d.PopLeftWait(ctx) })
	for db.Wakeups().Waiters == 0 {
		runtime.Gosched()
	}
	child.kill()
	wantGot(t, "PopLeftWait()", <-waiting, nil, "a")
}

// An element that was handed to a process that was killed goes to the next in line.
func TestDequeHandedToAKilledProcess(t *testing.T) {
	db := storetest.Open(t, store.Options{})
	d, ctx := openDeque(t, db, "d", queue.DequeOptions[string]{}), t.Context()
	child := startChild(t, "wait for an element", db.Dir())
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
	wantGot(t, "the child's lease", child.line(), nil, "a")
	child.kill()
	if err := db.Reap(ctx); err != nil {
		t.Fatal(err)
	}
	equal, err := d.Equal(ctx, "a", "b")
	wantGot(t, `Equal("a", "b")`, equal, err, true)
}

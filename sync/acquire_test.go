package sync

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// newAcquirer returns an acquirer of a semaphore, to do its steps one at a time.
func newAcquirer(t *testing.T, s *BoundedSemaphore, n int) *acquirer {
	t.Helper()
	q, err := s.request(n)
	if err != nil {
		t.Fatal(err)
	}
	a := &acquirer{resource: s.resource, request: q, waiter: s.db.NewWaiter()}
	t.Cleanup(a.waiter.Close)
	return a
}

// step fails the test unless a step of an acquirer has the outcome.
func (a *acquirer) step(t *testing.T, what string, fn func(context.Context) (*granted, error), want bool) *granted {
	t.Helper()
	got, err := fn(t.Context())
	if err != nil || (got != nil) != want {
		t.Fatalf("%s = %v, %v, want granted %v", what, got, err, want)
	}
	return got
}

// One whose turn passed while its process was stopped joins again in its old place. If
// that is the first, and there is room, nobody else will grant it what it waits for.
func TestJoinAgain(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(time.Unix(1_000_000, 0))
	db := storetest.Open(t, store.Options{Clock: clock})
	s, err := OpenBoundedSemaphore(t.Context(), db, "s", 2, Options{})
	if err != nil {
		t.Fatal(err)
	}
	first := newAcquirer(t, s, 2)
	held := first.step(t, "first", first.takeOrJoin, true)
	stopped := newAcquirer(t, s, 1)
	stopped.step(t, "join", stopped.takeOrJoin, false)
	if err := db.Batch(t.Context(), false, func(tx *store.Tx) error { return s.end(tx, held.id) }); err != nil {
		t.Fatal(err)
	}
	clock.Advance(DefaultLease) // the grant that it does not know of
	both := newAcquirer(t, s, 2)
	got := both.step(t, "take both", both.takeOrJoin, true)
	wants := newAcquirer(t, s, 2)
	wants.step(t, "join behind", wants.takeOrJoin, false)
	err = db.Batch(t.Context(), false, func(tx *store.Tx) error { return s.update(tx, got.id, "weight", 1) })
	if err != nil {
		t.Fatal(err)
	}
	stopped.step(t, "the look of one whose turn passed", stopped.look, false)
	stopped.step(t, "its next look", stopped.look, true)
	if err := errors.Join(wants.giveUp(t.Context()), stopped.giveUp(t.Context()), both.giveUp(t.Context())); err != nil {
		t.Error(err)
	}
}

package sync

import (
	"context"
	"errors"
	"runtime"
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

// hold takes something the way acquire does, but does not begin to extend the lease.
func hold(t *testing.T, l *Lock) *Grant {
	t.Helper()
	a := &acquirer{resource: l.resource, request: l.request(), waiter: l.db.NewWaiter()}
	return newGrant(t.Context(), l.resource, l.request(), a.step(t, "take", a.takeOrJoin, true))
}

// What was granted while the store closes is lost: Close gives it to others.
func TestGrantedWhileClosing(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(time.Unix(1_000_000, 0))
	db, err := store.Open(t.Context(), t.TempDir(), store.Options{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	l, err := OpenLock(t.Context(), db, "l", Options{})
	if err != nil {
		t.Fatal(err)
	}
	g := hold(t, l)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	g.keep()
	if err := context.Cause(g.Context()); !errors.Is(err, ErrLost) {
		t.Errorf("the cause after Close = %v, want %v", err, ErrLost)
	}
	if n := clock.Timers(); n != 0 {
		t.Errorf("%d timers run after Close", n)
	}
}

// One who learns late that it was granted something extends the lease at once.
func TestLateHolderExtends(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(time.Unix(1_000_000, 0))
	db := storetest.Open(t, store.Options{Clock: clock})
	l, err := OpenLock(t.Context(), db, "l", Options{})
	if err != nil {
		t.Fatal(err)
	}
	g := hold(t, l)
	clock.Advance(DefaultLease / 2)
	g.keep()
	for want := clock.Monotonic() + DefaultLease; ; {
		g.mu.Lock()
		until := g.until
		g.mu.Unlock()
		if until == want {
			break
		}
		<-clock.Armed()
	}
	if err := g.Release(t.Context()); err != nil {
		t.Error(err)
	}
}

// Whoever finds that a lease is over lets the first in the line have what it was on.
func TestEndOfLeaseDispatches(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(time.Unix(1_000_000, 0))
	db := storetest.Open(t, store.Options{Clock: clock})
	s, err := OpenBoundedSemaphore(t.Context(), db, "s", 2, Options{})
	if err != nil {
		t.Fatal(err)
	}
	holder, first, second := newAcquirer(t, s, 2), newAcquirer(t, s, 1), newAcquirer(t, s, 2)
	holder.step(t, "take", holder.takeOrJoin, true)
	first.step(t, "join", first.takeOrJoin, false)
	clock.Advance(DefaultLease)
	second.step(t, "join after the end of the lease", second.takeOrJoin, false)
	storetest.Check(t, db) // nobody waits for what is free
	first.step(t, "a look", first.look, true)
	if err := errors.Join(second.giveUp(t.Context()), first.giveUp(t.Context())); err != nil {
		t.Error(err)
	}
}

// One who gives up at the moment at which it is granted something passes that on.
func TestGiveUpWhatWasGranted(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	s, err := OpenBoundedSemaphore(t.Context(), db, "s", 1, Options{})
	if err != nil {
		t.Fatal(err)
	}
	first, second, third := newAcquirer(t, s, 1), newAcquirer(t, s, 1), newAcquirer(t, s, 1)
	held := first.step(t, "first", first.takeOrJoin, true)
	second.step(t, "second", second.takeOrJoin, false)
	third.step(t, "third", third.takeOrJoin, false)
	if err := db.Batch(t.Context(), false, func(tx *store.Tx) error { return s.end(tx, held.id) }); err != nil {
		t.Fatal(err)
	}
	third.step(t, "a look before its turn", third.look, false)
	if err := second.giveUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	storetest.Check(t, db) // nobody waits for what is free
	third.step(t, "a look after the first gave up", third.look, true)
	second.step(t, "a look after giving up", second.look, false)
	if err := errors.Join(second.giveUp(t.Context()), third.giveUp(t.Context())); err != nil {
		t.Error(err)
	}
}

// A fence that comes when the lease has just been extended does nothing.
func TestFenceAfterExtension(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(time.Unix(1_000_000, 0))
	db := storetest.Open(t, store.Options{Clock: clock})
	l, err := OpenLock(t.Context(), db, "l", Options{})
	if err != nil {
		t.Fatal(err)
	}
	g := hold(t, l)
	g.fenced()
	clock.Advance(DefaultLease - DefaultLease/marginPart - 1)
	g.fenced()
	if err := g.Err(); err != nil {
		t.Errorf("Err() before the margin = %v", err)
	}
	clock.Advance(1)
	g.fenced()
	if err := g.Err(); !errors.Is(err, ErrLost) {
		t.Errorf("Err() from the margin on = %v, want %v", err, ErrLost)
	}
}

// What is about to be released cannot be acquired again, unless that is undone.
func TestAgain(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	l, err := OpenLock(t.Context(), db, "l", Options{})
	if err != nil {
		t.Fatal(err)
	}
	g := hold(t, l)
	if g.oneOfSeveral() || g.again() {
		t.Error("a grant that is about to be released can be acquired again")
	}
	g.hold()
	if !g.again() || !g.oneOfSeveral() {
		t.Error("after a release that was undone a grant cannot be acquired again")
	}
	g.stop(l.lost())
	if g.again() {
		t.Error("a grant that is lost can be acquired again")
	}
}

// The entries of owners go with what they hold.
func TestOwnersAreForgotten(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	l, err := OpenRLock(t.Context(), db, "l", Options{})
	if err != nil {
		t.Fatal(err)
	}
	g, err := l.Acquire(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.TryAcquire(t.Context(), "b"); !errors.Is(err, ErrNotAcquired) {
		t.Errorf("TryAcquire of another owner = %v, want %v", err, ErrNotAcquired)
	}
	h := heldIn(db)
	entries := func() (owners, grants int) {
		h.mu.Lock()
		defer h.mu.Unlock()
		return len(h.owners), len(h.grants)
	}
	if owners, grants := entries(); owners != 1 || grants != 1 {
		t.Errorf("%d owners and %d grants, want one of each", owners, grants)
	}
	if _, err := l.Acquire(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(g.Release(t.Context()), g.Release(t.Context())); err != nil {
		t.Fatal(err)
	}
	for { // what ends with a context ends a moment later
		if owners, grants := entries(); owners == 0 && grants == 0 {
			return
		}
		runtime.Gosched()
	}
}

// Who is elected and gives up at the same moment is a leader that observers may have seen.
func TestGiveUpLeadTellsObservers(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	e, err := OpenElection(t.Context(), db, "e", Options{})
	if err != nil {
		t.Fatal(err)
	}
	candidate := func(value string) *acquirer {
		a := &acquirer{resource: e.resource, request: request{weight: 1, lease: DefaultLease, value: value}, waiter: db.NewWaiter()}
		t.Cleanup(a.waiter.Close)
		return a
	}
	first, second := candidate("first"), candidate("second")
	held := first.step(t, "first", first.takeOrJoin, true)
	second.step(t, "second", second.takeOrJoin, false)
	if err := db.Batch(t.Context(), false, func(tx *store.Tx) error { return e.end(tx, held.id) }); err != nil {
		t.Fatal(err)
	}
	o := observer{Election: e, waiter: db.NewWaiter()}
	defer o.close(t.Context())
	if l, err := o.next(t.Context()); l.Value != "second" || err != nil {
		t.Fatalf("next() = %v, %v, want the second", l, err)
	}
	if err := second.giveUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	err = db.Batch(t.Context(), false, func(tx *store.Tx) error {
		woken, err := o.waiter.LeaveTx(tx)
		if len(woken) != 1 {
			t.Error("the observer was not woken")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

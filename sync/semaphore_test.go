package sync_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
	dsync "github.com/dcq-go/dcq/sync"
)

func openSemaphore(t testing.TB, db *store.DB, n int) *dsync.BoundedSemaphore {
	t.Helper()
	s, err := dsync.OpenBoundedSemaphore(t.Context(), db, "s", n, dsync.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOpenBoundedSemaphore(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	open := func(n int) error {
		_, err := dsync.OpenBoundedSemaphore(t.Context(), db, "s", n, dsync.Options{})
		return err
	}
	wantErr(t, "opening what does not exist", open(0), dsync.ErrConflict)
	for _, n := range []int{-1, 1<<20 + 1} {
		if open(n) == nil {
			t.Errorf("a semaphore of %d permits opens", n)
		}
	}
	wantErr(t, "making it", open(3), nil)
	wantErr(t, "opening it", open(0), nil)
	wantErr(t, "opening it with as many permits", open(3), nil)
	wantErr(t, "opening it with others", open(4), dsync.ErrConflict)
	if n, err := openSemaphore(t, db, 0).Permits(t.Context()); n != 3 || err != nil {
		t.Errorf("Permits() = %d, %v, want 3", n, err)
	}
}

// Of two who make a semaphore at once, with different numbers, one gets ErrConflict.
func TestSemaphoreDisagreement(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	done := make(chan error, 2)
	for n := range cap(done) {
		go func() {
			_, err := dsync.OpenBoundedSemaphore(context.Background(), db, "s", n+1, dsync.Options{})
			done <- err
		}()
	}
	first, second := <-done, <-done
	if first != nil {
		first, second = second, first
	}
	wantErr(t, "the one", first, nil)
	wantErr(t, "the other", second, dsync.ErrConflict)
}

func TestSemaphore(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	s := openSemaphore(t, db, 3)
	for _, n := range []int{0, -1} {
		if _, err := s.AcquireN(t.Context(), n); err == nil {
			t.Errorf("AcquireN(%d) succeeds", n)
		}
	}
	for _, n := range []int{4, 1<<20 + 1} {
		_, err := s.AcquireN(t.Context(), n)
		wantErr(t, "AcquireN of more than there are", err, dsync.ErrTooMany)
		_, err = s.TryAcquireN(t.Context(), n)
		wantErr(t, "TryAcquireN of more than there are", err, dsync.ErrTooMany)
	}
	two := must(t)(s.AcquireN(t.Context(), 2))
	_, err := s.TryAcquireN(t.Context(), 2)
	wantErr(t, "TryAcquireN of more than are free", err, dsync.ErrNotAcquired)
	one := must(t)(s.Acquire(two.Context())) // it may be right to hold some and want more
	_, err = s.TryAcquire(t.Context())
	wantErr(t, "TryAcquire with no permit free", err, dsync.ErrNotAcquired)
	release(t, one)
	release(t, two)
	release(t, must(t)(s.TryAcquireN(t.Context(), 3)))
}

// One who wants many is not overtaken by those who want few.
func TestSemaphoreOrder(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	s := openSemaphore(t, db, 3)
	n := func(n int) func(context.Context) (*dsync.Grant, error) {
		return func(ctx context.Context) (*dsync.Grant, error) { return s.AcquireN(ctx, n) }
	}
	held := []*dsync.Grant{must(t)(s.Acquire(t.Context())), must(t)(s.Acquire(t.Context()))}
	wait := line{t: t, db: db, kind: "semaphore", name: "s"}
	for _, want := range []int{2, 1, 2, 1} {
		wait.join(n(want))
	}
	_, err := s.TryAcquire(t.Context()) // there is one, but not for it
	wantErr(t, "TryAcquire of a free permit while somebody waits", err, dsync.ErrNotAcquired)
	release(t, held[0])
	two := wait.served(1)[0]
	release(t, held[1])
	one := wait.served(1)[0]
	release(t, one)
	wait.served(0)
	release(t, two)
	for _, g := range wait.served(2) {
		release(t, g)
	}
	if n := db.Wakeups().Missed; n != 0 {
		t.Errorf("%d wake-ups were missed", n)
	}
}

// The slots of those who hold a permit differ, and the lowest free one is given.
func TestSlots(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	s := openSemaphore(t, db, 4)
	var held []*dsync.Grant
	take := func() { held = append(held, must(t)(s.Acquire(t.Context()))) }
	slots := func() (all []int) {
		for _, g := range held {
			all = append(all, g.Slot())
		}
		return all
	}
	for range 4 {
		take()
	}
	if got := slots(); !slices.Equal(got, []int{0, 1, 2, 3}) {
		t.Errorf("slots %v, want 0 to 3", got)
	}
	release(t, held[2])
	release(t, held[0])
	held = []*dsync.Grant{held[1], held[3]}
	take()
	wait := line{t: t, db: db, kind: "semaphore", name: "s"}
	take()
	wait.join(s.Acquire)
	release(t, held[1]) // slot 3
	held = append(held, wait.served(1)...)
	if got := slots(); !slices.Equal(got, []int{1, 3, 0, 2, 3}) {
		t.Errorf("slots %v, want 1 3 0 2 3", got)
	}
	if g := must(t)(openLock(t, db, "l", dsync.Options{}).Acquire(t.Context())); g.Slot() != 0 {
		t.Errorf("the slot of a lock is %d", g.Slot())
	}
}

func TestResize(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	s := openSemaphore(t, db, 2)
	resize := func(n int, want error) {
		t.Helper()
		wantErr(t, "Resize", s.Resize(t.Context(), n), want)
	}
	for _, n := range []int{-1, 0, 1<<20 + 1} {
		if s.Resize(t.Context(), n) == nil {
			t.Errorf("Resize(%d) succeeds", n)
		}
	}
	held := []*dsync.Grant{must(t)(s.Acquire(t.Context())), must(t)(s.Acquire(t.Context()))}
	wait := line{t: t, db: db, kind: "semaphore", name: "s"}
	wait.join(func(ctx context.Context) (*dsync.Grant, error) { return s.AcquireN(ctx, 2) })
	wait.join(s.Acquire)
	resize(1, dsync.ErrConflict)
	if n, err := s.Permits(t.Context()); n != 2 || err != nil {
		t.Errorf("Permits() after a Resize that failed = %d, %v, want 2", n, err)
	}
	resize(3, nil)
	wait.served(0)
	resize(4, nil)
	two := wait.served(1)[0]
	resize(2, nil)
	for _, g := range append(held, two) {
		wantErr(t, "CheckTx of one of more holders than permits", checkTx(db, g), nil)
	}
	release(t, held[0])
	release(t, held[1])
	wait.served(0) // the two that are left are held
	release(t, two)
	release(t, wait.served(1)[0])
	resize(1, nil)
	_, err := s.TryAcquireN(t.Context(), 2)
	wantErr(t, "TryAcquireN after Resize", err, dsync.ErrTooMany)
}

func TestRemove(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(time.Unix(1e9, 0))
	db := storetest.Open(t, store.Options{Clock: clock})
	other := storetest.OpenDir(t, db.Dir(), store.Options{Clock: clock})
	s := openSemaphore(t, db, 1)
	g := must(t)(s.Acquire(t.Context()))
	wantErr(t, "Remove of what is held", s.Remove(t.Context()), dsync.ErrConflict)
	wantErr(t, "CheckTx after Remove", checkTx(db, g), nil)
	wait := line{t: t, db: db, kind: "semaphore", name: "s"}
	wait.join(s.Acquire)
	release(t, g)
	last := wait.served(1)[0]
	err := other.Update(t.Context(), func(*store.Tx) error { // so that it cannot extend the lease
		clock.Advance(dsync.DefaultLease)
		<-last.Context().Done()
		return nil
	})
	wantErr(t, "holding the gate", err, nil)
	wantErr(t, "Remove of what is held no longer", s.Remove(t.Context()), nil)
	wantErr(t, "Remove again", s.Remove(t.Context()), nil)
	for call, err := range map[string]error{
		"Acquire":     func() error { _, err := s.Acquire(t.Context()); return err }(),
		"TryAcquireN": func() error { _, err := s.TryAcquireN(t.Context(), 1); return err }(),
		"Permits":     func() error { _, err := s.Permits(t.Context()); return err }(),
	} {
		wantErr(t, call+" after Remove", err, dsync.ErrConflict)
	}
	release(t, must(t)(openSemaphore(t, db, 7).AcquireN(t.Context(), 7)))
}

// Who waited for a permit has the slot of the one that became free.
func TestSlotOfWaiter(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	s := openSemaphore(t, db, 2)
	first, second := must(t)(s.Acquire(t.Context())), must(t)(s.Acquire(t.Context()))
	got := make(chan *dsync.Grant)
	go func() { got <- must(t)(s.Acquire(context.WithoutCancel(t.Context()))) }()
	waitForLine(t, db, "semaphore", "s", 1)
	slot := second.Slot()
	release(t, second)
	third := <-got
	if third.Slot() != slot || first.Slot() == slot {
		t.Errorf("the slots are %d and %d, want %d and %d", first.Slot(), third.Slot(), 0, slot)
	}
	release(t, first)
	release(t, third)
}

package sync_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
	dsync "github.com/dcq-go/dcq/sync"
)

func list(t testing.TB, db *store.DB) []dsync.Status {
	t.Helper()
	all, err := dsync.List(t.Context(), db)
	if err != nil {
		t.Fatalf("List() = %v", err)
	}
	return all
}

// only returns the status of the one thing that there is.
func only(t testing.TB, db *store.DB) dsync.Status {
	t.Helper()
	all := list(t, db)
	if len(all) != 1 {
		t.Fatalf("List() = %+v, want one thing", all)
	}
	return all[0]
}

// same fails the test unless the holder is g's, asked for at the given time by this
// process.
func same(t testing.TB, h dsync.Holder, g *dsync.Grant, since time.Time) {
	t.Helper()
	if h.Token != g.Token() || h.Slot != g.Slot() {
		t.Errorf("holder %+v has not the token %d and the slot %d", h, g.Token(), g.Slot())
	}
	self(t, h, since)
}

func self(t testing.TB, h dsync.Holder, since time.Time) {
	t.Helper()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if h.PID != os.Getpid() || h.Host != host || h.Session == 0 || !strings.HasPrefix(h.Command, os.Args[0]) {
		t.Errorf("holder %+v is not this process, %d on %s: %s", h, os.Getpid(), host, os.Args[0])
	}
	if !h.Since.Equal(since) {
		t.Errorf("holder has asked at %v, want %v", h.Since, since)
	}
}

func TestListLock(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(time.Unix(1e9, 0))
	db := storetest.Open(t, store.Options{Clock: clock})
	if all := list(t, db); len(all) != 0 {
		t.Errorf("List() of an empty store = %+v", all)
	}
	l := openLock(t, db, "l", dsync.Options{Lease: 10 * time.Second})
	g := must(t)(l.Acquire(t.Context()))
	clock.Advance(time.Second)
	next := make(chan *dsync.Grant)
	go func() { next <- must(t)(l.Acquire(context.Background())) }()
	waitForLine(t, db, "lock", "l", 1)

	s := only(t, db)
	if s.Kind != "lock" || s.Name != "l" || s.Capacity != 1 || len(s.Holders) != 1 || len(s.Waiters) != 1 {
		t.Fatalf("List() = %+v, want lock l, one holder and one waiter", s)
	}
	same(t, s.Holders[0], g, clock.Now().Add(-time.Second))
	if got := s.Holders[0].LeaseLeft; got != 9*time.Second {
		t.Errorf("LeaseLeft = %v after a second of ten", got)
	}
	self(t, s.Waiters[0], clock.Now())
	if w := s.Waiters[0]; w.Token != 0 || w.LeaseLeft != 0 {
		t.Errorf("the waiter %+v has a token or a lease", w)
	}

	release(t, g)
	g = <-next
	s = only(t, db)
	if len(s.Holders) != 1 || len(s.Waiters) != 0 {
		t.Fatalf("List() = %+v after the release, want one holder", s)
	}
	same(t, s.Holders[0], g, clock.Now())
	release(t, g)
	if all := list(t, db); len(all) != 0 {
		t.Errorf("List() = %+v when all is released", all)
	}
}

// TestListMeetings lists throttles, and barriers with those who have arrived.
func TestListMeetings(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(time.Unix(1e9, 0))
	db := storetest.Open(t, store.Options{Clock: clock})
	_, err := dsync.OpenThrottle(t.Context(), db, "t", dsync.ThrottleOptions{Rate: dsync.Rate{Count: 1, Per: time.Second}, Burst: 5})
	if err != nil {
		t.Fatal(err)
	}
	b, err := dsync.OpenBarrier(t.Context(), db, "b", 2)
	if err != nil {
		t.Fatal(err)
	}
	d, err := dsync.OpenDoubleBarrier(t.Context(), db, "d", 1)
	if err != nil {
		t.Fatal(err)
	}
	m, err := d.Enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan error)
	go func() {
		_, err := b.Wait(context.Background())
		gone <- err
	}()
	all := list(t, db)
	for len(all) != 3 || len(all[0].Waiters) != 1 {
		runtime.Gosched()
		all = list(t, db)
	}
	for i, want := range []dsync.Status{{Kind: "barrier", Name: "b", Capacity: 2}, {Kind: "double barrier", Name: "d", Capacity: 1}, {Kind: "throttle", Name: "t", Capacity: 5}} {
		if got := all[i]; got.Kind != want.Kind || got.Name != want.Name || got.Capacity != want.Capacity {
			t.Errorf("List()[%d] = %+v, want %+v", i, got, want)
		}
	}
	self(t, all[0].Waiters[0], clock.Now())
	if n := len(all[1].Waiters); len(all[1].Holders) != 1 || n != 0 {
		t.Fatalf("%d are inside the double barrier and %d wait, want one inside", len(all[1].Holders), n)
	}
	self(t, all[1].Holders[0], clock.Now())
	if err := b.Break(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-gone; !errors.Is(err, dsync.ErrBroken) {
		t.Errorf("Wait() at a barrier that breaks = %v, want %v", err, dsync.ErrBroken)
	}
	if s := list(t, db)[0]; len(s.Waiters)+len(s.Holders) != 0 {
		t.Errorf("List() has %+v after the barrier broke", s)
	}
	if err := m.Leave(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestListKinds lists one of each kind that can be granted, in the order of kind and
// name, and semaphores also when nobody has a permit.
func TestListKinds(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(time.Unix(1e9, 0))
	db := storetest.Open(t, store.Options{Clock: clock})
	ctx := t.Context()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	idle, err := dsync.OpenBoundedSemaphore(ctx, db, "idle", 7, dsync.Options{})
	ok(err)
	sem, err := dsync.OpenBoundedSemaphore(ctx, db, "busy", 5, dsync.Options{})
	ok(err)
	rw, err := dsync.OpenRWLock(ctx, db, "rw", dsync.Options{})
	ok(err)
	rw2, err := dsync.OpenRWLock(ctx, db, "rv", dsync.Options{})
	ok(err)
	e, err := dsync.OpenElection(ctx, db, "e", dsync.Options{})
	ok(err)
	grants := []*dsync.Grant{
		must(t)(rw2.TryAcquireWrite(ctx)),
		must(t)(rw.TryAcquireRead(ctx)),
		must(t)(rw.TryAcquireRead(ctx)),
		must(t)(sem.TryAcquireN(ctx, 2)),
		must(t)(sem.TryAcquireN(ctx, 1)),
		must(t)(e.TryCampaign(ctx, "me")),
	}

	type row struct {
		kind, name string
		capacity   int
		weights    []int
		value      string
	}
	writer := 1 << 30
	want := []row{
		{"election", "e", 1, []int{1}, "me"},
		{"rwlock", "rv", writer, []int{writer}, ""},
		{"rwlock", "rw", writer, []int{1, 1}, ""},
		{"semaphore", "busy", 5, []int{2, 1}, ""},
		{"semaphore", "idle", 7, nil, ""},
	}
	all := list(t, db)
	if len(all) != len(want) {
		t.Fatalf("List() has %d things, want %d: %+v", len(all), len(want), all)
	}
	for i, s := range all {
		got := row{s.Kind, s.Name, s.Capacity, nil, ""}
		for _, h := range s.Holders {
			got.weights, got.value = append(got.weights, h.Weight), h.Value
		}
		if w := want[i]; got.kind != w.kind || got.name != w.name || got.capacity != w.capacity || got.value != w.value || !slices.Equal(got.weights, w.weights) {
			t.Errorf("List()[%d] = %+v, want %+v", i, got, w)
		}
		if len(s.Waiters) != 0 {
			t.Errorf("%s %s has waiters: %+v", s.Kind, s.Name, s.Waiters)
		}
	}
	same(t, all[3].Holders[1], grants[4], clock.Now())
	for _, g := range grants {
		release(t, g)
	}
	ok(idle.Remove(ctx))
	if all := list(t, db); len(all) != 1 || all[0].Name != "busy" || len(all[0].Holders) != 0 {
		t.Errorf("List() = %+v, want the one semaphore that is left", all)
	}
}

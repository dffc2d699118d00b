package sync_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
	dsync "github.com/dcq-go/dcq/sync"
)

func openBarrier(t testing.TB, db *store.DB, parties int) *dsync.Barrier {
	t.Helper()
	b, err := dsync.OpenBarrier(context.Background(), db, "b", parties)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// passed is what Wait returned.
type passed struct {
	p   dsync.Passage
	err error
}

// arrive calls Wait in a goroutine.
func arrive(ctx context.Context, b *dsync.Barrier) <-chan passed {
	got := make(chan passed, 1)
	go func() {
		p, err := b.Wait(ctx)
		got <- passed{p, err}
	}()
	return got
}

// waitForArrived waits until so many wait at the barrier.
func waitForArrived(t testing.TB, b *dsync.Barrier, n int) {
	t.Helper()
	for {
		s, err := b.State(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if s.Arrived == n {
			return
		}
		runtime.Gosched()
	}
}

func checkState(t testing.TB, b *dsync.Barrier, want dsync.BarrierState) {
	t.Helper()
	if got, err := b.State(context.Background()); err != nil || got != want {
		t.Errorf("State() = %+v, %v; want %+v", got, err, want)
	}
}

// checkNobodyLeft fails the test if arrivals, or lines, are left, or a wake-up was
// missed.
func checkNobodyLeft(t testing.TB, db *store.DB) {
	t.Helper()
	var arrivals, waiters int
	err := db.View(context.Background(), func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT (SELECT count(*) FROM dcq_arrivals), (SELECT count(*) FROM dcq_waiters)`).Scan(&arrivals, &waiters)
	})
	if err != nil || arrivals != 0 || waiters != 0 {
		t.Errorf("%d arrivals and %d waiters are left, %v", arrivals, waiters, err)
	}
	if n := db.Wakeups().Missed; n != 0 {
		t.Errorf("%d wake-ups were missed", n)
	}
}

func TestBarrier(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	b := openBarrier(t, db, 3)
	for generation := range int64(20) {
		var got []<-chan passed
		for i := range 3 {
			checkState(t, b, dsync.BarrierState{Parties: 3, Arrived: i, Generation: generation + 1})
			got = append(got, arrive(t.Context(), b))
			waitForArrived(t, b, (i+1)%3)
		}
		for i, c := range got {
			want := passed{p: dsync.Passage{Generation: generation + 1, Index: i}}
			if r := <-c; r != want {
				t.Errorf("Wait() = %+v, want %+v", r, want)
			}
		}
	}
	checkNobodyLeft(t, db)
}

// More arrive than there are parties: the rest make the next generation. The parties
// of the last three generations do not come back, and there are three times as many.
func TestBarrierCrowd(t *testing.T) {
	t.Parallel()
	const parties, generations = 4, 150
	db := storetest.Open(t, store.Options{})
	b := openBarrier(t, db, parties)
	got := make(chan passed)
	for range 3 * parties {
		go func() {
			for last := false; !last; {
				p, err := b.Wait(context.Background())
				last = err != nil || p.Generation > generations-3
				got <- passed{p, err}
			}
		}()
	}
	seen := make(map[dsync.Passage]int)
	for range parties * generations {
		r := <-got
		if r.err != nil {
			t.Fatal(r.err)
		}
		seen[r.p]++
	}
	for g := range int64(generations) {
		for i := range parties {
			if n := seen[dsync.Passage{Generation: g + 1, Index: i}]; n != 1 {
				t.Errorf("%d came through generation %d as number %d", n, g+1, i)
			}
		}
	}
	checkNobodyLeft(t, db)
}

func TestBarrierOfOne(t *testing.T) {
	t.Parallel()
	b := openBarrier(t, storetest.Open(t, store.Options{}), 1)
	for g := range int64(3) {
		if p, err := b.Wait(t.Context()); err != nil || p != (dsync.Passage{Generation: g + 1}) {
			t.Errorf("Wait() = %+v, %v", p, err)
		}
	}
}

func TestBarrierBreaks(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	b := openBarrier(t, db, 3)
	cause := errors.New("enough")
	cases := []struct {
		name    string
		do      func(giveUp context.CancelCauseFunc) error
		leaver  error // what the one that may give up gets
		after   bool  // it is broken then
		counted int64 // generations that it took
	}{
		{"give up", func(giveUp context.CancelCauseFunc) error { giveUp(cause); return nil }, cause, true, 0},
		{"Break", func(context.CancelCauseFunc) error { return b.Break(t.Context()) }, dsync.ErrBroken, true, 0},
		{"Reset", func(context.CancelCauseFunc) error { return b.Reset(t.Context()) }, dsync.ErrBroken, false, 1},
	}
	generation := int64(1)
	for _, c := range cases {
		ctx, giveUp := context.WithCancelCause(t.Context())
		leaver := arrive(ctx, b)
		waitForArrived(t, b, 1)
		other := arrive(t.Context(), b)
		waitForArrived(t, b, 2)
		if err := c.do(giveUp); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if r := <-leaver; !errors.Is(r.err, c.leaver) || r.p != (dsync.Passage{}) {
			t.Errorf("%s: its own Wait() = %+v, want %v", c.name, r, c.leaver)
		}
		if r := <-other; !errors.Is(r.err, dsync.ErrBroken) || r.p != (dsync.Passage{}) {
			t.Errorf("%s: Wait() = %+v, want %v", c.name, r, dsync.ErrBroken)
		}
		generation += c.counted
		checkState(t, b, dsync.BarrierState{Parties: 3, Generation: generation, Broken: c.after})
		if !c.after {
			continue
		}
		if _, err := b.Wait(t.Context()); !errors.Is(err, dsync.ErrBroken) {
			t.Errorf("%s: a later Wait() = %v, want %v", c.name, err, dsync.ErrBroken)
		}
		if err := b.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
		generation++
		checkState(t, b, dsync.BarrierState{Parties: 3, Generation: generation})
	}
	checkNobodyLeft(t, db)
}

// Who was let through before it gives up has passed.
func TestBarrierTooLateToGiveUp(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	b, d := openBarrier(t, db, 2), openDouble(t, db, 2)
	for g := range int64(50) {
		ctx, giveUp := context.WithCancel(t.Context())
		first, early := arrive(ctx, b), enter(ctx, d)
		waitForArrived(t, b, 1)
		waitForDouble(t, d, dsync.DoubleBarrierState{Parties: 2, Entering: 1, Generation: g + 1})
		second := enter(t.Context(), d)
		waitForDouble(t, d, dsync.DoubleBarrierState{Parties: 2, Inside: 2, Open: true, Generation: g + 1})
		if _, err := b.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		giveUp() // before the first can have looked, mostly
		if r := <-first; r.err != nil || r.p != (dsync.Passage{Generation: g + 1}) {
			t.Errorf("Wait() = %+v", r)
		}
		checkState(t, b, dsync.BarrierState{Parties: 2, Generation: g + 2})
		left := leave(t.Context(), inside(t, early))
		if err := errors.Join(inside(t, second).Leave(t.Context()), <-left); err != nil {
			t.Errorf("Leave() = %v", err)
		}
	}
	checkNobodyLeft(t, db)
}

// Who has not arrived cannot break anything.
func TestBarrierContextEndedBefore(t *testing.T) {
	t.Parallel()
	b := openBarrier(t, storetest.Open(t, store.Options{}), 2)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait() = %v, want %v", err, context.Canceled)
	}
	checkState(t, b, dsync.BarrierState{Parties: 2, Generation: 1})
}

// A store that is closed, as when its program ends, breaks the barriers at which its
// goroutines wait.
func TestBarrierClose(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := storetest.OpenDir(t, dir, store.Options{})
	b := openBarrier(t, db, 3)
	other, err := store.Open(t.Context(), dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	closing := arrive(t.Context(), openBarrier(t, other, 0))
	waitForArrived(t, b, 1)
	waiting := arrive(t.Context(), b)
	waitForArrived(t, b, 2)
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if r := <-closing; !errors.Is(r.err, store.ErrClosed) {
		t.Errorf("Wait() in the closed store = %v, want %v", r.err, store.ErrClosed)
	}
	if r := <-waiting; !errors.Is(r.err, dsync.ErrBroken) {
		t.Errorf("Wait() = %v, want %v", r.err, dsync.ErrBroken)
	}
	checkNobodyLeft(t, db)
}

// Who is taken for dead breaks the barrier, and is told that it cannot know.
func TestBarrierLostSession(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := storetest.OpenDir(t, dir, store.Options{})
	b := openBarrier(t, db, 3)
	other := storetest.OpenDir(t, dir, store.Options{})
	theirs := arrive(t.Context(), openBarrier(t, other, 0))
	waitForArrived(t, b, 1)
	files, err := filepath.Glob(filepath.Join(dir, "sessions", "*"))
	if err != nil {
		t.Fatal(err)
	}
	mine := arrive(t.Context(), b)
	waitForArrived(t, b, 2)
	for _, f := range files {
		_ = os.Remove(f) // the other may have noticed, and tidied up
	}
	if r := <-theirs; !errors.Is(r.err, dsync.ErrLost) {
		t.Errorf("Wait() of the lost = %v, want %v", r.err, dsync.ErrLost)
	}
	if r := <-mine; !errors.Is(r.err, dsync.ErrBroken) {
		t.Errorf("Wait() = %v, want %v", r.err, dsync.ErrBroken)
	}
	checkNobodyLeft(t, db)
}

func TestOpenBarrier(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	for _, c := range []struct {
		name    string
		parties int
		want    error
	}{
		{"b", 0, dsync.ErrConflict}, // there is none
		{"", 2, dsync.ErrName},
		{strings.Repeat("x", 256), 2, dsync.ErrName},
		{"b", 2, nil},
		{"b", 2, nil},
		{"b", 0, nil},
		{"b", 3, dsync.ErrConflict},
	} {
		_, err := dsync.OpenBarrier(t.Context(), db, c.name, c.parties)
		if !errors.Is(err, c.want) {
			t.Errorf("OpenBarrier(%q, %d) = %v, want %v", c.name, c.parties, err, c.want)
		}
	}
	for _, n := range []int{-1, 1<<16 + 1} {
		if _, err := dsync.OpenBarrier(t.Context(), db, "c", n); err == nil {
			t.Errorf("OpenBarrier of %d parties did not fail", n)
		}
	}
	if _, err := dsync.OpenDoubleBarrier(t.Context(), db, "b", 5); err != nil {
		t.Errorf("a double barrier of the same name: %v", err)
	}
}

func TestBarrierRemove(t *testing.T) {
	t.Parallel()
	b := openBarrier(t, storetest.Open(t, store.Options{}), 2)
	got := arrive(t.Context(), b)
	waitForArrived(t, b, 1)
	if err := b.Remove(t.Context()); !errors.Is(err, dsync.ErrConflict) {
		t.Errorf("Remove() while somebody waits = %v, want %v", err, dsync.ErrConflict)
	}
	if _, err := b.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	if r := <-got; r.err != nil {
		t.Error(r.err)
	}
	if err := b.Remove(t.Context()); err != nil {
		t.Errorf("Remove() = %v", err)
	}
	_, waited := b.Wait(t.Context())
	_, looked := b.State(t.Context())
	for _, err := range []error{waited, looked, b.Break(t.Context()), b.Reset(t.Context())} {
		if !errors.Is(err, dsync.ErrConflict) {
			t.Errorf("a call after Remove = %v, want %v", err, dsync.ErrConflict)
		}
	}
}

func BenchmarkBarrier(b *testing.B) {
	db := storetest.Open(b, store.Options{})
	two := openBarrier(b, db, 2)
	ctx, stop := context.WithCancel(context.Background())
	other := make(chan struct{})
	go func() {
		defer close(other)
		for {
			if _, err := two.Wait(ctx); err != nil {
				return
			}
		}
	}()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := two.Wait(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	stop()
	<-other
}

package sync_test

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
	dsync "github.com/dcq-go/dcq/sync"
)

func openDouble(t testing.TB, db *store.DB, parties int) *dsync.DoubleBarrier {
	t.Helper()
	d, err := dsync.OpenDoubleBarrier(context.Background(), db, "d", parties)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// entered is what Enter returned.
type entered struct {
	m   *dsync.Membership
	err error
}

func enter(ctx context.Context, d *dsync.DoubleBarrier) <-chan entered {
	got := make(chan entered, 1)
	go func() {
		m, err := d.Enter(ctx)
		got <- entered{m, err}
	}()
	return got
}

func leave(ctx context.Context, m *dsync.Membership) <-chan error {
	got := make(chan error, 1)
	go func() { got <- m.Leave(ctx) }()
	return got
}

// inside returns the membership of a call that is to succeed.
func inside(t testing.TB, got <-chan entered) *dsync.Membership {
	t.Helper()
	r := <-got
	if r.err != nil {
		t.Fatalf("Enter() = %v", r.err)
	}
	return r.m
}

// waitForDouble waits until the double barrier is in a state.
func waitForDouble(t testing.TB, d *dsync.DoubleBarrier, want dsync.DoubleBarrierState) {
	t.Helper()
	for {
		got, err := d.State(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if got == want {
			return
		}
		runtime.Gosched()
	}
}

func TestDoubleBarrier(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	d := openDouble(t, db, 2)
	for g := range int64(20) {
		state := dsync.DoubleBarrierState{Parties: 2, Generation: g + 1}
		first := enter(t.Context(), d)
		state.Entering = 1
		waitForDouble(t, d, state)
		members := []*dsync.Membership{inside(t, enter(t.Context(), d)), inside(t, first)}
		members = append(members, inside(t, enter(t.Context(), d))) // late, and does not wait
		state = dsync.DoubleBarrierState{Parties: 2, Generation: g + 1, Inside: 3, Open: true}
		waitForDouble(t, d, state)
		var left []<-chan error
		for i, m := range members {
			if m.Generation() != g+1 {
				t.Errorf("Generation() = %d, want %d", m.Generation(), g+1)
			}
			left = append(left, leave(t.Context(), m))
			state.Inside, state.Leaving = 2-i, i+1
			if i == 2 {
				state = dsync.DoubleBarrierState{Parties: 2, Generation: g + 2}
			}
			waitForDouble(t, d, state)
		}
		for _, c := range left {
			if err := <-c; err != nil {
				t.Errorf("Leave() = %v", err)
			}
		}
		if err := members[0].Leave(t.Context()); !errors.Is(err, dsync.ErrLost) {
			t.Errorf("second Leave() = %v, want %v", err, dsync.ErrLost)
		}
	}
	checkNobodyLeft(t, db)
}

func TestDoubleBarrierContext(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	d := openDouble(t, db, 2)
	cause := errors.New("enough")

	// An entry that is given up does not count.
	ctx, giveUp := context.WithCancelCause(t.Context())
	given := enter(ctx, d)
	waitForDouble(t, d, dsync.DoubleBarrierState{Parties: 2, Generation: 1, Entering: 1})
	giveUp(cause)
	if r := <-given; !errors.Is(r.err, cause) || r.m != nil {
		t.Errorf("Enter() = %v, %v; want %v", r.m, r.err, cause)
	}
	waitForDouble(t, d, dsync.DoubleBarrierState{Parties: 2, Generation: 1})

	// Who need not wait for the others has left all the same.
	first := enter(t.Context(), d)
	waitForDouble(t, d, dsync.DoubleBarrierState{Parties: 2, Generation: 1, Entering: 1})
	a := inside(t, enter(t.Context(), d))
	b := inside(t, first)
	if err := d.Remove(t.Context()); !errors.Is(err, dsync.ErrConflict) {
		t.Errorf("Remove() while somebody is inside = %v, want %v", err, dsync.ErrConflict)
	}
	if err := a.Leave(ctx); !errors.Is(err, cause) {
		t.Errorf("Leave() = %v, want %v", err, cause)
	}
	waitForDouble(t, d, dsync.DoubleBarrierState{Parties: 2, Generation: 1, Inside: 1, Open: true})
	if err := b.Leave(ctx); err != nil {
		t.Errorf("Leave() of the last, which need not wait, = %v", err)
	}
	waitForDouble(t, d, dsync.DoubleBarrierState{Parties: 2, Generation: 2})
	checkNobodyLeft(t, db)
	if err := d.Remove(t.Context()); err != nil {
		t.Errorf("Remove() = %v", err)
	}
	if _, err := d.Enter(t.Context()); !errors.Is(err, dsync.ErrConflict) {
		t.Errorf("Enter() after Remove = %v, want %v", err, dsync.ErrConflict)
	}
}

// Nobody waits for those whose store was closed.
func TestDoubleBarrierClose(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := storetest.OpenDir(t, dir, store.Options{})
	d := openDouble(t, db, 2)
	other, err := store.Open(t.Context(), dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	theirs := openDouble(t, other, 0)
	first := enter(t.Context(), theirs)
	waitForDouble(t, d, dsync.DoubleBarrierState{Parties: 2, Generation: 1, Entering: 1})
	mine := inside(t, enter(t.Context(), d))
	inside(t, first)
	left := leave(t.Context(), mine)
	waitForDouble(t, d, dsync.DoubleBarrierState{Parties: 2, Generation: 1, Inside: 1, Leaving: 1, Open: true})
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-left; err != nil {
		t.Errorf("Leave() = %v", err)
	}
	waitForDouble(t, d, dsync.DoubleBarrierState{Parties: 2, Generation: 2})
	checkNobodyLeft(t, db)
}

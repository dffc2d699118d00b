package memo_test

import (
	"errors"
	"testing"
	"time"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// Renew computes what is due, in one process at a time, and not soon after a failure.
func TestRenew(t *testing.T) {
	t.Parallel()
	dir, clock := t.TempDir(), storetest.NewClock(time.Unix(1e9, 0))
	db, elsewhere := storetest.OpenDir(t, dir, store.Options{Clock: clock}), storetest.OpenDir(t, dir, store.Options{Clock: clock})
	p := make(player)
	here, there := open(t, db, p.fn, staleOpts), open(t, elsewhere, p.fn, staleOpts)
	expectDue(t, here, false)
	makeStale(t, clock, p, here, "x")
	expectDue(t, here, true)
	expectDue(t, there, true)

	renewed := renew(t, here)
	c := <-p
	expectDue(t, there, false)
	expectRenewed(t, renew(t, there), false, nil)
	c.returns("new")
	expectRenewed(t, renewed, true, nil)
	expectDue(t, there, false)
	expectRenewed(t, renew(t, there), false, nil)
	expectGet(t, there, "x", "new")

	clock.Advance(time.Minute)
	renewed = renew(t, there)
	failed := errors.New("failed")
	(<-p).fails(failed)
	expectRenewed(t, renewed, true, failed)
	expectDue(t, here, false)
	clock.Advance(time.Second)
	expectDue(t, here, true)
	if info := expectPeek(t, here, "x", "new", nil); info.Fresh || info.Failures != 1 {
		t.Errorf("Peek() = %+v after a failure", info)
	}
}

// What was invalidated during a Renew is neither remembered nor due.
func TestRenewInvalidated(t *testing.T) {
	t.Parallel()
	db, clock := openAt(t)
	p := make(player)
	f := open(t, db, p.fn, staleOpts)
	makeStale(t, clock, p, f, "x")
	renewed := renew(t, f)
	c := <-p
	if err := f.Invalidate(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	c.returns("void")
	expectRenewed(t, renewed, true, nil)
	expectDue(t, f, false)
}

type renewal struct {
	called bool
	err    error
}

func renew(t *testing.T, f *texts) <-chan renewal {
	done := make(chan renewal, 1)
	go func() {
		called, err := f.Renew(t.Context(), "x")
		done <- renewal{called, err}
	}()
	return done
}

func expectRenewed(t *testing.T, done <-chan renewal, called bool, err error) {
	t.Helper()
	if got := <-done; got.called != called || !errors.Is(got.err, err) {
		t.Errorf("Renew() = %v, %v; want %v, %v", got.called, got.err, called, err)
	}
}

func expectDue(t *testing.T, f *texts, want bool) {
	t.Helper()
	if got, err := f.Due(t.Context(), "x"); got != want || err != nil {
		t.Errorf("Due() = %v, %v; want %v", got, err, want)
	}
}

package memo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/dcq-go/dcq/memo"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// staleOpts are of results that are stale after a minute.
var staleOpts = opts{TTL: time.Minute, Stale: time.Hour, Jitter: -1, Beta: -1}

// makeStale remembers "old" for arguments.
func makeStale(t *testing.T, clock *storetest.Clock, p player, f *texts, args ...string) {
	t.Helper()
	for _, arg := range args {
		got := get(t.Context(), f, arg)
		(<-p).returns("old")
		expect(t, got, "old", nil)
	}
	clock.Advance(time.Minute)
}

// While one computes a stale result anew, all are served, in all processes, and nobody
// else calls.
func TestServedMeanwhile(t *testing.T) {
	t.Parallel()
	dir, clock := t.TempDir(), storetest.NewClock(time.Unix(1e9, 0))
	db, elsewhere := storetest.OpenDir(t, dir, store.Options{Clock: clock}), storetest.OpenDir(t, dir, store.Options{Clock: clock})
	p := make(player)
	here, there := open(t, db, p.fn, staleOpts), open(t, elsewhere, p.fn, staleOpts)
	makeStale(t, clock, p, here, "x")

	type key struct{}
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
	expect(t, get(ctx, here, "x"), "old", nil)
	c := <-p
	cancel()
	if c.ctx.Err() != nil || c.ctx.Value(key{}) != "value" {
		t.Errorf("the call in the background: %v, value %v", c.ctx.Err(), c.ctx.Value(key{}))
	}
	for range 10 {
		expectGet(t, here, "x", "old")
		expectGet(t, there, "x", "old")
	}
	untilInLine(t, db, 1)
	if n := there.Refreshing(); n != 1 {
		t.Errorf("%d in the background elsewhere, want 1, which waits", n)
	}
	c.returns("new")
	untilIdle(here)
	untilIdle(there)
	expectGet(t, here, "x", "new")
	expectGet(t, there, "x", "new")
}

// What was computed anew, tried without success, or invalidated, when its turn comes is
// not computed once more.
func TestRefreshComesTooLate(t *testing.T) {
	t.Parallel()
	db, clock := openAt(t)
	var fn counted
	f := open(t, db, fn.fn, staleOpts)
	for _, meanwhile := range []func() error{
		func() error { _, err := f.Force(t.Context(), "x"); return err },
		func() error { fn.set("", errOther); _, _ = f.Force(t.Context(), "x"); return nil },
		func() error { return f.Invalidate(t.Context(), "x") },
	} {
		fn.set("one", nil)
		expectGet(t, f, "x", "one")
		clock.Advance(time.Minute)
		refresh := f.RefreshLater(t.Context(), "x")
		if err := meanwhile(); err != nil {
			t.Fatal(err)
		}
		fn.calls = 0
		if err := refresh(); err != nil {
			t.Error(err)
		}
		fn.expectCalls(t, 0)
	}
}

// No more than Refreshers are computed in the background; the others are left to later
// callers.
func TestRefreshers(t *testing.T) {
	t.Parallel()
	db, clock := openAt(t)
	p := make(player)
	o := staleOpts
	o.Refreshers = 2
	f := open(t, db, p.fn, o)
	makeStale(t, clock, p, f, "a", "b", "c")
	for _, arg := range []string{"a", "b", "c"} {
		expectGet(t, f, arg, "old")
	}
	one, two := <-p, <-p
	if n := f.Refreshing(); n != 2 {
		t.Errorf("%d in the background, want 2", n)
	}
	one.returns("new")
	two.returns("new")
	untilIdle(f)
	expectGet(t, f, "c", "old")
	(<-p).returns("new")
	untilIdle(f)
	expectGet(t, f, "c", "new")
}

// A stale result that is invalidated while it is computed anew is not there when that is
// done, and that it was in vain is not worth a line in the log.
func TestRefreshInvalidated(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	clock := storetest.NewClock(time.Unix(1e9, 0))
	db := storetest.Open(t, store.Options{Clock: clock, Logger: hclog.New(&hclog.LoggerOptions{Output: &log})})
	p := make(player)
	f := open(t, db, p.fn, staleOpts)
	for _, answer := range []func(c *call){func(c *call) { c.returns("void") }, func(c *call) { c.fails(errOther) }} {
		makeStale(t, clock, p, f, "x")
		expectGet(t, f, "x", "old")
		c := <-p
		if err := f.Invalidate(t.Context(), "x"); err != nil {
			t.Fatal(err)
		}
		answer(c)
		untilIdle(f)
		expectPeek(t, f, "x", "", memo.ErrNotFound)
	}
	if log.Len() > 0 {
		t.Errorf("the log has:\n%s", log.String())
	}
}

// Failures in the background are logged.
func TestRefreshFails(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	clock := storetest.NewClock(time.Unix(1e9, 0))
	db := storetest.Open(t, store.Options{Clock: clock, Logger: hclog.New(&hclog.LoggerOptions{Output: &log})})
	p := make(player)
	f := open(t, db, p.fn, staleOpts)
	makeStale(t, clock, p, f, "x")
	for i, answer := range []func(c *call){
		func(c *call) { c.fails(errOther) },
		func(c *call) { c.answer <- func() (string, error) { panic("boom") } },
	} {
		clock.Advance(time.Minute)
		expectGet(t, f, "x", "old")
		answer(<-p)
		untilIdle(f)
		if want := []string{"other", "boom"}[i]; !bytes.Contains(log.Bytes(), []byte(want)) {
			t.Errorf("the log does not mention %q: %s", want, log.String())
		}
	}
	if n := expectPeek(t, f, "x", "old", nil).Failures; n != 2 {
		t.Errorf("%d failures, want 2", n)
	}
}

// Close ends what is computed, waits for what is in the background, and says nothing in
// the log; who waits gets ErrClosed, and who called a function that does not care gets
// what it returned.
func TestClose(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	clock := storetest.NewClock(time.Unix(1e9, 0))
	db, err := store.Open(t.Context(), t.TempDir(), store.Options{Clock: clock, Logger: hclog.New(&hclog.LoggerOptions{Output: &log})})
	if err != nil {
		t.Fatal(err)
	}
	p := make(player)
	var over atomic.Bool
	f := open(t, db, func(ctx context.Context, arg string) (string, error) {
		v, err := p.fn(ctx, arg)
		if arg == "stale" && err != nil {
			<-time.NewTimer(50 * time.Millisecond).C // a Close that does not wait is faster
			over.Store(true)
		}
		return v, err
	}, staleOpts)
	makeStale(t, clock, p, f, "stale")
	expectGet(t, f, "stale", "old")
	<-p
	front := get(t.Context(), f, "front")
	<-p
	forced := force(t.Context(), f, "forced")
	<-p
	carefree, err := memo.Open(t.Context(), db, "carefree", p.stubborn, opts{TTL: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	late := get(t.Context(), carefree, "x")
	c := <-p
	if err := db.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
	if !over.Load() || f.Refreshing() != 0 {
		t.Error("Close did not wait for what is computed in the background")
	}
	expect(t, front, "", store.ErrClosed)
	expect(t, forced, "", store.ErrClosed)
	c.returns("one")
	expect(t, late, "one", nil)
	if _, err := f.Get(t.Context(), "x"); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Get() after Close = %v", err)
	}
	if log.Len() > 0 {
		t.Errorf("the log has:\n%s", log.String())
	}
}

// Force waits for the call that is under way, and then calls; others are served meanwhile
// what there is.
func TestForce(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	p := make(player)
	f := open(t, db, p.fn, opts{Negative: []error{errAbsent}})
	got := get(t.Context(), f, "x")
	first := <-p
	forced := []<-chan answered{force(t.Context(), f, "x"), force(t.Context(), f, "x")}
	untilInLine(t, db, 2)
	first.returns("0")
	expect(t, got, "0", nil)
	for i := range forced {
		c := <-p
		expectGet(t, f, "x", fmt.Sprint(i))
		c.returns(fmt.Sprint(i + 1))
		until(func() bool { v, _, _ := f.Peek(t.Context(), "x"); return v == fmt.Sprint(i+1) })
	}
	for _, got := range forced {
		if a := <-got; a.err != nil || a.value == "0" {
			t.Errorf("Force() = %q, %v", a.value, a.err)
		}
	}

	failed := force(t.Context(), f, "x")
	(<-p).fails(errOther)
	expect(t, failed, "", errOther)
	expectGet(t, f, "x", "2")
	failed = force(t.Context(), f, "x")
	(<-p).fails(errAbsent)
	expect(t, failed, "", errAbsent)
	expectPeek(t, f, "x", "", errAbsent)

	ctx, cancel := context.WithCancel(t.Context())
	given := force(ctx, f, "x")
	<-p
	cancel()
	expect(t, given, "", context.Canceled)
	expectPeek(t, f, "x", "", errAbsent)
}

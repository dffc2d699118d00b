package memo_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/dcq-go/dcq/memo"
)

// A result is fresh for TTL, stale for Stale, and then gone: a stale one is served while
// it is computed anew.
func TestFreshStaleGone(t *testing.T) {
	t.Parallel()
	db, clock := openAt(t)
	var fn counted
	f := open(t, db, fn.fn, opts{TTL: time.Minute, Stale: time.Hour, Jitter: -1, Beta: -1})
	start := clock.Now()
	fn.set("one", nil)
	expectGet(t, f, "x", "one")
	fn.expectCalls(t, 1)
	fn.set("two", nil)

	clock.Advance(time.Minute - 1)
	expectGet(t, f, "x", "one")
	untilIdle(f)
	info := expectPeek(t, f, "x", "one", nil)
	if want := (memo.Info{Created: start, Fresh: true, Expires: start.Add(time.Hour + time.Minute)}); info != want {
		t.Errorf("Peek() = %+v, want %+v", info, want)
	}
	fn.expectCalls(t, 0)

	clock.Advance(1)
	if expectPeek(t, f, "x", "one", nil).Fresh {
		t.Error("Peek() says fresh at the end of TTL")
	}
	fn.expectCalls(t, 0) // Peek computes nothing
	expectGet(t, f, "x", "one")
	untilIdle(f)
	fn.expectCalls(t, 1)
	expectGet(t, f, "x", "two")
	fn.expectCalls(t, 0)

	fn.set("three", nil)
	clock.Advance(time.Hour + time.Minute - 1)
	expectPeek(t, f, "x", "two", nil)
	clock.Advance(1)
	expectPeek(t, f, "x", "", memo.ErrNotFound)
	expectGet(t, f, "x", "three")
	fn.expectCalls(t, 1)
}

// Without Stale, who comes after TTL waits.
func TestNoStale(t *testing.T) {
	t.Parallel()
	db, clock := openAt(t)
	var fn counted
	f := open(t, db, fn.fn, opts{TTL: time.Minute, Jitter: -1})
	fn.set("one", nil)
	expectGet(t, f, "x", "one")
	fn.set("two", nil)
	clock.Advance(time.Minute)
	expectGet(t, f, "x", "two")
	fn.expectCalls(t, 2)
}

// Near its end a result is computed anew, with the chance of XFetch for how long the
// function took, and served meanwhile.
func TestEarly(t *testing.T) {
	t.Parallel()
	db, clock := openAt(t)
	calls := 0
	f := open(t, db, func(context.Context, string) (string, error) {
		calls++
		clock.Advance(10 * time.Second)
		return fmt.Sprint(calls), nil
	}, opts{TTL: time.Minute, Jitter: -1})
	random := 0.0
	f.SetRandom(func() float64 { return random })
	expectGet(t, f, "x", "1")
	if took := expectPeek(t, f, "x", "1", nil).Took; took != 10*time.Second {
		t.Errorf("Took = %v, want 10s", took)
	}
	clock.Advance(50 * time.Second) // 10 s before the end: e^-1
	for _, c := range []struct {
		random float64
		want   string
	}{{0, "1"}, {0.63, "1"}, {0.64, "1"}, {0.64, "2"}} {
		random = c.random
		expectGet(t, f, "x", c.want)
		untilIdle(f)
	}
	if calls != 2 {
		t.Errorf("the function was called %d times, want 2", calls)
	}
}

// A stale result survives failures. Between them are pauses that double up to a minute,
// for all processes, and success ends them.
func TestBackoff(t *testing.T) {
	t.Parallel()
	db, clock := openAt(t)
	var fn counted
	f := open(t, db, fn.fn, opts{TTL: time.Minute, Stale: time.Hour, Jitter: -1, Backoff: 10 * time.Second})
	other := open(t, db, fn.fn, opts{TTL: time.Minute, Stale: time.Hour, Jitter: -1, Backoff: 10 * time.Second})
	fn.set("one", nil)
	expectGet(t, f, "x", "one")
	gone := expectPeek(t, f, "x", "one", nil).Expires
	fn.set("", errOther)
	clock.Advance(time.Minute)
	fn.expectCalls(t, 1)
	for i, pause := range []time.Duration{10, 20, 40, 60, 60} {
		expectGet(t, f, "x", "one")
		untilIdle(f)
		fn.expectCalls(t, 1)
		info := expectPeek(t, f, "x", "one", nil)
		if info.Failures != i+1 || !info.Expires.Equal(gone) {
			t.Errorf("after %d failures: %+v, want it to expire at %v", i+1, info, gone)
		}
		clock.Advance(pause*time.Second - 1)
		expectGet(t, other, "x", "one")
		untilIdle(other)
		fn.expectCalls(t, 0)
		clock.Advance(1)
	}
	fn.set("two", nil)
	expectGet(t, f, "x", "one")
	untilIdle(f)
	if info := expectPeek(t, f, "x", "two", nil); info.Failures != 0 || !info.Fresh {
		t.Errorf("after success: %+v", info)
	}

	fn.set("", errOther)
	clock.Advance(time.Minute + time.Hour)
	if v, err := f.Get(t.Context(), "x"); !errors.Is(err, errOther) {
		t.Errorf("Get() after Stale = %q, %v, want %v", v, err, errOther)
	}
}

// An error of Negative is remembered for NegativeTTL, in place of what was there, and is
// still that error; another is not.
func TestNegative(t *testing.T) {
	t.Parallel()
	db, clock := openAt(t)
	var fn counted
	o := opts{TTL: time.Minute, Stale: time.Hour, Jitter: -1, Beta: -1, Negative: []error{errOther, errAbsent}, NegativeTTL: 10 * time.Second}
	f := open(t, db, fn.fn, o)
	other := open(t, db, fn.fn, o)
	fn.set("one", nil)
	expectGet(t, f, "x", "one")
	clock.Advance(time.Minute)
	fn.set("", fmt.Errorf("user 7: %w", errAbsent))
	expectGet(t, f, "x", "one")
	untilIdle(f)
	fn.expectCalls(t, 2)
	for _, f := range []*texts{f, other} {
		_, err := f.Get(t.Context(), "x")
		var remembered *memo.RememberedError
		if !errors.As(err, &remembered) || !errors.Is(err, errAbsent) || errors.Is(err, errOther) || err.Error() != "user 7: absent" {
			t.Errorf("Get() = %v, want the remembered %v", err, errAbsent)
		}
		expectPeek(t, f, "x", "", errAbsent)
	}
	clock.Advance(10*time.Second - 1)
	if _, err := f.Get(t.Context(), "x"); !errors.Is(err, errAbsent) {
		t.Errorf("Get() = %v, want %v", err, errAbsent)
	}
	untilIdle(f)
	fn.expectCalls(t, 0)
	clock.Advance(1)
	expectPeek(t, f, "x", "", memo.ErrNotFound)
	fn.set("two", nil)
	expectGet(t, f, "x", "two")
}

// A negative error that cannot be confirmed ends when it would have.
func TestNegativeEnds(t *testing.T) {
	t.Parallel()
	db, clock := openAt(t)
	var fn counted
	f := open(t, db, fn.fn, opts{TTL: time.Minute, Stale: time.Hour, Jitter: -1, Negative: []error{errAbsent}, NegativeTTL: 10 * time.Second})
	fn.set("", errAbsent)
	if _, err := f.Get(t.Context(), "x"); !errors.Is(err, errAbsent) {
		t.Errorf("Get() = %v, want %v", err, errAbsent)
	}
	fn.set("", errOther)
	if _, err := f.Force(t.Context(), "x"); !errors.Is(err, errOther) {
		t.Errorf("Force() = %v, want %v", err, errOther)
	}
	expectPeek(t, f, "x", "", errAbsent)
	clock.Advance(10 * time.Second)
	expectPeek(t, f, "x", "", memo.ErrNotFound)
}

// An error is not remembered, but for those who waited: the next caller calls again.
func TestErrorIsNotRemembered(t *testing.T) {
	t.Parallel()
	db, _ := openAt(t)
	var fn counted
	f := open(t, db, fn.fn, opts{})
	fn.set("", errOther)
	for range 3 {
		if _, err := f.Get(t.Context(), "x"); err != errOther {
			t.Errorf("Get() = %v, want %v itself", err, errOther)
		}
		expectPeek(t, f, "x", "", memo.ErrNotFound)
	}
	fn.expectCalls(t, 3)
}

// Lifetimes are shortened by up to Jitter, 0.1 by default.
func TestJitter(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		jitter, random float64
		want           time.Duration
	}{{0, 0, 1000}, {0, 0.5, 950}, {0.5, 0.5, 750}, {-1, 0.5, 1000}} {
		db, clock := openAt(t)
		var fn counted
		f := open(t, db, fn.fn, opts{TTL: 1000 * time.Second, Jitter: c.jitter})
		f.SetRandom(func() float64 { return c.random })
		expectGet(t, f, "x", "")
		if got := expectPeek(t, f, "x", "", nil).Expires.Sub(clock.Now()); got != c.want*time.Second {
			t.Errorf("with jitter %v and random %v it lives for %v, want %vs", c.jitter, c.random, got, int(c.want))
		}
	}
}

// A wall clock that is set back does not keep a stale result from being computed anew.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	db, clock := openAt(t)
	var fn counted
	f := open(t, db, fn.fn, opts{TTL: time.Minute, Jitter: -1})
	f.SetRandom(func() float64 { return 0.5 })
	expectGet(t, f, "x", "")
	clock.Step(-time.Hour)
	expectGet(t, f, "x", "")
	fn.expectCalls(t, 1)
	fn.set("two", nil)
	if v, err := f.Force(t.Context(), "x"); v != "two" || err != nil {
		t.Errorf("Force() = %q, %v", v, err)
	}
	clock.Advance(time.Minute)
	fn.set("three", nil)
	expectGet(t, f, "x", "three")
}

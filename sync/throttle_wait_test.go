package sync_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
	dsync "github.com/dcq-go/dcq/sync"
)

// waited is a Wait that ended.
type waited struct {
	who int
	at  time.Duration // by the clock of the test
	err error
}

// wait starts a Wait and returns when it has reserved its slot.
func (th *throttling) wait(ctx context.Context, who int, done chan<- waited) {
	th.t.Helper()
	before := th.resetAfter()
	go func() {
		err := th.Wait(ctx)
		done <- waited{who, th.clock.Monotonic(), err}
	}()
	for th.resetAfter() == before {
		runtime.Gosched()
	}
}

func (th *throttling) resetAfter() time.Duration {
	th.t.Helper()
	d, err := th.Peek(context.Background())
	if err != nil {
		th.t.Fatal(err)
	}
	return d.ResetAfter
}

// Those who wait pass in the order in which they came, each in its slot, however often
// they look before. Nobody who comes later, and does not wait, goes first.
func TestThrottleFIFO(t *testing.T) {
	t.Parallel()
	th := newThrottling(t, perSecond(2, 2))
	th.reserve(2, 0)
	start := th.clock.Monotonic()
	done := make(chan waited, 10)
	for i := range 10 {
		th.wait(context.Background(), i, done)
	}
	for i := range 10 {
		th.allow(1, dsync.Decision{Limit: 2, RetryAfter: time.Duration(11-i) * 500 * ms, ResetAfter: time.Duration(12-i) * 500 * ms})
		th.clock.Advance(500 * ms)
		want := waited{who: i, at: start + time.Duration(i+1)*500*ms}
		if got := <-done; got != want {
			t.Errorf("passed: %+v, want %+v", got, want)
		}
	}
	if n := th.db.Wakeups().Missed; n != 0 {
		t.Errorf("%d wake-ups were missed", n)
	}
}

// A Wait whose context ends gives its slot back, if it is the last. Those before it
// lose theirs; those after keep theirs.
func TestThrottleWaitCanceled(t *testing.T) {
	t.Parallel()
	th := newThrottling(t, perSecond(10, 1))
	th.reserve(1, 0)
	why := errors.New("why")
	done := make(chan waited, 1)
	var cancel [3]context.CancelCauseFunc
	for i := range cancel {
		var ctx context.Context
		ctx, cancel[i] = context.WithCancelCause(t.Context())
		th.wait(ctx, i, done)
	}
	for _, step := range []struct {
		who   int
		after time.Duration // until the whole burst is free again
	}{{2, 300 * ms}, {0, 300 * ms}, {1, 200 * ms}} {
		cancel[step.who](why)
		if got := <-done; got.who != step.who || !errors.Is(got.err, why) || errors.Is(got.err, dsync.ErrLost) {
			t.Errorf("Wait() of a canceled context: %+v, want %v", got, why)
		}
		if got := th.resetAfter(); got != step.after {
			t.Errorf("after cancel of %d the burst is free in %v, want %v", step.who, got, step.after)
		}
	}
}

func TestThrottleCancel(t *testing.T) {
	t.Parallel()
	th := newThrottling(t, perSecond(10, 3))
	first := th.reserve(2, 0)
	second := th.reserve(3, 200*ms)
	th.wantErr(first.Cancel(t.Context()), dsync.ErrLost)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	th.must(second.Cancel(ended))
	th.must(second.Cancel(t.Context())) // once is enough
	th.must(first.Cancel(t.Context()))  // it was lost when it was canceled
	th.peek(dsync.Decision{Allowed: true, Limit: 3, Remaining: 1, ResetAfter: 200 * ms})

	for name, change := range map[string]func(){
		"allowed": func() { th.allow(1, dsync.Decision{Allowed: true, Limit: 3, Remaining: 1, ResetAfter: 200 * ms}) },
		"reset":   func() { th.must(th.Reset(t.Context())); th.reserve(1, 0) }, // the same slot again
		"removed": func() {
			th.must(th.Remove(t.Context()))
			th.must(th.SetRate(t.Context(), perSecond(10, 3)))
			th.reserve(1, 0)
		},
	} {
		th.must(th.Reset(t.Context()))
		r := th.reserve(1, 0)
		change()
		want := th.resetAfter()
		if err := r.Cancel(t.Context()); !errors.Is(err, dsync.ErrLost) {
			t.Errorf("%s: Cancel() = %v, want %v", name, err, dsync.ErrLost)
		}
		if got := th.resetAfter(); got != want {
			t.Errorf("%s: the burst is free in %v after Cancel, want %v", name, got, want)
		}
	}
}

// A wait that cannot end well is not begun.
func TestThrottleHopeless(t *testing.T) {
	t.Parallel()
	hourly := dsync.ThrottleOptions{Rate: dsync.Rate{Count: 1, Per: time.Hour}}
	th := newThrottling(t, hourly)
	th.reserve(1, 0)
	unchanged := dsync.Decision{Limit: 1, RetryAfter: time.Hour, ResetAfter: time.Hour}
	soon, cancel := context.WithDeadline(t.Context(), th.clock.Now().Add(time.Hour-time.Minute))
	defer cancel()
	th.wantErr(th.Wait(soon), dsync.ErrNotAcquired, context.DeadlineExceeded)
	th.peek(unchanged)
	impatient := openThrottle(t, th.db, "t", dsync.ThrottleOptions{MaxWait: time.Hour - 1})
	th.wantErr(impatient.Wait(t.Context()), dsync.ErrNotAcquired)
	_, err := impatient.Reserve(t.Context(), 1)
	th.wantErr(err, dsync.ErrNotAcquired)
	th.peek(unchanged)
	over, end := context.WithCancelCause(t.Context())
	why := errors.New("why")
	end(why)
	th.wantErr(th.Wait(over), why)
	th.wantErr(th.WaitN(t.Context(), 2), dsync.ErrTooMany)
	th.peek(unchanged)

	th.clock.Advance(1) // now its slot is as far as it waits
	done := make(chan waited, 1)
	th.Throttle = impatient
	th.wait(t.Context(), 0, done)
	th.clock.Advance(time.Hour)
	if got := <-done; got.err != nil {
		t.Errorf("Wait() = %v", got.err)
	}
	inTime, cancel := context.WithDeadline(t.Context(), th.clock.Now().Add(time.Hour-1)) // when its slot comes
	defer cancel()
	th.wait(inTime, 1, done)
	th.clock.Advance(time.Hour)
	if got := <-done; got.err != nil {
		t.Errorf("Wait() until its deadline = %v", got.err)
	}
}

// Closing the store ends the waits.
func TestThrottleClosed(t *testing.T) {
	t.Parallel()
	db, err := store.Open(t.Context(), t.TempDir(), store.Options{Clock: storetest.NewClock(time.Now())})
	if err != nil {
		t.Fatal(err)
	}
	th := openThrottle(t, db, "t", perSecond(1, 1))
	if err := th.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := th.Reserve(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		if err := r.Wait(t.Context()); !errors.Is(err, store.ErrClosed) {
			t.Errorf("Wait() of a closed store = %v, want %v", err, store.ErrClosed)
		}
	})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	if err := th.Wait(t.Context()); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Wait() after Close = %v, want %v", err, store.ErrClosed)
	}
}

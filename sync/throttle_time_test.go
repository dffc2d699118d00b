package sync_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
	dsync "github.com/dcq-go/dcq/sync"
)

// Steps of the wall clock, however large, change nothing.
func TestThrottleWallClockSteps(t *testing.T) {
	t.Parallel()
	th := newThrottling(t, perSecond(10, 2))
	th.reserve(2, 0)
	th.reserve(1, 100*ms)
	for _, step := range []time.Duration{-time.Hour, 50 * 365 * 24 * time.Hour, -128 * ms, ms, -100 * 365 * 24 * time.Hour} {
		th.clock.Step(step)
		th.peek(dsync.Decision{Limit: 2, RetryAfter: 200 * ms, ResetAfter: 300 * ms})
		th.allow(1, dsync.Decision{Limit: 2, RetryAfter: 200 * ms, ResetAfter: 300 * ms})
		last := th.reserve(1, 200*ms)
		th.must(last.Cancel(t.Context()))
	}
	th.clock.Advance(200 * ms)
	th.clock.Step(-time.Minute)
	th.allow(1, dsync.Decision{Allowed: true, Limit: 2, Remaining: 0, ResetAfter: 200 * ms})
}

// A throttle whose wall clock is stepped all the time, as by NTP, says the same as one
// whose clock is not.
func TestThrottleSlewedClock(t *testing.T) {
	t.Parallel()
	r := seed.Rand(t)
	slewed, steady := newThrottling(t, perSecond(100, 4)), newThrottling(t, perSecond(100, 4))
	for range 200 {
		slewed.clock.Step(time.Duration(r.Int64N(int64(20*ms)) - int64(10*ms)))
		d := time.Duration(r.Int64N(int64(15 * ms)))
		slewed.clock.Advance(d)
		steady.clock.Advance(d)
		want, err := steady.Allow(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		slewed.allow(1, want)
	}
}

// reopen opens the store once more, as another process would, with that clock.
func (th *throttling) reopen(clock *storetest.Clock) {
	th.t.Helper()
	db := storetest.OpenDir(th.t, th.dir, store.Options{Clock: clock})
	th.db, th.clock = db, clock
	th.Throttle = openThrottle(th.t, db, "t", dsync.ThrottleOptions{})
}

// Opening a throttle, also by new processes, resets nothing.
func TestThrottleRestart(t *testing.T) {
	t.Parallel()
	th := newThrottling(t, perSecond(10, 3))
	for i := range 3 {
		th.reopen(th.clock)
		th.Throttle = openThrottle(t, th.db, "t", perSecond(10, 3))
		th.allow(1, dsync.Decision{Allowed: true, Limit: 3, Remaining: 2 - i, ResetAfter: time.Duration(i+1) * 100 * ms})
	}
	th.reserve(1, 100*ms)
	th.reopen(th.clock)
	th.reserve(1, 200*ms)
}

// After a reboot, what was spent of the burst is spent by the wall clock; what was
// reserved beyond it was for processes that are gone.
func TestThrottleReboot(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		spent, ahead int
		off          time.Duration // how much later the wall clock says it is
		want         dsync.Decision
	}{
		"whole":        {0, 0, time.Second, dsync.Decision{Allowed: true, Limit: 3, Remaining: 3}},
		"short":        {2, 0, 50 * ms, dsync.Decision{Allowed: true, Limit: 3, Remaining: 1, ResetAfter: 150 * ms}},
		"spent":        {3, 0, 0, dsync.Decision{Limit: 3, RetryAfter: 100 * ms, ResetAfter: 300 * ms}},
		"long":         {3, 0, time.Minute, dsync.Decision{Allowed: true, Limit: 3, Remaining: 3}},
		"reserved":     {3, 50, 0, dsync.Decision{Limit: 3, RetryAfter: 100 * ms, ResetAfter: 300 * ms}},
		"clock behind": {3, 0, -50 * 365 * 24 * time.Hour, dsync.Decision{Limit: 3, RetryAfter: 100 * ms, ResetAfter: 300 * ms}},
		"clock ahead":  {3, 50, 50 * 365 * 24 * time.Hour, dsync.Decision{Allowed: true, Limit: 3, Remaining: 3}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, named := range []bool{true, false} { // systems that name their boots, and others
				th := newThrottling(t, perSecond(10, 3))
				for i := range test.spent + test.ahead {
					th.reserve(1, time.Duration(max(0, i-2))*100*ms)
				}
				if named {
					th.corrupt(`boot = 'before'`)
				}
				later := storetest.NewClock(th.clock.Now().Add(test.off))
				if !named { // the clock of this boot stands where that of the last began
					th.corrupt(`changed = changed + 1, tat = tat + 1`)
				}
				th.reopen(later)
				th.peek(test.want)
				if test.want.Allowed {
					th.reserve(test.want.Remaining, 0)
				}
				th.reserve(1, 100*ms-max(0, test.off)%(100*ms))
			}
		})
	}
}

// corrupt changes the throttle's row behind its back.
func (th *throttling) corrupt(set string) {
	th.t.Helper()
	err := th.db.Update(th.t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE dcq_throttles SET ` + set)
		return err
	})
	if err != nil {
		th.t.Fatal(err)
	}
}

// A row of a time that cannot be is found by Check. A change in the future heals by
// itself, without letting more than a burst pass; a reservation for ever by Reset.
func TestThrottlePoisoned(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		set  string
		want dsync.Decision
	}{
		"changed in the future": {
			`changed = changed + 1000000000000000, tat = tat + 1000000000000000, tat_wall = tat_wall + 1000000000000000`,
			dsync.Decision{Limit: 2, RetryAfter: 100 * ms, ResetAfter: 200 * ms},
		},
		"reserved for ever": {
			`tat = 9223372036854775807`,
			dsync.Decision{Limit: 2, RetryAfter: 10*365*24*time.Hour + 100*ms, ResetAfter: 10*365*24*time.Hour + 200*ms},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			th := newThrottling(t, perSecond(10, 2))
			th.corrupt(test.set)
			if found, err := th.db.Check(context.Background()); err != nil || len(found) != 1 {
				t.Errorf("Check() = %v, %v; want one problem", found, err)
			}
			th.peek(test.want)
			th.allow(1, test.want)
			th.must(th.Reset(t.Context()))
			th.peek(dsync.Decision{Allowed: true, Limit: 2, Remaining: 2})
		})
	}
}

// meddlingClock does something just after it has been read.
type meddlingClock struct {
	*storetest.Clock
	meddle atomic.Pointer[func()]
}

func (c *meddlingClock) Monotonic() time.Duration {
	now := c.Clock.Monotonic()
	if fn := c.meddle.Swap(nil); fn != nil {
		(*fn)()
	}
	return now
}

// A View may see what was committed after it read the clock. That is not taken for
// another boot's.
func TestThrottlePeekMeetsCommit(t *testing.T) {
	t.Parallel()
	clock := &meddlingClock{Clock: storetest.NewClock(time.Now())}
	db := storetest.Open(t, store.Options{Clock: clock})
	th := openThrottle(t, db, "t", perSecond(10, 1))
	meddle := func() {
		clock.Advance(ms)
		for range 5 {
			if _, err := th.Reserve(context.Background(), 1); err != nil {
				t.Error(err)
			}
		}
	}
	clock.meddle.Store(&meddle)
	want := dsync.Decision{Limit: 1, RetryAfter: 501 * ms, ResetAfter: 501 * ms}
	if d, err := th.Peek(t.Context()); err != nil || d != want {
		t.Errorf("Peek() = %+v, %v; want %+v", d, err, want)
	}
}

package sync_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
	dsync "github.com/dcq-go/dcq/sync"
)

// throttling is a throttle on a clock of the test.
type throttling struct {
	*dsync.Throttle
	t     testing.TB
	dir   string
	db    *store.DB
	clock *storetest.Clock
}

func newThrottling(t testing.TB, opts dsync.ThrottleOptions) *throttling {
	t.Helper()
	th := &throttling{t: t, dir: t.TempDir(), clock: storetest.NewClock(time.Now())}
	th.db = storetest.OpenDir(t, th.dir, store.Options{Clock: th.clock})
	th.Throttle = openThrottle(t, th.db, "t", opts)
	return th
}

func openThrottle(t testing.TB, db *store.DB, name string, opts dsync.ThrottleOptions) *dsync.Throttle {
	t.Helper()
	th, err := dsync.OpenThrottle(context.Background(), db, name, opts)
	if err != nil {
		t.Fatal(err)
	}
	return th
}

// perSecond is a rate of n a second.
func perSecond(n, burst int) dsync.ThrottleOptions {
	return dsync.ThrottleOptions{Rate: dsync.Rate{Count: n, Per: time.Second}, Burst: burst}
}

// allow asks for n units and checks the answer.
func (th *throttling) allow(n int, want dsync.Decision) {
	th.t.Helper()
	if got, err := th.AllowN(th.t.Context(), n); err != nil || got != want {
		th.t.Errorf("AllowN(%d) = %+v, %v; want %+v", n, got, err, want)
	}
}

// peek checks what is left, without taking anything.
func (th *throttling) peek(want dsync.Decision) {
	th.t.Helper()
	if got, err := th.Peek(th.t.Context()); err != nil || got != want {
		th.t.Errorf("Peek() = %+v, %v; want %+v", got, err, want)
	}
}

func (th *throttling) reserve(n int, delay time.Duration) *dsync.Reservation {
	th.t.Helper()
	r, err := th.Reserve(th.t.Context(), n)
	if err != nil {
		th.t.Fatal(err)
	}
	if got := r.Delay(); got != delay {
		th.t.Errorf("Reserve(%d).Delay() = %v, want %v", n, got, delay)
	}
	return r
}

func (th *throttling) must(err error) {
	th.t.Helper()
	if err != nil {
		th.t.Error(err)
	}
}

func (th *throttling) wantErr(err error, want ...error) {
	th.t.Helper()
	for _, w := range want {
		if !errors.Is(err, w) {
			th.t.Errorf("error = %v, want %v", err, w)
		}
	}
}

const ms = time.Millisecond

func TestThrottleAllow(t *testing.T) {
	t.Parallel()
	th := newThrottling(t, perSecond(10, 3))
	whole := dsync.Decision{Allowed: true, Limit: 3, Remaining: 3}
	th.peek(whole)
	th.allow(1, dsync.Decision{Allowed: true, Limit: 3, Remaining: 2, ResetAfter: 100 * ms})
	th.allow(2, dsync.Decision{Allowed: true, Limit: 3, Remaining: 0, ResetAfter: 300 * ms})
	denied := dsync.Decision{Limit: 3, RetryAfter: 100 * ms, ResetAfter: 300 * ms}
	th.allow(1, denied)
	th.allow(1, denied) // a denial costs nothing
	th.peek(denied)
	th.allow(3, dsync.Decision{Limit: 3, RetryAfter: 300 * ms, ResetAfter: 300 * ms})
	th.clock.Advance(100*ms - 1)
	th.allow(1, dsync.Decision{Limit: 3, RetryAfter: 1, ResetAfter: 200*ms + 1})
	th.clock.Advance(1)
	th.allow(1, dsync.Decision{Allowed: true, Limit: 3, Remaining: 0, ResetAfter: 300 * ms})
	th.clock.Advance(time.Hour) // what is not used is not saved up beyond the burst
	th.peek(whole)
	th.allow(3, dsync.Decision{Allowed: true, Limit: 3, Remaining: 0, ResetAfter: 300 * ms})
	th.must(th.Reset(t.Context()))
	th.peek(whole)
	for n, want := range map[int]error{4: dsync.ErrTooMany, math.MaxInt: dsync.ErrTooMany, 0: nil, -1: nil, math.MinInt: nil} {
		if _, err := th.AllowN(t.Context(), n); err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("AllowN(%d) = %v, want an error, %v", n, err, want)
		}
	}
	th.peek(whole)
}

// The throttle's part of a transaction stands and falls with it.
func TestThrottleTx(t *testing.T) {
	t.Parallel()
	th := newThrottling(t, perSecond(10, 2))
	no := errors.New("no")
	var undone *dsync.Reservation
	err := th.db.Update(t.Context(), func(tx *store.Tx) error {
		d, err := th.AllowTx(tx, 1)
		if err != nil || !d.Allowed {
			t.Errorf("AllowTx() = %+v, %v", d, err)
		}
		if undone, err = th.ReserveTx(tx, 1); err != nil || undone.Delay() != 0 {
			t.Errorf("ReserveTx() = %v, %v", undone, err)
		}
		return no
	})
	th.wantErr(err, no)
	th.allow(2, dsync.Decision{Allowed: true, Limit: 2, ResetAfter: 200 * ms})
	th.must(undone.Cancel(t.Context())) // what was undone is not given back once more
	th.allow(1, dsync.Decision{Limit: 2, RetryAfter: 100 * ms, ResetAfter: 200 * ms})
}

func TestThrottleSettings(t *testing.T) {
	t.Parallel()
	th := newThrottling(t, perSecond(10, 3))
	open := func(o dsync.ThrottleOptions) error {
		_, err := dsync.OpenThrottle(t.Context(), th.db, "t", o)
		return err
	}
	for _, same := range []dsync.ThrottleOptions{
		{}, {Burst: 3}, perSecond(10, 3), {MaxWait: time.Second},
		{Rate: dsync.Rate{Count: 600, Per: time.Minute}, Burst: 3},
	} {
		th.must(open(same))
	}
	for _, other := range []dsync.ThrottleOptions{{Burst: 2}, perSecond(10, 0), perSecond(10, 1), perSecond(11, 3)} {
		th.wantErr(open(other), dsync.ErrConflict)
	}
	_, err := dsync.OpenThrottle(t.Context(), th.db, "none", dsync.ThrottleOptions{Burst: 2})
	th.wantErr(err, dsync.ErrConflict)
	_, err = dsync.OpenThrottle(t.Context(), th.db, "a\nb", perSecond(1, 1))
	th.wantErr(err, dsync.ErrName)
	for _, bad := range []struct {
		opts dsync.ThrottleOptions
		want string
	}{
		{dsync.ThrottleOptions{Rate: dsync.Rate{Count: 1}}, "Rate"},
		{dsync.ThrottleOptions{Rate: dsync.Rate{Per: 1}}, "Rate"},
		{perSecond(-1, 0), "Rate"},
		{perSecond(1, -1), "Burst"},
		{perSecond(1, math.MaxInt), "Burst"},
		{dsync.ThrottleOptions{Rate: dsync.Rate{Count: 1, Per: math.MaxInt64}}, "Burst"},
		{dsync.ThrottleOptions{MaxWait: -1}, "MaxWait"},
	} {
		if err := open(bad.opts); err == nil || !strings.Contains(err.Error(), "ThrottleOptions."+bad.want) {
			t.Errorf("OpenThrottle(%+v) = %v, want a fault of %s", bad.opts, err, bad.want)
		}
		if err := th.SetRate(t.Context(), bad.opts); err == nil {
			t.Errorf("SetRate(%+v) = nil", bad.opts)
		}
	}
	th.peek(dsync.Decision{Allowed: true, Limit: 3, Remaining: 3})
}

// The extremes that the options allow work.
func TestThrottleExtremes(t *testing.T) {
	t.Parallel()
	const year = 365 * 24 * time.Hour
	th := newThrottling(t, dsync.ThrottleOptions{Rate: dsync.Rate{Count: 1, Per: 5 * year}, Burst: 2})
	th.reserve(2, 0)
	for i := range 2 {
		th.reserve(1, time.Duration(i+1)*5*year)
	}
	_, err := th.Reserve(t.Context(), 1)
	th.wantErr(err, dsync.ErrNotAcquired)
	fast := openThrottle(t, th.db, "fast", dsync.ThrottleOptions{Rate: dsync.Rate{Count: math.MaxInt, Per: 1}, Burst: math.MaxInt32})
	for range 2 {
		d, err := fast.AllowN(t.Context(), math.MaxInt32)
		if err != nil || !d.Allowed || d.ResetAfter != math.MaxInt32 {
			t.Errorf("AllowN(burst) = %+v, %v; want one a nanosecond", d, err)
		}
		th.clock.Advance(math.MaxInt32)
	}
}

func TestThrottleSetRate(t *testing.T) {
	t.Parallel()
	th := newThrottling(t, perSecond(10, 1))
	other := openThrottle(t, th.db, "t", dsync.ThrottleOptions{})
	th.reserve(1, 0)
	th.reserve(1, 100*ms)
	th.must(other.SetRate(t.Context(), perSecond(2, 0)))
	th.reserve(1, 600*ms)
	th.must(th.SetRate(t.Context(), perSecond(100, 5)))
	th.reserve(1, 610*ms)
	th.clock.Advance(610 * ms)
	th.peek(dsync.Decision{Limit: 5, RetryAfter: 10 * ms, ResetAfter: 50 * ms}) // a larger burst has to be saved up
	th.clock.Advance(50 * ms)
	th.peek(dsync.Decision{Allowed: true, Limit: 5, Remaining: 5})

	th.must(other.Remove(t.Context()))
	th.must(other.Remove(t.Context()))
	_, err := th.Allow(t.Context())
	th.wantErr(err, dsync.ErrConflict)
	_, err = th.Peek(t.Context())
	th.wantErr(err, dsync.ErrConflict)
	th.wantErr(th.Wait(t.Context()), dsync.ErrConflict)
	th.wantErr(th.Reset(t.Context()), dsync.ErrConflict)
	th.must(th.SetRate(t.Context(), perSecond(1, 1)))
	th.allow(1, dsync.Decision{Allowed: true, Limit: 1, ResetAfter: time.Second})
}

func TestThrottleHold(t *testing.T) {
	t.Parallel()
	th := newThrottling(t, perSecond(10, 3))
	last := th.reserve(3, 0)
	for _, nothing := range []time.Duration{math.MinInt64, -1, 0, 100 * ms} {
		th.must(th.Hold(t.Context(), nothing))
		th.peek(dsync.Decision{Limit: 3, RetryAfter: 100 * ms, ResetAfter: 300 * ms})
	}
	th.must(th.Hold(t.Context(), time.Minute))
	th.wantErr(last.Cancel(t.Context()), dsync.ErrLost)
	th.must(th.Hold(t.Context(), time.Second))
	th.peek(dsync.Decision{Limit: 3, RetryAfter: time.Minute, ResetAfter: time.Minute + 200*ms})
	th.reserve(1, time.Minute)
	th.reserve(1, time.Minute+100*ms)
	th.must(th.Hold(t.Context(), math.MaxInt64))
	th.must(th.Hold(t.Context(), math.MaxInt64))
	th.reserve(1, 10*365*24*time.Hour)
}

// A throttle can be made, used and undone in a transaction.
func TestOpenThrottleTx(t *testing.T) {
	t.Parallel()
	th := newThrottling(t, perSecond(10, 3))
	no := errors.New("no")
	open := func(tx *store.Tx) error {
		_, err := dsync.OpenThrottleTx(tx, "a\nb", perSecond(1, 1))
		th.wantErr(err, dsync.ErrName)
		_, err = dsync.OpenThrottleTx(tx, "new", dsync.ThrottleOptions{})
		th.wantErr(err, dsync.ErrConflict)
		_, err = dsync.OpenThrottleTx(tx, "t", perSecond(1, 3))
		th.wantErr(err, dsync.ErrConflict)
		made, err := dsync.OpenThrottleTx(tx, "new", perSecond(1, 1))
		if err != nil {
			return err
		}
		d, err := made.AllowTx(tx, 1)
		if !d.Allowed || err != nil {
			t.Errorf("AllowTx() of a new throttle = %+v, %v", d, err)
		}
		return no
	}
	for range 2 {
		th.wantErr(th.db.Update(t.Context(), open), no)
	}
}

func BenchmarkThrottle(b *testing.B) {
	th := openThrottle(b, storetest.Open(b, store.Options{}), "t", dsync.ThrottleOptions{Rate: dsync.Rate{Count: 1, Per: 1}})
	for name, fn := range map[string]func(context.Context) (dsync.Decision, error){"Allow": th.Allow, "Peek": th.Peek} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if d, err := fn(b.Context()); err != nil || !d.Allowed {
					b.Fatal(d, err)
				}
			}
		})
	}
}

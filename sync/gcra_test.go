package sync

import (
	"math"
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// exact is the algorithm in rational numbers, in its other form that I.371 gives: a
// bucket that leaks. Nothing is rounded and nothing overflows.
type exact struct {
	interval, limit *big.Rat
	level, last     *big.Rat
}

func newExact(r Rate, burst int) *exact {
	interval := new(big.Rat).Quo(ratOf(r.Per), new(big.Rat).SetInt64(int64(r.Count)))
	limit := new(big.Rat).Mul(interval, new(big.Rat).SetInt64(int64(burst)))
	return &exact{interval, limit, new(big.Rat), new(big.Rat)}
}

func ratOf(d time.Duration) *big.Rat { return new(big.Rat).SetInt64(int64(d)) }

// pour adds n units to the bucket and returns when they may pass.
func (e *exact) pour(now time.Duration, n int) (slot *big.Rat) {
	leaked := new(big.Rat).Sub(ratOf(now), e.last)
	e.level.Sub(e.level, leaked)
	if e.level.Sign() < 0 {
		e.level.SetInt64(0)
	}
	e.last = ratOf(now)
	e.level.Add(e.level, new(big.Rat).Mul(e.interval, new(big.Rat).SetInt64(int64(n))))
	over := new(big.Rat).Sub(e.level, e.limit)
	if over.Sign() < 0 {
		over.SetInt64(0)
	}
	return over.Add(over, ratOf(now))
}

// passed is something a throttle let through.
type passed struct {
	at    time.Duration
	units int64
}

// checkLaw fails if in any time more passed than the burst and the rate allow.
func checkLaw(t *rapid.T, all []passed, interval time.Duration, burst int64) {
	for i := range all {
		var units int64
		for _, p := range all[i:] {
			units += p.units
			if most := burst + int64((p.at-all[i].at)/interval); units > most {
				t.Fatalf("%d units between %v and %v, at most %d may pass", units, all[i].at, p.at, most)
			}
		}
	}
}

// drawRate draws a rate and a burst that are valid together.
func drawRate(t *rapid.T) ThrottleOptions {
	o := ThrottleOptions{
		Rate: Rate{
			Count: rapid.OneOf(rapid.IntRange(1, 20), rapid.IntRange(1, math.MaxInt)).Draw(t, "count"),
			Per:   time.Duration(rapid.OneOf(rapid.Int64Range(1, 5e9), rapid.Int64Range(1, int64(longest))).Draw(t, "per")),
		},
	}
	o.Burst = int(min(rapid.Int64Range(1, 50).Draw(t, "burst"), int64(longest/o.Rate.interval())))
	return o
}

// What passes is never earlier than by exact arithmetic, later by the rounding of the
// interval only, and never more than the law says.
func TestGCRA(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := drawRate(t)
		now := time.Duration(rapid.Int64Range(0, int64(longest)).Draw(t, "start"))
		g := gcra{o.Rate.interval(), o.burst(), now}
		e := newExact(o.Rate, o.Burst)
		var all []passed
		var units int64
		for range rapid.IntRange(1, 30).Draw(t, "requests") {
			now += time.Duration(rapid.Int64Range(0, 3*int64(g.interval)).Draw(t, "pause"))
			n := rapid.IntRange(1, o.Burst).Draw(t, "units")
			after, slot := g.take(now, n)
			if slot > now && rapid.Bool().Draw(t, "allow only") {
				continue
			}
			if left := g.left(now); (n <= left) != (slot == now) {
				t.Fatalf("%d units, of %d left, pass at %v; it is %v", n, left, slot, now)
			}
			g = after
			units += int64(n)
			late := new(big.Rat).Sub(ratOf(slot), e.pour(now, n))
			if late.Sign() < 0 || late.Cmp(new(big.Rat).SetInt64(units)) > 0 {
				t.Fatalf("request %d passes %v ns late", len(all), late.FloatString(3))
			}
			all = append(all, passed{slot, int64(n)})
		}
		checkLaw(t, all, g.interval, g.burst)
	})
}

// The slot of a request is the first time at which it passes at once.
func TestSlotIsTheFirst(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := drawRate(t)
		g := gcra{o.Rate.interval(), o.burst(), 0}
		g.tat = time.Duration(rapid.Int64Range(0, 2*int64(g.window())).Draw(t, "tat"))
		n := rapid.IntRange(1, o.Burst).Draw(t, "units")
		_, slot := g.take(0, n)
		if _, again := g.take(slot, n); again != slot {
			t.Fatalf("at %v, its slot, the request has slot %v", slot, again)
		}
		if slot == 0 {
			return
		}
		if _, before := g.take(slot-1, n); before != slot {
			t.Fatalf("just before %v, its slot, the request has slot %v", slot, before)
		}
	})
}

// After a change of the rate the next unit comes no closer to the last slot than the
// new rate allows, and a larger burst gives nothing at once.
func TestWithAnotherRate(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		from, to := drawRate(t), drawRate(t)
		g := gcra{from.Rate.interval(), from.burst(), 0}
		var slot time.Duration
		for range rapid.IntRange(1, 10).Draw(t, "requests") {
			g, slot = g.take(0, 1)
		}
		left := g.left(0)
		h := g.with(to.Rate.interval(), to.burst())
		if slot > 0 { // somebody waits
			if _, next := h.take(0, 1); next != slot+h.interval {
				t.Fatalf("the slot after %v is %v, want one interval, %v, later", slot, next, h.interval)
			}
		}
		if from.Rate.interval() <= h.interval && h.left(0) > left {
			t.Fatalf("%d units are left, there were %d", h.left(0), left)
		}
		if back := h.with(g.interval, g.burst); back != g {
			t.Fatalf("there and back: %+v, want %+v", back, g)
		}
	})
}

// Whatever is read of another boot, at most the burst counts as spent.
func FuzzCarried(f *testing.F) {
	f.Add(int64(time.Hour), int64(1e18), int64(1e18+5e9))
	f.Add(int64(0), int64(math.MinInt64), int64(math.MaxInt64))
	f.Add(int64(0), int64(math.MaxInt64), int64(math.MinInt64))
	f.Fuzz(func(t *testing.T, mono, wall, tatWall int64) {
		now := time.Duration(mono & int64(longest))
		g := gcra{time.Second, 10, 0}.carried(now, wall, tatWall)
		want := new(big.Int).Sub(big.NewInt(tatWall), big.NewInt(wall))
		switch {
		case want.Sign() < 0:
			want.SetInt64(0)
		case want.Cmp(big.NewInt(int64(g.window()))) > 0:
			want.SetInt64(int64(g.window()))
		}
		if got := g.tat - now; int64(got) != want.Int64() {
			t.Errorf("%v of the burst are spent, want %v", got, time.Duration(want.Int64()))
		}
	})
}

// Options that pass keep all later sums in range, and the rate is never exceeded.
func FuzzThrottleOptions(f *testing.F) {
	f.Add(10, int64(time.Second), 5, int64(0))
	f.Add(math.MaxInt, int64(1), math.MaxInt, int64(math.MaxInt64))
	f.Add(1, int64(math.MaxInt64), 1, int64(-1))
	f.Add(3, int64(longest), 3, int64(longest))
	f.Fuzz(func(t *testing.T, count int, per int64, burst int, maxWait int64) {
		o := ThrottleOptions{Rate: Rate{count, time.Duration(per)}, Burst: burst, MaxWait: time.Duration(maxWait)}
		if o.validate() != nil || o.Rate == (Rate{}) {
			return
		}
		interval := big.NewInt(int64(o.Rate.interval()))
		if all := new(big.Int).Mul(interval, big.NewInt(int64(count))); all.Cmp(big.NewInt(per)) < 0 {
			t.Errorf("%d intervals of %v take less than %v", count, o.Rate.interval(), o.Rate.Per)
		}
		window := new(big.Int).Mul(interval, big.NewInt(o.burst()))
		if interval.Sign() <= 0 || window.Cmp(big.NewInt(int64(longest))) > 0 {
			t.Errorf("interval %v, burst %d: take %v ns", interval, o.burst(), window)
		}
		g := gcra{o.Rate.interval(), o.burst(), math.MaxInt64}.bounded(longest)
		if after, slot := g.take(longest, int(min(o.burst(), math.MaxInt32))); slot <= longest || after.tat < g.tat {
			t.Errorf("slot %v, tat %v after %v: overflow", slot, after.tat, g.tat)
		}
	})
}

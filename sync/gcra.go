package sync

import "time"

// longest is how long a whole burst may take at the rate, and how far ahead anything
// may be reserved: so no sum of times overflows.
const longest = 10 * 365 * 24 * time.Hour

// gcra is the generic cell rate algorithm, the virtual scheduling of ITU-T I.371 and of
// the ATM Forum's traffic management, as throttled and redis_rate use it too. All that
// it remembers is one time, the theoretical arrival time: when everything that passed
// would have been due if it had come evenly, and so when the burst is whole again.
//
//	                     window = burst x interval
//	            ┌────────────────────────────────────────┐
//	────────────┼──────────────┼─────────────────────────┼────────> time
//	   tat - window           now                       tat
//	   from here on,           └── spent of the burst ───┘
//	   a unit an interval
//
// A unit passes when the window, with the unit in it, does not begin after now. What is
// reserved ahead moves tat beyond now + window: the window begins when it is its turn.
// Times are on a clock that nobody sets.
type gcra struct {
	interval time.Duration // a unit, at least 1 ns
	burst    int64         // at least 1; interval x burst is at most longest
	tat      time.Duration
}

func (g gcra) window() time.Duration { return g.interval * time.Duration(g.burst) }

// take returns the state after n units, at most the burst, and when these may pass: the
// slot, which is now if they may at once.
func (g gcra) take(now time.Duration, n int) (after gcra, slot time.Duration) {
	g.tat = max(g.tat, now) + time.Duration(n)*g.interval
	return g, max(g.tat-g.window(), now)
}

// left is how many units may pass at once.
func (g gcra) left(now time.Duration) int {
	return int(max(now+g.window()-max(g.tat, now), 0) / g.interval)
}

// whole is how long it takes until the burst is whole again.
func (g gcra) whole(now time.Duration) time.Duration { return max(g.tat-now, 0) }

// with returns the state at another rate: as if that had been the rate since what
// passed or was reserved last. So slots that were given stand, the next comes an
// interval of the new rate after them, and a larger burst has to be saved up.
func (g gcra) with(interval time.Duration, burst int64) gcra {
	start := g.tat - g.window()
	g.interval, g.burst = interval, burst
	g.tat = start + g.window()
	return g
}

// hold returns the state in which the next unit passes at until, or later.
func (g gcra) hold(until time.Duration) gcra {
	g.tat = max(g.tat, until+g.window()-g.interval)
	return g
}

// bounded returns the state without a future that no reservations can have led to.
func (g gcra) bounded(now time.Duration) gcra {
	g.tat = min(g.tat, now+g.window()+longest)
	return g
}

// carried returns the state on another boot's clock. Nobody sleeps any longer for what
// had been reserved ahead, so at most the burst counts as spent; a wall clock that was
// wrong delays the next unit by an interval, and lets too many pass by a burst.
func (g gcra) carried(now time.Duration, wall, tatWall int64) gcra {
	g.tat = now
	if tatWall > wall {
		ahead := min(uint64(tatWall)-uint64(wall), uint64(g.window())) // the difference may not fit an int64
		g.tat += time.Duration(ahead)
	}
	return g
}

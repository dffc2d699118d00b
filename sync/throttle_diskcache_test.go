package sync_test

import (
	"bufio"
	"encoding/json"
	"math"
	"os"
	"testing"
	"time"
)

// diskcacheCall is a call of a function under DiskCache's throttle of 3 a second: how
// long after the last it came, and when it was let through.
type diskcacheCall struct{ pause, at time.Duration }

func readThrottleTrace(t *testing.T) (all []diskcacheCall) {
	t.Helper()
	f, err := os.Open("testdata/throttle-3-per-1s.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	seconds := func(s float64) time.Duration { return time.Duration(math.Round(s * 1e9)) }
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var line struct {
			Op   string
			Args []float64
			Ret  float64
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		if line.Op == "call" {
			all = append(all, diskcacheCall{seconds(line.Args[0]), seconds(line.Ret)})
		}
	}
	return all
}

// replay makes the calls of the trace and returns when they were let through.
func replay(t *testing.T, trace []diskcacheCall, burst int) (at []time.Duration) {
	t.Helper()
	th := newThrottling(t, perSecond(3, burst))
	start := th.clock.Monotonic()
	for _, c := range trace {
		th.clock.Advance(c.pause)
		r, err := th.Reserve(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		th.clock.Advance(r.Delay())
		at = append(at, th.clock.Monotonic()-start)
	}
	return at
}

// most returns the largest number of times within one period, of which the end is not
// a part.
func most(at []time.Duration, period time.Duration) (n int) {
	for i := range at {
		k := i
		for k < len(at) && at[k]-at[i] < period {
			k++
		}
		n = max(n, k-i)
	}
	return n
}

// With DiskCache's burst, which is its count, the calls of its trace are let through
// when DiskCache does so, but for its sleeping a microsecond too long each time and our
// rounding up. So it has up to twice its count in a second: 5 in this trace, or 6 if it
// had begun with three at once. An even throttle never has more than the count, and
// takes longer, since it saves nothing up in the pauses.
func TestThrottleAgainstDiskCache(t *testing.T) {
	t.Parallel()
	trace := readThrottleTrace(t)
	if len(trace) != 200 {
		t.Fatalf("the trace has %d calls, want 200", len(trace))
	}
	theirs := make([]time.Duration, len(trace))
	for i, c := range trace {
		theirs[i] = c.at
	}
	ours, even := replay(t, trace, 3), replay(t, trace, 1)
	t.Logf("%d calls took %v, DiskCache %v, evenly %v; most in a second: %d, DiskCache %d, evenly %d", len(trace),
		ours[199], theirs[199], even[199], most(ours, time.Second), most(theirs, time.Second), most(even, time.Second))
	for i := range trace {
		if d := (ours[i] - theirs[i]).Abs(); d > time.Duration(i+1)*2*time.Microsecond {
			t.Errorf("call %d was let through at %v, by DiskCache at %v", i, ours[i], theirs[i])
		}
	}
	if got := most(even, time.Second); got != 3 {
		t.Errorf("evenly, %d calls were let through in a second, want 3", got)
	}
	checkNeverEarly(t, trace, ours, 3)
	checkNeverEarly(t, trace, even, 1)
}

// checkNeverEarly compares times with those of GCRA in thirds of a nanosecond, in which
// a third of a second is a whole number.
func checkNeverEarly(t *testing.T, trace []diskcacheCall, at []time.Duration, burst int64) {
	t.Helper()
	const interval = int64(time.Second)
	var tat, last int64
	for i, c := range trace {
		now := last + 3*int64(c.pause)
		tat = max(tat, now) + interval
		last = 3 * int64(at[i])
		if slot := max(now, tat-burst*interval); last < slot {
			t.Errorf("burst %d: call %d was let through at %v, %d/3 ns early", burst, i, at[i], slot-last)
		}
	}
}

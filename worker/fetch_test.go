package worker

import (
	"testing"
	"time"
)

// How many jobs are fetched ahead follows what handlers take: nothing before that is
// known, at most so many, and less again when they turn slow.
func TestAheadFollowsTheHandlers(t *testing.T) {
	p := &Pool{opts: Options{Concurrency: 8}}
	expect := func(what string, want int) {
		t.Helper()
		if got := p.ahead(); got != want {
			t.Errorf("%s: %d are fetched ahead, want %d", what, got, want)
		}
	}
	learn := func(n int, took time.Duration) {
		for range n {
			p.learn(took)
		}
	}
	expect("at first", 0)
	learn(averageOf-1, time.Microsecond)
	expect("with too few known", 0)
	learn(1, time.Microsecond)
	expect("fast handlers", adaptiveAhead)
	learn(100, time.Millisecond)
	expect("handlers of 1 ms", 80)
	learn(100, time.Second)
	expect("slow handlers", 0)
}

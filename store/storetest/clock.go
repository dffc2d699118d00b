package storetest

import (
	"sync"
	"time"

	"github.com/dcq-go/dcq/store"
)

// Clock is a clock that moves only when told. Its zero value is not usable; make
// one with NewClock.
type Clock struct {
	mu     sync.Mutex // protects the fields below
	wall   time.Time
	mono   time.Duration
	timers map[*timer]struct{}
	armed  chan struct{}
}

var _ store.Clock = (*Clock)(nil)

// NewClock returns a clock that stands at the given time.
func NewClock(at time.Time) *Clock {
	return &Clock{wall: at, mono: time.Hour, timers: make(map[*timer]struct{}), armed: make(chan struct{}, 1)}
}

// Now returns the wall clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wall
}

// Monotonic returns the monotonic clock's time.
func (c *Clock) Monotonic() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mono
}

// Advance lets time pass on both clocks and fires the timers that become due.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wall, c.mono = c.wall.Add(d), c.mono+d
	for t := range c.timers {
		if t.due <= c.mono {
			delete(c.timers, t)
			t.fire()
		}
	}
}

// Step sets the wall clock by d, as an administrator or NTP would: no time passes.
func (c *Clock) Step(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wall = c.wall.Add(d)
}

// Armed receives after a timer has been made, so that a test knows when somebody
// waits.
func (c *Clock) Armed() <-chan struct{} { return c.armed }

// Timers returns how many timers have neither fired nor been stopped.
func (c *Clock) Timers() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.timers)
}

// NewTimer returns a timer that fires when the clock has advanced by d.
func (c *Clock) NewTimer(d time.Duration) store.Timer {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.arm(&timer{clock: c, due: c.mono + d, c: make(chan time.Time, 1)})
}

// AfterFunc calls fn in a goroutine of its own when the clock has advanced by d.
func (c *Clock) AfterFunc(d time.Duration, fn func()) store.Timer {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.arm(&timer{clock: c, due: c.mono + d, fn: fn})
}

// arm starts a timer. Precondition: mu is held.
func (c *Clock) arm(t *timer) *timer {
	if t.due <= c.mono {
		t.fire()
		return t
	}
	c.timers[t] = struct{}{}
	select {
	case c.armed <- struct{}{}:
	default:
	}
	return t
}

type timer struct {
	clock *Clock
	due   time.Duration
	c     chan time.Time
	fn    func() // instead of c
}

// fire fires the timer. Precondition: the clock's mu is held.
func (t *timer) fire() {
	if t.fn != nil {
		go t.fn()
		return
	}
	t.c <- t.clock.wall
}

func (t *timer) C() <-chan time.Time { return t.c }

func (t *timer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	_, running := t.clock.timers[t]
	delete(t.clock.timers, t)
	return running
}

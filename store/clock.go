package store

import "time"

// Clock is where time comes from. All processes of a host must read the same
// monotonic clock, or leases mean nothing.
type Clock interface {
	// Now is the wall clock: for due times, and for people.
	Now() time.Time
	// Monotonic is the time since some fixed point of this boot: for leases.
	Monotonic() time.Duration
	// NewTimer fires once, d from now.
	NewTimer(d time.Duration) Timer
	// AfterFunc calls fn in a goroutine of its own, d from now.
	AfterFunc(d time.Duration, fn func()) Timer
}

// Timer is a timer of a [Clock].
type Timer interface {
	// C delivers once when the timer fires. It is nil if the timer calls a function.
	C() <-chan time.Time
	// Stop releases the timer; it does not close C. It reports whether it was in
	// time: a function that was called may still run.
	Stop() bool
}

type systemClock struct{}

func (systemClock) Now() time.Time                 { return time.Now() }
func (systemClock) Monotonic() time.Duration       { return monotonic() }
func (systemClock) NewTimer(d time.Duration) Timer { return systemTimer{time.NewTimer(d)} }

func (systemClock) AfterFunc(d time.Duration, fn func()) Timer {
	return systemTimer{time.AfterFunc(d, fn)}
}

type systemTimer struct{ t *time.Timer }

func (t systemTimer) C() <-chan time.Time { return t.t.C }
func (t systemTimer) Stop() bool          { return t.t.Stop() }

package sync_test

import (
	"errors"
	"testing"
	"time"

	"github.com/dcq-go/dcq/store"
	dsync "github.com/dcq-go/dcq/sync"
)

// bucket is the model of a throttle: a bucket that leaks, the other form that I.371
// gives the algorithm. Levels are in nanoseconds; one below 0 is how long the bucket has
// been empty.
type bucket struct {
	interval, limit time.Duration // limit: interval x burst
	level           time.Duration
}

func newBucket(opts dsync.ThrottleOptions) bucket {
	interval := (opts.Rate.Per + time.Duration(opts.Rate.Count) - 1) / time.Duration(opts.Rate.Count)
	return bucket{interval: interval, limit: interval * time.Duration(opts.Burst)}
}

// over is how long n units wait that are poured in now.
func (b *bucket) over(n int) time.Duration {
	return max(max(b.level, 0)+time.Duration(n)*b.interval-b.limit, 0)
}

// pour adds n units.
func (b *bucket) pour(n int) { b.level = max(b.level, 0) + time.Duration(n)*b.interval }

// setRate changes the rate: the room above the level stays.
func (b *bucket) setRate(to bucket) {
	b.interval, b.level, b.limit = to.interval, b.level-b.limit+to.limit, to.limit
}

// reserved is a reservation that nothing but reservations came after.
type reserved struct {
	*dsync.Reservation
	level time.Duration // that the bucket had before it, and when
	at    time.Duration
}

// modeled compares a throttle with its model.
type modeled struct {
	*throttling
	bucket
	opts dsync.ThrottleOptions
	all  []reserved
}

// Whatever is done with a throttle, by one process or several, restarts and steps of
// the clock included, it says what the model says.
func TestThrottleModel(t *testing.T) {
	t.Parallel()
	r := seed.Rand(t)
	draw := func() dsync.ThrottleOptions { return perSecond(1+r.IntN(300), 1+r.IntN(8)) }
	opts := draw()
	m := &modeled{throttling: newThrottling(t, opts), bucket: newBucket(opts), opts: opts}
	for range 1500 {
		n := 1 + r.IntN(m.opts.Burst)
		switch r.IntN(20) {
		case 0:
			m.must(m.Reset(t.Context()))
			m.level, m.all = 0, nil
		case 1:
			m.opts = draw()
			m.must(m.SetRate(t.Context(), m.opts))
			m.setRate(newBucket(m.opts))
			m.all = nil // whether they can be refunded depends on the rates
		case 2:
			m.clock.Step(time.Duration(r.Int64N(int64(time.Hour))) - 30*time.Minute)
		case 3:
			m.Throttle = openThrottle(t, m.db, "t", m.opts)
		case 15:
			d := time.Duration(r.Int64N(int64(4*m.interval))) - m.interval
			m.must(m.Hold(t.Context(), d))
			m.hold(d)
		case 4, 5, 6:
			m.cancel()
		case 7, 8, 9, 10:
			m.pourReserved(n)
		case 11, 12, 13:
			m.ask(n)
		case 14:
			m.undo(n)
		default:
			d := time.Duration(r.Int64N(int64(3 * m.interval)))
			m.clock.Advance(d)
			m.level -= d
		}
		if t.Failed() {
			return
		}
	}
}

// ask compares AllowN.
func (m *modeled) ask(n int) {
	m.t.Helper()
	wait := m.over(n)
	if wait == 0 {
		m.pour(n)
		m.all = nil
	}
	m.allow(n, dsync.Decision{
		Allowed: wait == 0, Limit: m.opts.Burst, RetryAfter: wait, ResetAfter: max(m.level, 0),
		Remaining: int(max(m.limit-max(m.level, 0), 0) / m.interval),
	})
}

// pourReserved compares Reserve.
func (m *modeled) pourReserved(n int) {
	m.t.Helper()
	m.all = append(m.all, reserved{m.reserve(n, m.over(n)), m.level, m.clock.Monotonic()})
	m.pour(n)
}

// cancel compares Cancel, of the last reservation and of one before it.
func (m *modeled) cancel() {
	m.t.Helper()
	if len(m.all) > 1 {
		m.wantErr(m.all[0].Cancel(m.t.Context()), dsync.ErrLost)
		m.all = m.all[1:]
	}
	if len(m.all) > 0 {
		last := m.all[len(m.all)-1]
		m.must(last.Cancel(m.t.Context()))
		m.all = m.all[:len(m.all)-1]
		m.level = last.level - (m.clock.Monotonic() - last.at)
	}
}

// hold holds the model.
func (m *modeled) hold(d time.Duration) {
	if level := d + m.limit - m.interval; d > 0 && level > m.level {
		m.level, m.all = level, nil
	}
}

// undo lets a transaction fail.
func (m *modeled) undo(n int) {
	m.t.Helper()
	no := errors.New("no")
	err := m.db.Batch(m.t.Context(), false, func(tx *store.Tx) error {
		_, err := m.ReserveTx(tx, n)
		return errors.Join(err, no)
	})
	m.wantErr(err, no)
}

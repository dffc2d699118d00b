package sync_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
	dsync "github.com/dcq-go/dcq/sync"
)

// timed is a lock, or the like, of two processes whose clock moves when told.
type timed struct {
	*testing.T
	clock *storetest.Clock
	db    *store.DB
	other *store.DB
	holdable
	theirs holdable
	lease  time.Duration
}

// eachTimed runs a test for every kind. A lease of less than two seconds is waited for
// with a timer of its own.
func eachTimed(t *testing.T, lease time.Duration, test func(tm *timed)) {
	t.Parallel()
	for i, kind := range []string{"lock", "rlock", "rwlock", "semaphore", "election"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			tm := &timed{T: t, clock: storetest.NewClock(time.Unix(1e9, 0)), lease: lease}
			tm.db = storetest.Open(t, store.Options{Clock: tm.clock})
			tm.other = storetest.OpenDir(t, tm.db.Dir(), store.Options{Clock: tm.clock})
			tm.holdable = openHoldables(t, tm.db, dsync.Options{Lease: lease})[i]
			tm.theirs = openHoldables(t, tm.other, dsync.Options{Lease: lease})[i]
			test(tm)
		})
	}
}

// left is how long the lease of the holder goes on, as the store has it.
func (tm *timed) left() (d time.Duration) {
	tm.Helper()
	err := tm.db.View(context.Background(), func(tx *store.Tx) error {
		var until int64
		err := tx.QueryRow(`SELECT lease_until FROM dcq_grants WHERE waits = 0`).Scan(&until)
		d = time.Duration(until) - tm.clock.Monotonic()
		return err
	})
	if err != nil {
		tm.Fatal(err)
	}
	return d
}

// extended waits until the lease is as long as it can be.
func (tm *timed) extended() {
	tm.Helper()
	for tm.left() != tm.lease {
		runtime.Gosched()
	}
	tm.timers(2)
}

// timers waits until so many timers run.
func (tm *timed) timers(n int) {
	for tm.clock.Timers() != n {
		runtime.Gosched()
	}
}

// unreachable runs fn while nobody can commit.
func (tm *timed) unreachable(fn func()) {
	tm.Helper()
	err := tm.other.Update(context.Background(), func(*store.Tx) error {
		fn()
		return nil
	})
	if err != nil {
		tm.Fatal(err)
	}
}

// wantTry fails the test unless a try of the other process has the outcome.
func (tm *timed) wantTry(want error) *dsync.Grant {
	tm.Helper()
	g, err := tm.theirs.try(context.Background())
	wantErr(tm, "a try of the other process", err, want)
	return g
}

// A third of a lease after it began it is extended, and not before; who waits for it
// waits on.
func TestHeartbeat(t *testing.T) {
	eachTimed(t, 30*time.Second, func(tm *timed) {
		g := must(t)(tm.acquire(t.Context()))
		for range 4 {
			tm.clock.Advance(tm.lease/3 - 1)
			if left := tm.left(); left != tm.lease-tm.lease/3+1 || tm.clock.Timers() != 2 {
				tm.Errorf("before the heartbeat %v are left, and %d timers run", left, tm.clock.Timers())
			}
			tm.clock.Advance(1)
			tm.extended()
		}
		wantErr(tm, "Err of what was extended", g.Err(), nil)
		tm.wantTry(dsync.ErrNotAcquired)
		release(tm, g)
	})
}

// steps are what NTP, an administrator, and a broken clock do to the wall clock.
var steps = []time.Duration{
	time.Millisecond, -500 * time.Millisecond, -3 * time.Hour, 26 * time.Hour, -50 * 365 * 24 * time.Hour,
}

// Whatever happens to the wall clock, a lease that is extended does not end, and one who
// waits has it when it is released, once.
func TestWallClockStepsWhileExtending(t *testing.T) {
	eachTimed(t, 30*time.Second, func(tm *timed) {
		g := must(tm)(tm.acquire(tm.Context()))
		next := later(tm.Context(), tm.theirs.acquire)
		waitForLine(tm, tm.db, tm.kind, tm.kind, 1)
		for _, step := range steps {
			tm.clock.Step(step)
			tm.wantTry(dsync.ErrNotAcquired)
			tm.clock.Advance(tm.lease / 3)
			for tm.left() != tm.lease {
				runtime.Gosched()
			}
			wantErr(tm, "CheckTx", checkTx(tm.db, g), nil)
		}
		wantErr(tm, "Err", g.Err(), nil)
		release(tm, g)
		o := <-next
		wantErr(tm, "the one that waited", o.err, nil)
		tm.wantTry(dsync.ErrNotAcquired)
		release(tm, o.grant)
	})
}

// Whatever happens to the wall clock, a lease ends when it should, by the monotonic
// clock, and to the nanosecond.
func TestLeaseEndsExactly(t *testing.T) {
	eachTimed(t, 30*time.Second, func(tm *timed) {
		for _, step := range steps {
			g := must(tm)(tm.acquire(tm.Context()))
			tm.unreachable(func() {
				tm.clock.Step(step)
				tm.clock.Advance(tm.lease*9/10 - 1)
				wantErr(tm, "Err before the margin", g.Err(), nil)
				tm.clock.Advance(1)
				<-g.Context().Done()
				wantErr(tm, "the cause", context.Cause(g.Context()), dsync.ErrLost)
				tm.clock.Step(-step)
				tm.clock.Advance(tm.lease/10 - 1)
			})
			wantErr(tm, "CheckTx before the end", checkTx(tm.db, g), nil)
			tm.wantTry(dsync.ErrNotAcquired)
			tm.clock.Step(step)
			tm.clock.Advance(1)
			wantErr(tm, "CheckTx after the end", checkTx(tm.db, g), dsync.ErrLost)
			next := tm.wantTry(nil)
			wantErr(tm, "Release of the old", g.Release(tm.Context()), dsync.ErrLost)
			wantErr(tm, "CheckTx of the new", checkTx(tm.other, next), nil)
			release(tm, next)
		}
		tm.timers(0)
	})
}

// One who waits has what ends at that moment, and not before. A step between its look
// and its timer may make it late, but not early.
func TestWaiterTakesWhatEnds(t *testing.T) {
	eachTimed(t, time.Second, func(tm *timed) {
		for _, step := range append([]time.Duration{0}, steps...) {
			g := must(tm)(tm.acquire(tm.Context()))
			next := later(tm.Context(), tm.theirs.acquire)
			waitForLine(tm, tm.db, tm.kind, tm.kind, 1)
			tm.timers(3) // two of the holder, one of the waiter
			tm.unreachable(func() {
				tm.clock.Step(step)
				tm.clock.Advance(tm.lease - 1)
				<-g.Context().Done()
				tm.clock.Step(-2 * step)
			})
			tm.timers(1) // of the waiter
			waitForLine(tm, tm.db, tm.kind, tm.kind, 1)
			tm.clock.Advance(1)
			if step != 0 {
				write(tm, tm.db, func(tx *store.Tx) error { return tx.Wake("sync/"+tm.kind+"/"+tm.kind, 1) })
			}
			o := <-next
			wantErr(tm, "the one that waited", o.err, nil)
			wantErr(tm, "Release of the old", g.Release(tm.Context()), dsync.ErrLost)
			release(tm, o.grant)
		}
	})
}

// One who waits for a holder that lives on looks when the lease would have ended, and
// then rests until the new end.
func TestWaiterRests(t *testing.T) {
	eachTimed(t, time.Second, func(tm *timed) {
		g := must(tm)(tm.acquire(tm.Context()))
		next := later(tm.Context(), tm.theirs.acquire)
		waitForLine(tm, tm.db, tm.kind, tm.kind, 1)
		for range 6 {
			tm.clock.Advance(tm.lease / 3)
			for tm.left() != tm.lease {
				runtime.Gosched()
			}
			tm.timers(3) // two of the holder, one of the waiter
		}
		release(tm, g)
		o := <-next
		wantErr(tm, "the one that waited", o.err, nil)
		release(tm, o.grant)
	})
}

// An extension that waits for the store, and comes in time, is as good as any.
func TestLateExtensionIsKept(t *testing.T) {
	eachTimed(t, 30*time.Second, func(tm *timed) {
		g := must(tm)(tm.acquire(tm.Context()))
		tm.unreachable(func() { tm.clock.Advance(tm.lease*9/10 - 1) })
		tm.extended()
		tm.clock.Advance(tm.lease/3 - 1) // past the old end
		wantErr(tm, "Err", g.Err(), nil)
		wantErr(tm, "CheckTx", checkTx(tm.db, g), nil)
		tm.wantTry(dsync.ErrNotAcquired)
		release(tm, g)
		tm.timers(0)
	})
}

// An extension that fails is tried again every tenth of the lease, until it succeeds or
// the holder takes the grant for lost.
func TestExtensionFails(t *testing.T) {
	eachTimed(t, 30*time.Second, func(tm *timed) {
		script := func(s string) {
			write(tm, tm.db, func(tx *store.Tx) error {
				_, err := tx.Exec(s)
				return err
			})
		}
		const fail = `CREATE TRIGGER fail BEFORE UPDATE ON dcq_grants BEGIN SELECT RAISE(ABORT, 'no'); END`
		g := must(tm)(tm.acquire(tm.Context()))
		script(fail)
		tm.clock.Advance(tm.lease / 3)
		tm.timers(2)
		script(`DROP TRIGGER fail`)
		tm.clock.Advance(tm.lease/10 - 1)
		if left := tm.left(); left == tm.lease {
			tm.Error("it tries again before a tenth of the lease")
		}
		tm.clock.Advance(1)
		tm.extended()

		script(fail)
		tm.clock.Advance(tm.lease / 3)
		tm.timers(2)
		for range 5 {
			tm.clock.Advance(tm.lease / 10)
			tm.timers(2)
		}
		wantErr(tm, "Err before the margin", g.Err(), nil)
		tm.clock.Advance(tm.lease / 10)
		<-g.Context().Done()
		tm.timers(0)
		script(`DROP TRIGGER fail`)
		tm.wantTry(dsync.ErrNotAcquired) // nobody has it before the end
		tm.clock.Advance(tm.lease / 10)
		release(tm, tm.wantTry(nil))
	})
}

// A holder that is alive notices at the next heartbeat that its grant was taken away.
func TestHeartbeatFindsLoss(t *testing.T) {
	eachTimed(t, 30*time.Second, func(tm *timed) {
		g := must(tm)(tm.acquire(tm.Context()))
		write(tm, tm.db, func(tx *store.Tx) error {
			_, err := tx.Exec(`DELETE FROM dcq_grants`)
			return err
		})
		next := tm.wantTry(nil)
		tm.clock.Advance(tm.lease / 3)
		<-g.Context().Done()
		wantErr(tm, "the cause", context.Cause(g.Context()), dsync.ErrLost)
		wantErr(tm, "Release of the old", g.Release(tm.Context()), dsync.ErrLost)
		release(tm, next)
		tm.timers(0)
	})
}

// However a grant ends, or does not come to be, no timer is left.
func TestTimersAreStopped(t *testing.T) {
	eachTimed(t, 30*time.Second, func(tm *timed) {
		expect := func(when string, n int) {
			tm.Helper()
			if got := tm.clock.Timers(); got != n {
				tm.Errorf("%s: %d timers run, want %d", when, got, n)
			}
		}
		g := must(tm)(tm.acquire(tm.Context()))
		expect("held", 2)
		tm.wantTry(dsync.ErrNotAcquired)
		expect("a try failed", 2)
		release(tm, g)
		expect("released", 0)
		g = must(tm)(tm.try(tm.Context()))
		err := tm.db.Update(tm.Context(), func(tx *store.Tx) error { return errors.Join(g.ReleaseTx(tx), errUndo) })
		wantErr(tm, "ReleaseTx, undone", err, errUndo)
		expect("ReleaseTx undone", 2)
		wantErr(tm, "ReleaseTx", tm.db.Update(tm.Context(), g.ReleaseTx), nil)
		expect("ReleaseTx", 0)
		if tm.tx != nil {
			acquire := func(end error) error {
				return tm.db.Update(tm.Context(), func(tx *store.Tx) (err error) {
					g, err = tm.tx(tx)
					expect("AcquireTx before the commit", 0)
					return errors.Join(err, end)
				})
			}
			wantErr(tm, "AcquireTx, undone", acquire(errUndo), errUndo)
			expect("AcquireTx undone", 0)
			wantErr(tm, "AcquireTx", acquire(nil), nil)
			expect("AcquireTx", 2)
			release(tm, g)
		}
		g = must(tm)(tm.acquire(tm.Context()))
		ctx, cancel := context.WithCancel(tm.Context())
		waiting := later(ctx, tm.acquire)
		waitForLine(tm, tm.db, tm.kind, tm.kind, 1)
		cancel()
		wantErr(tm, "a waiter that gives up", (<-waiting).err, context.Canceled)
		expect("a waiter gave up", 2)
		release(tm, g)
		expect("all over", 0)
	})
}

//go:build unix

package sync_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
	dsync "github.com/dcq-go/dcq/sync"
)

func init() { children["acquire one"] = acquireOne }

// shortLease is long enough for a process that runs, and short enough to wait for.
const shortLease = 300 * time.Millisecond

// whole are the ways to have all of a thing.
var whole = map[string]func(*things, context.Context) (*dsync.Grant, error){
	"lock":      func(th *things, ctx context.Context) (*dsync.Grant, error) { return th.lock.Acquire(ctx) },
	"rlock":     func(th *things, ctx context.Context) (*dsync.Grant, error) { return th.rlock.Acquire(ctx, th.owner) },
	"rwlock":    func(th *things, ctx context.Context) (*dsync.Grant, error) { return th.rwlock.AcquireWrite(ctx) },
	"semaphore": func(th *things, ctx context.Context) (*dsync.Grant, error) { return th.sem.AcquireN(ctx, permits) },
	"election":  func(th *things, ctx context.Context) (*dsync.Grant, error) { return th.election.Campaign(ctx, "v") },
}

// acquireOne acquires all of a thing, says the token, and obeys commands. Its arguments
// are the directory, the thing and the lease.
func acquireOne(c *proctest.Child) error {
	ctx := context.Background()
	lease, err := time.ParseDuration(c.Args[2])
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, c.Args[0], store.Options{})
	if err != nil {
		return err
	}
	th, err := openThings(ctx, db, dsync.Options{Lease: lease})
	if err != nil {
		return err
	}
	g, err := whole[c.Args[1]](th, ctx)
	if err != nil {
		return err
	}
	c.Say("has %d", g.Token())
	for {
		switch c.Command() {
		case "await loss":
			<-g.Context().Done()
			c.Say("lost %v", errors.Is(context.Cause(g.Context()), dsync.ErrLost) && errors.Is(g.Err(), dsync.ErrLost))
		case "write":
			c.Say("lost %v", errors.Is(writeUnder(db, c.Args[1], g), dsync.ErrLost))
		case "release":
			c.Say("lost %v", errors.Is(g.Release(ctx), dsync.ErrLost))
		case "close":
			return db.Close()
		}
	}
}

// has returns the token of what a child says that it has.
func has(t testing.TB, p *proctest.Process) (token int64) {
	t.Helper()
	line, _ := p.Next()
	if _, err := fmt.Sscanf(line, "has %d", &token); err != nil {
		p.Kill()
		t.Fatalf("a child said %q:\n%s", line, p.Stderr())
	}
	return token
}

// eachThing runs a test for each kind of thing.
func eachThing(t *testing.T, lease time.Duration, test func(t *testing.T, kind string, th *things)) {
	t.Parallel()
	for kind := range whole {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			db := storetest.Open(t, store.Options{})
			th, err := openThings(t.Context(), db, dsync.Options{Lease: lease})
			if err != nil {
				t.Fatal(err)
			}
			startAudit(t, db)
			test(t, kind, th)
			checkAudit(t, db)
			if n := db.Wakeups().Missed; n != 0 {
				t.Errorf("%d wake-ups were missed", n)
			}
		})
	}
}

// acquireLater acquires all of a thing, for another owner, and returns when so many wait.
func acquireLater(t *testing.T, kind string, th *things, waiting int) <-chan *dsync.Grant {
	t.Helper()
	other := *th
	other.owner = "another"
	got := make(chan *dsync.Grant, 1)
	go func() {
		g, err := whole[kind](&other, context.Background())
		if err != nil {
			t.Errorf("acquire %s = %v", kind, err)
		}
		got <- g
	}()
	waitForLine(t, th.db, kind, "x", waiting)
	return got
}

func TestKilledHolder(t *testing.T) {
	eachThing(t, 0, func(t *testing.T, kind string, th *things) {
		child := proctest.Start(t, "acquire one", th.db.Dir(), kind, "1h")
		old := has(t, child)
		got := acquireLater(t, kind, th, 1)
		child.Kill()
		g := <-got
		if g.Token() <= old {
			t.Errorf("token %d after %d", g.Token(), old)
		}
		release(t, g)
	})
}

// Waiters that die do not hold up those behind them: one while it waits, the other when
// it has been granted what it waited for, and does not know it.
func TestKilledWaiter(t *testing.T) {
	eachThing(t, 0, func(t *testing.T, kind string, th *things) {
		g := must(t)(whole[kind](th, t.Context()))
		var children [2]*proctest.Process
		for i := range children {
			children[i] = proctest.Start(t, "acquire one", th.db.Dir(), kind, "1h")
			waitForLine(t, th.db, kind, "x", i+1)
		}
		behind := acquireLater(t, kind, th, 3)
		children[0].Kill()
		waitForLine(t, th.db, kind, "x", 2)
		storetest.Stop(t, th.db, children[1].PID())
		release(t, g)
		waitForLine(t, th.db, kind, "x", 1)
		children[1].Kill()
		release(t, <-behind)
	})
}

// Who waits for much, and gives up or dies, lets those in who want little.
func TestHeadLeavesTheLine(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(t *testing.T, th *things) (leave func()){
		"gives up": func(t *testing.T, th *things) func() {
			ctx, cancel := context.WithCancel(t.Context())
			gone := make(chan error, 1)
			go func() {
				_, err := th.sem.AcquireN(ctx, permits)
				gone <- err
			}()
			return func() {
				cancel()
				if err := <-gone; !errors.Is(err, context.Canceled) {
					t.Errorf("AcquireN(%d) = %v, want %v", permits, err, context.Canceled)
				}
			}
		},
		"dies": func(t *testing.T, th *things) func() {
			return proctest.Start(t, "acquire one", th.db.Dir(), "semaphore", "1h").Kill
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := storetest.Open(t, store.Options{})
			th, err := openThings(t.Context(), db, dsync.Options{})
			if err != nil {
				t.Fatal(err)
			}
			g := must(t)(th.sem.AcquireN(t.Context(), permits-1))
			gone := leave(t, th)
			waitForLine(t, db, "semaphore", "x", 1)
			got := make(chan *dsync.Grant)
			go func() { got <- must(t)(th.sem.Acquire(context.Background())) }()
			waitForLine(t, db, "semaphore", "x", 2)
			gone()
			release(t, <-got)
			release(t, g)
			if n := db.Wakeups().Missed; n != 0 {
				t.Errorf("%d wake-ups were missed", n)
			}
		})
	}
}

// A process that is stopped loses what it has at the end of the lease, and knows it when
// it goes on, before it asks the store.
func TestStoppedHolder(t *testing.T) {
	eachThing(t, time.Hour, func(t *testing.T, kind string, th *things) {
		child := proctest.Start(t, "acquire one", th.db.Dir(), kind, shortLease.String())
		old := has(t, child)
		storetest.Stop(t, th.db, child.PID())
		g := must(t)(whole[kind](th, t.Context()))
		if g.Token() <= old {
			t.Errorf("token %d after %d", g.Token(), old)
		}
		if err := writeUnder(th.db, kind, g); err != nil {
			t.Errorf("a write of the new holder = %v", err)
		}
		child.Signal(syscall.SIGCONT)
		for _, command := range []string{"await loss", "write", "release"} {
			child.Send(command)
			child.Expect("lost true")
		}
		child.Send("close")
		if err := child.Wait(); err != nil {
			t.Errorf("the child ended with %v", err)
		}
		if err := writeUnder(th.db, kind, g); err != nil {
			t.Errorf("a write of the new holder = %v", err)
		}
		release(t, g)
	})
}

// What is granted to a process that is stopped goes to the next at the end of the lease;
// the process does not take it for granted when it goes on, but waits again.
func TestStoppedWaiter(t *testing.T) {
	eachThing(t, time.Hour, func(t *testing.T, kind string, th *things) {
		first := must(t)(whole[kind](th, t.Context()))
		child := proctest.Start(t, "acquire one", th.db.Dir(), kind, shortLease.String())
		waitForLine(t, th.db, kind, "x", 1)
		later := acquireLater(t, kind, th, 2)
		storetest.Stop(t, th.db, child.PID())
		release(t, first)
		second := <-later
		child.Signal(syscall.SIGCONT)
		waitForLine(t, th.db, kind, "x", 1)
		if err := second.Err(); err != nil {
			t.Errorf("Err() of the new holder = %v", err)
		}
		release(t, second)
		if token := has(t, child); token <= second.Token() {
			t.Errorf("token %d after %d", token, second.Token())
		}
		child.Send("close")
		if err := child.Wait(); err != nil {
			t.Errorf("the child ended with %v", err)
		}
	})
}

// What a waiter was granted is not what it gets if the lease is over when it looks, even
// if nobody else wanted it.
func TestGrantedTooLongAgo(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(time.Unix(1e9, 0))
	db := storetest.Open(t, store.Options{Clock: clock})
	other := storetest.OpenDir(t, db.Dir(), store.Options{Clock: clock})
	first := must(t)(openLock(t, db, "l", dsync.Options{Lease: time.Hour}).Acquire(t.Context()))
	again := openLock(t, other, "l", dsync.Options{Lease: time.Minute})
	got := make(chan *dsync.Grant)
	go func() { got <- must(t)(again.Acquire(context.Background())) }()
	waitForLine(t, db, "lock", "l", 1)
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		clock.Advance(2 * time.Minute) // the commit is slow; it grants as of when it began
		return first.ReleaseTx(tx)
	})
	if err != nil {
		t.Fatal(err)
	}
	second := <-got
	if err := other.View(t.Context(), second.CheckTx); err != nil {
		t.Errorf("CheckTx of what was just acquired = %v", err)
	}
	release(t, second)
}

// slowReader is a clock whose readers get their answer late, once it is told so.
type slowReader struct {
	*storetest.Clock
	slow          atomic.Bool
	reading, read chan struct{}
}

func (c *slowReader) Monotonic() time.Duration {
	m := c.Clock.Monotonic()
	if c.slow.Load() {
		select {
		case c.reading <- struct{}{}:
		default:
		}
		<-c.read
	}
	return m
}

// A waiter that took the time before its grant was made and over sees that it is over.
func TestGrantedAfterTheTimeWasRead(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(time.Unix(1e9, 0))
	slow := &slowReader{Clock: clock, reading: make(chan struct{}, 1), read: make(chan struct{})}
	db := storetest.Open(t, store.Options{Clock: clock})
	other := storetest.OpenDir(t, db.Dir(), store.Options{Clock: slow})
	first := must(t)(openLock(t, db, "l", dsync.Options{Lease: time.Hour}).Acquire(t.Context()))
	again := openLock(t, other, "l", dsync.Options{Lease: time.Minute})
	got := make(chan *dsync.Grant)
	go func() { got <- must(t)(again.Acquire(context.Background())) }()
	waitForLine(t, db, "lock", "l", 1)
	slow.slow.Store(true)
	clock.Advance(10 * time.Second) // the waiter looks, to be on the safe side
	<-slow.reading
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		clock.Advance(2 * time.Minute)
		return first.ReleaseTx(tx)
	})
	if err != nil {
		t.Fatal(err)
	}
	slow.slow.Store(false)
	close(slow.read)
	second := <-got
	if err := other.View(t.Context(), second.CheckTx); err != nil {
		t.Errorf("CheckTx of what was just acquired = %v", err)
	}
	release(t, second)
}

// An acquire that fails while it waits leaves nothing in the line.
func TestFailedWaiter(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	th, err := openThings(t.Context(), db, dsync.Options{})
	if err != nil {
		t.Fatal(err)
	}
	g := must(t)(th.sem.AcquireN(t.Context(), permits))
	failed := make(chan error)
	go func() {
		_, err := th.sem.Acquire(context.Background())
		failed <- err
	}()
	waitForLine(t, db, "semaphore", "x", 1)
	change := func(scripts ...string) {
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			for _, script := range scripts {
				if _, err := tx.Exec(script); err != nil {
					return err
				}
			}
			return tx.Wake("sync/semaphore/x", 1)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	change(`DELETE FROM dcq_semaphores`, `DELETE FROM dcq_grants WHERE waits = 1`)
	if err := <-failed; !errors.Is(err, dsync.ErrConflict) {
		t.Errorf("Acquire of a semaphore that is gone = %v, want %v", err, dsync.ErrConflict)
	}
	left := -1
	err = db.View(t.Context(), func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT count(*) FROM dcq_waiters`).Scan(&left)
	})
	if err != nil || left != 0 {
		t.Errorf("waiters left = %d, %v; want 0", left, err)
	}
	change(`INSERT INTO dcq_semaphores (name, capacity) VALUES ('x', 5)`)
	release(t, g)
}

// A holder that cannot reach the store knows that it has lost before anybody else can
// have what it held.
func TestFencedBeforeOthers(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(time.Unix(1e9, 0))
	db := storetest.Open(t, store.Options{Clock: clock})
	other := storetest.OpenDir(t, db.Dir(), store.Options{Clock: clock})
	lease := time.Minute
	g := must(t)(openLock(t, db, "l", dsync.Options{Lease: lease}).Acquire(t.Context()))
	again := openLock(t, other, "l", dsync.Options{})
	err := other.Update(t.Context(), func(tx *store.Tx) error {
		clock.Advance(lease * 95 / 100) // in vain the holder tries to extend the lease
		<-g.Context().Done()
		if !errors.Is(context.Cause(g.Context()), dsync.ErrLost) {
			t.Errorf("the context's cause = %v, want %v", context.Cause(g.Context()), dsync.ErrLost)
		}
		return g.CheckTx(tx) // in the store it stands
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.TryAcquire(t.Context()); !errors.Is(err, dsync.ErrNotAcquired) {
		t.Errorf("TryAcquire before the lease ends = %v, want %v", err, dsync.ErrNotAcquired)
	}
	clock.Advance(lease)
	next := must(t)(again.TryAcquire(t.Context()))
	if err := g.Release(t.Context()); !errors.Is(err, dsync.ErrLost) {
		t.Errorf("Release of the old holder = %v, want %v", err, dsync.ErrLost)
	}
	release(t, next)
}

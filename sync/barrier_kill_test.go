//go:build unix

package sync_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/dcq-go/dcq/internal/crashpoint"
	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
	dsync "github.com/dcq-go/dcq/sync"
)

func init() { children["arrive"] = arriveOften }

// arriveOften arrives when told to, and says what came of it. Its arguments are the
// directory and a crash point, at which it dies when it arrives.
func arriveOften(c *proctest.Child) error {
	var armed atomic.Bool
	crashpoint.Set(func(point string) {
		if point == c.Args[1] && armed.Load() {
			_ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
			select {}
		}
	})
	db, err := store.Open(context.Background(), c.Args[0], store.Options{})
	if err != nil {
		return err
	}
	b, err := dsync.OpenBarrier(context.Background(), db, "b", 0)
	if err != nil {
		return err
	}
	for {
		c.Say("ready, missed %d", db.Wakeups().Missed)
		c.Command()
		armed.Store(true)
		p, err := b.Wait(context.Background())
		switch {
		case errors.Is(err, dsync.ErrBroken):
			c.Say("broken")
		case err != nil:
			return err
		default:
			c.Say("passed %d as %d", p.Generation, p.Index)
		}
	}
}

func startParty(t *testing.T, db *store.DB, point string) *proctest.Process {
	t.Helper()
	p := proctest.Start(t, "arrive", db.Dir(), point)
	p.Expect("ready, missed 0")
	return p
}

// A party that dies while it waits breaks the barrier for all, at once.
func TestBarrierKilledParty(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	b := openBarrier(t, db, 4)
	var parties []*proctest.Process
	for i := range 2 {
		p := startParty(t, db, "")
		p.Send("arrive")
		waitForArrived(t, b, i+1)
		parties = append(parties, p)
	}
	mine := arrive(t.Context(), b)
	waitForArrived(t, b, 3)
	parties[0].Kill()
	killed := time.Now()
	if r := <-mine; !errors.Is(r.err, dsync.ErrBroken) {
		t.Errorf("Wait() = %+v, want %v", r, dsync.ErrBroken)
	}
	t.Logf("broken %v after the death", time.Since(killed))
	parties[1].Expect("broken")
	parties[1].Expect("ready, missed 0")
	parties[1].Send("arrive")
	parties[1].Expect("broken")
	checkState(t, b, dsync.BarrierState{Parties: 4, Generation: 1, Broken: true})
	checkNobodyLeft(t, db)
}

// Who was let through has passed, although it is told late: after the barrier let
// others through, broke, and was removed and made again.
func TestBarrierStoppedParty(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	b := openBarrier(t, db, 2)
	party := startParty(t, db, "")
	party.Send("arrive")
	waitForArrived(t, b, 1)
	storetest.Stop(t, db, party.PID())
	if p, err := b.Wait(t.Context()); err != nil || p != (dsync.Passage{Generation: 1, Index: 1}) {
		t.Errorf("Wait() = %+v, %v", p, err)
	}
	other := arrive(t.Context(), b)
	waitForArrived(t, b, 1)
	if p, err := b.Wait(t.Context()); err != nil || p.Generation != 2 {
		t.Errorf("Wait() = %+v, %v", p, err)
	}
	<-other
	if err := errors.Join(b.Break(t.Context()), b.Remove(t.Context())); err != nil {
		t.Fatal(err)
	}
	b = openBarrier(t, db, 2)
	other = arrive(t.Context(), b)
	waitForArrived(t, b, 1)
	party.Signal(syscall.SIGCONT)
	party.Expect("passed 1 as 0")
	party.Kill() // it does not wait, so it breaks nothing
	checkState(t, b, dsync.BarrierState{Parties: 2, Arrived: 1, Generation: 1})
	if _, err := b.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	<-other
	checkNobodyLeft(t, db)
}

// Whose barrier broke is told so, although it was reset since, and removed, and made
// again.
func TestBarrierStoppedPartyBroken(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	b := openBarrier(t, db, 2)
	party := startParty(t, db, "")
	party.Send("arrive")
	waitForArrived(t, b, 1)
	storetest.Stop(t, db, party.PID())
	if err := errors.Join(b.Reset(t.Context()), b.Remove(t.Context())); err != nil {
		t.Fatal(err)
	}
	b = openBarrier(t, db, 2)
	other := arrive(t.Context(), b)
	waitForArrived(t, b, 1)
	party.Signal(syscall.SIGCONT)
	party.Expect("broken")
	party.Expect("ready, missed 0")
	party.Send("arrive")
	party.Expect("passed 1 as 1")
	<-other
	checkNobodyLeft(t, db)
}

// The last to arrive dies at one moment after another: either it arrived and all pass,
// or it did not and the others go on waiting.
func TestBarrierLastDies(t *testing.T) {
	t.Parallel()
	for _, point := range []string{crashpoint.GateHeld, crashpoint.BeforeCommit, crashpoint.AfterCommit} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			db := storetest.Open(t, store.Options{})
			b := openBarrier(t, db, 3)
			first := startParty(t, db, "")
			first.Send("arrive")
			waitForArrived(t, b, 1)
			second := arrive(t.Context(), b)
			waitForArrived(t, b, 2)
			dieArriving(t, db, point)
			if point != crashpoint.AfterCommit {
				checkState(t, b, dsync.BarrierState{Parties: 3, Arrived: 2, Generation: 1})
				if _, err := b.Wait(t.Context()); err != nil {
					t.Error(err)
				}
			}
			if r := <-second; r.err != nil || r.p != (dsync.Passage{Generation: 1, Index: 1}) {
				t.Errorf("Wait() = %+v", r)
			}
			first.Expect("passed 1 as 0")
			checkState(t, b, dsync.BarrierState{Parties: 3, Generation: 2})
		})
	}
}

// Somebody who is not the last dies when it arrives: either it arrived, and breaks the
// barrier, or nothing happened.
func TestBarrierFirstDies(t *testing.T) {
	t.Parallel()
	for _, point := range []string{crashpoint.GateHeld, crashpoint.BeforeCommit, crashpoint.AfterCommit} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			db := storetest.Open(t, store.Options{})
			b := openBarrier(t, db, 2)
			dieArriving(t, db, point)
			if err := db.Reap(t.Context()); err != nil {
				t.Fatal(err)
			}
			checkState(t, b, dsync.BarrierState{Parties: 2, Generation: 1, Broken: point == crashpoint.AfterCommit})
			checkNobodyLeft(t, db)
		})
	}
}

// dieArriving lets a party arrive and die at the point.
func dieArriving(t *testing.T, db *store.DB, point string) {
	t.Helper()
	p := startParty(t, db, point)
	p.Send("arrive")
	if err := p.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("the party ended with %v:\n%s", err, p.Stderr())
	}
}

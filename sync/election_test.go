package sync_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
	dsync "github.com/dcq-go/dcq/sync"
)

func openElection(t testing.TB, db *store.DB, name string) *dsync.Election {
	t.Helper()
	e, err := dsync.OpenElection(t.Context(), db, name, dsync.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func campaign(e *dsync.Election, value string) func(context.Context) (*dsync.Grant, error) {
	return func(ctx context.Context) (*dsync.Grant, error) { return e.Campaign(ctx, value) }
}

// leads fails the test unless the leader is the one of the grant, with the value.
func leads(t testing.TB, e *dsync.Election, g *dsync.Grant, value string) {
	t.Helper()
	l, err := e.Leader(t.Context())
	if err != nil || l.Value != value || l.Term != g.Token() || l.Session == 0 {
		t.Errorf("Leader() = %+v, %v, want %s of term %d", l, err, value, g.Token())
	}
}

func TestElection(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	e, another := openElection(t, db, "e"), openElection(t, db, "another")
	_, err := e.Leader(t.Context())
	wantErr(t, "Leader without one", err, dsync.ErrNoLeader)
	first := must(t)(e.Campaign(t.Context(), "first"))
	leads(t, e, first, "first")
	wait := line{t: t, db: db, kind: "election", name: "e"}
	wait.join(campaign(e, "second"))
	leads(t, e, first, "first")
	_, err = e.TryCampaign(t.Context(), "third")
	wantErr(t, "TryCampaign", err, dsync.ErrNotAcquired)

	long := strings.Repeat("x", 64<<10+1)
	_, err = e.Campaign(t.Context(), long)
	wantErr(t, "Campaign with a long value", err, dsync.ErrTooMany)
	_, err = e.TryCampaign(t.Context(), long)
	wantErr(t, "TryCampaign with a long value", err, dsync.ErrTooMany)
	wantErr(t, "Proclaim of a long value", e.Proclaim(t.Context(), first, long), dsync.ErrTooMany)
	stranger := must(t)(another.TryCampaign(t.Context(), long[1:]))
	wantErr(t, "Proclaim with the lead of another election", e.Proclaim(t.Context(), stranger, "x"), dsync.ErrConflict)
	err = db.Update(t.Context(), func(tx *store.Tx) error { return errors.Join(e.ProclaimTx(tx, first, "undone"), errUndo) })
	wantErr(t, "ProclaimTx, undone", err, errUndo)
	leads(t, e, first, "first")
	wantErr(t, "Proclaim", e.Proclaim(t.Context(), first, "new"), nil)
	leads(t, e, first, "new")

	wantErr(t, "Resign", e.Resign(t.Context(), first), nil)
	second := wait.served(1)[0]
	leads(t, e, second, "second")
	wantErr(t, "Proclaim by the old leader", e.Proclaim(t.Context(), first, "old"), dsync.ErrLost)
	leads(t, e, second, "second")
	wantErr(t, "Resign of the old leader", e.Resign(t.Context(), first), dsync.ErrLost)
	release(t, second)
	_, err = e.Leader(t.Context())
	wantErr(t, "Leader after all resigned", err, dsync.ErrNoLeader)
}

// A leader whose lease is over leads no longer, though nobody has noticed.
func TestLeaderWhoHangs(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(time.Unix(1e9, 0))
	db := storetest.Open(t, store.Options{Clock: clock})
	other := storetest.OpenDir(t, db.Dir(), store.Options{Clock: clock})
	e := openElection(t, db, "e")
	g := must(t)(e.Campaign(t.Context(), "me"))
	next, stop := iter.Pull2(openElection(t, other, "e").Observe(t.Context()))
	defer stop()
	if l, err, _ := next(); l.Value != "me" || err != nil {
		t.Errorf("observed %+v, %v, want me", l, err)
	}
	err := other.Update(t.Context(), func(*store.Tx) error {
		clock.Advance(dsync.DefaultLease)
		<-g.Context().Done()
		return nil
	})
	wantErr(t, "holding the gate", err, nil)
	_, err = e.Leader(t.Context())
	wantErr(t, "Leader after the lease", err, dsync.ErrNoLeader)
	_, err, _ = next()
	wantErr(t, "what is observed after the lease", err, dsync.ErrNoLeader)
	wantErr(t, "Proclaim after the lease", e.Proclaim(t.Context(), g, "x"), dsync.ErrLost)
}

// observed is what an observer was told.
type observed struct {
	leader dsync.Leader
	err    error
}

// watch is one observer, under a clock that stands: if it is not woken, it does not look.
type watch struct {
	testing.TB
	clock *storetest.Clock
	told  chan observed
}

// observe watches an election until ctx ends. The channel is closed then.
func observe(ctx context.Context, t testing.TB, clock *storetest.Clock, e *dsync.Election) *watch {
	w := &watch{t, clock, make(chan observed)}
	go func() {
		defer close(w.told)
		for l, err := range e.Observe(ctx) {
			w.told <- observed{l, err}
		}
	}()
	return w
}

// expect fails the test unless the observer is told of a leader with the value. It
// returns when the observer waits for the next change, beside so many other timers.
func (w *watch) expect(value string, want error, timers int) dsync.Leader {
	w.Helper()
	got, ok := <-w.told
	if got.leader.Value != value || !errors.Is(got.err, want) || !ok {
		w.Errorf("observed %+v, %v, %v, want %q, %v", got.leader, got.err, ok, value, want)
	}
	for w.clock.Timers() != timers+1 {
		runtime.Gosched()
	}
	return got.leader
}

func TestObserve(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(time.Unix(1e9, 0))
	db := storetest.Open(t, store.Options{Clock: clock})
	e := openElection(t, db, "e")
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	w := observe(ctx, t, clock, e)
	const held = 2 // timers of a leader
	if l := w.expect("", dsync.ErrNoLeader, 0); l != (dsync.Leader{}) {
		t.Errorf("while nobody leads it is %+v", l)
	}
	first := must(t)(e.Campaign(t.Context(), "first"))
	if l := w.expect("first", nil, held); l.Term != first.Token() {
		t.Errorf("observed term %d, want %d", l.Term, first.Token())
	}
	wait := line{t: t, db: db, kind: "election", name: "e"}
	wait.join(campaign(e, "second")) // changes nothing
	wantErr(t, "Proclaim", e.Proclaim(t.Context(), first, "first's"), nil)
	w.expect("first's", nil, held+1)
	release(t, first)
	second := wait.served(1)[0]
	w.expect("second", nil, held)
	release(t, second)
	w.expect("", dsync.ErrNoLeader, 0)
	third := must(t)(e.TryCampaign(t.Context(), "same"))
	w.expect("same", nil, held)
	wantErr(t, "ReleaseTx", db.Update(t.Context(), third.ReleaseTx), nil)
	w.expect("", dsync.ErrNoLeader, 0)
	fourth := must(t)(e.Campaign(t.Context(), "same"))
	if l := w.expect("same", nil, held); l.Term != fourth.Token() {
		t.Errorf("observed term %d of the same value, want %d", l.Term, fourth.Token())
	}
	cancel(cause)
	wantErr(t, "the last that is observed", (<-w.told).err, cause)
	if got, more := <-w.told; more {
		t.Errorf("after the context's end it observes %+v", got)
	}
	release(t, fourth)
	if n := countRows(t, db, "dcq_waiters"); n != 0 {
		t.Errorf("%d observers are left in line", n)
	}
}

// One who is slow misses what was in between, never the last state.
func TestObserveMissesNothingLast(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	e := openElection(t, db, "e")
	const observers, terms = 4, 100
	last := fmt.Sprint("term ", terms-1)
	done := make(chan error, observers)
	for range observers {
		go func() {
			var before int64
			for l, err := range e.Observe(context.Background()) {
				switch {
				case err != nil && !errors.Is(err, dsync.ErrNoLeader):
					done <- err
					return
				case err == nil && l.Term <= before:
					done <- fmt.Errorf("term %d after %d", l.Term, before)
					return
				case l.Value == last:
					done <- nil
					return
				case err == nil:
					before = l.Term
				}
			}
		}()
	}
	var g *dsync.Grant
	for i := range terms {
		g = must(t)(e.TryCampaign(t.Context(), fmt.Sprint("term ", i)))
		if i < terms-1 {
			release(t, g)
		}
	}
	for range observers {
		wantErr(t, "an observer", <-done, nil)
	}
	release(t, g)
}

// The loop of an observer ends with the store.
func TestObserveClosed(t *testing.T) {
	t.Parallel()
	db, err := store.Open(t.Context(), t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	next, stop := iter.Pull2(openElection(t, db, "e").Observe(t.Context()))
	defer stop()
	_, err, _ = next()
	wantErr(t, "observed first", err, dsync.ErrNoLeader)
	wantErr(t, "Close", db.Close(), nil)
	_, err, _ = next()
	wantErr(t, "observed after Close", err, store.ErrClosed)
	if _, _, ok := next(); ok {
		t.Error("the loop goes on after Close")
	}
}

package sync_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
	dsync "github.com/dcq-go/dcq/sync"
)

// holdable is a way to hold something exclusively, so that one test can do for all.
type holdable struct {
	kind    string // and name
	acquire func(context.Context) (*dsync.Grant, error)
	try     func(context.Context) (*dsync.Grant, error)
	tx      func(*store.Tx) (*dsync.Grant, error) // nil if it has none
	do      func(context.Context, func(context.Context, *dsync.Grant) error) error
}

// openHoldables opens one of each kind. The name of each is its kind.
func openHoldables(t testing.TB, db *store.DB, opts dsync.Options) []holdable {
	t.Helper()
	ctx := context.Background()
	l, err1 := dsync.OpenLock(ctx, db, "lock", opts)
	r, err2 := dsync.OpenRLock(ctx, db, "rlock", opts)
	rw, err3 := dsync.OpenRWLock(ctx, db, "rwlock", opts)
	s, err4 := dsync.OpenBoundedSemaphore(ctx, db, "semaphore", 1, opts)
	e, err5 := dsync.OpenElection(ctx, db, "election", opts)
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		t.Fatal(err)
	}
	var strangers atomic.Int64
	stranger := func() string { return fmt.Sprint(strangers.Add(1)) } // an owner who has nothing
	return []holdable{
		{"lock", l.Acquire, l.TryAcquire, l.AcquireTx, l.Do},
		{"rlock",
			func(ctx context.Context) (*dsync.Grant, error) { return r.Acquire(ctx, stranger()) },
			func(ctx context.Context) (*dsync.Grant, error) { return r.TryAcquire(ctx, stranger()) },
			nil,
			func(ctx context.Context, fn func(context.Context, *dsync.Grant) error) error {
				return r.Do(ctx, stranger(), fn)
			}},
		{"rwlock", rw.AcquireWrite, rw.TryAcquireWrite, rw.AcquireWriteTx, rw.DoWrite},
		{"semaphore", s.Acquire, s.TryAcquire, func(tx *store.Tx) (*dsync.Grant, error) { return s.AcquireNTx(tx, 1) }, s.Do},
		{"election",
			func(ctx context.Context) (*dsync.Grant, error) { return e.Campaign(ctx, "me") },
			func(ctx context.Context) (*dsync.Grant, error) { return e.TryCampaign(ctx, "me") },
			nil, nil},
	}
}

// eachHoldable runs a test for every kind, each in a store of its own.
func eachHoldable(t *testing.T, opts store.Options, test func(t *testing.T, db *store.DB, h holdable)) {
	t.Parallel()
	for i, kind := range []string{"lock", "rlock", "rwlock", "semaphore", "election"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			db := storetest.Open(t, opts)
			test(t, db, openHoldables(t, db, dsync.Options{})[i])
		})
	}
}

// outcome is what a call that waits returned.
type outcome struct {
	grant *dsync.Grant
	err   error
}

// later calls something that waits.
func later(ctx context.Context, acquire func(context.Context) (*dsync.Grant, error)) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		g, err := acquire(ctx)
		done <- outcome{g, err}
	}()
	return done
}

// wantErr fails the test unless a call returned the error.
func wantErr(t testing.TB, call string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s = %v, want %v", call, got, want)
	}
}

// checkTx is what CheckTx says.
func checkTx(db *store.DB, g *dsync.Grant) error {
	return db.View(context.Background(), func(tx *store.Tx) error { return tx.Require(g) })
}

// countRows counts the rows of a table.
func countRows(t testing.TB, db *store.DB, table string) (n int) {
	t.Helper()
	err := db.View(context.Background(), func(tx *store.Tx) error { return tx.QueryRow(`SELECT count(*) FROM ` + table).Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestGrant(t *testing.T) {
	eachHoldable(t, store.Options{}, func(t *testing.T, db *store.DB, h holdable) {
		type key struct{}
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
		g := must(t)(h.acquire(ctx))
		cancel()
		if g.Context().Err() != nil || g.Err() != nil {
			t.Errorf("the grant ends with the context of the call: %v, %v", g.Context().Err(), g.Err())
		}
		if got := g.Context().Value(key{}); got != "value" {
			t.Errorf("the grant's context has value %v, want that of the call", got)
		}
		wantErr(t, "CheckTx of a grant that stands", checkTx(db, g), nil)
		_, err := h.try(t.Context())
		wantErr(t, "a try of what is held", err, dsync.ErrNotAcquired)
		wantErr(t, "Release with a context that has ended", g.Release(ctx), nil)
		for call, err := range map[string]error{
			"Err": g.Err(), "CheckTx": checkTx(db, g), "Release": g.Release(t.Context()), "the cause": context.Cause(g.Context()),
			"ReleaseTx": db.Update(t.Context(), g.ReleaseTx),
		} {
			wantErr(t, call+" of a released grant", err, dsync.ErrLost)
		}
		next := must(t)(h.try(t.Context()))
		if g.Token() <= 0 || next.Token() <= g.Token() {
			t.Errorf("tokens %d and then %d, want positive and rising", g.Token(), next.Token())
		}
		wantErr(t, "Release of the old grant", g.Release(t.Context()), dsync.ErrLost)
		wantErr(t, "CheckTx of the new one", checkTx(db, next), nil)
		release(t, next)
	})
}

var errUndo = errors.New("undo")

// What is acquired or released in a transaction stands and falls with it.
func TestGrantInTransaction(t *testing.T) {
	eachHoldable(t, store.Options{}, func(t *testing.T, db *store.DB, h holdable) {
		if h.tx == nil {
			return
		}
		var g *dsync.Grant
		acquire := func(end error) func(*store.Tx) error {
			return func(tx *store.Tx) (err error) {
				if g, err = h.tx(tx); err != nil {
					return err
				}
				if _, err := h.tx(tx); !errors.Is(err, dsync.ErrNotAcquired) {
					t.Errorf("acquiring twice = %v, want %v", err, dsync.ErrNotAcquired)
				}
				if err := tx.Require(g); err != nil || g.Err() != nil {
					t.Errorf("in its transaction the grant is lost: %v, %v", err, g.Err())
				}
				return end
			}
		}
		for _, run := range []func(context.Context, func(*store.Tx) error) error{
			db.Update,
			func(ctx context.Context, fn func(*store.Tx) error) error { return db.Batch(ctx, false, fn) },
		} {
			wantErr(t, "a transaction that is undone", run(t.Context(), acquire(errUndo)), errUndo)
			wantErr(t, "Err of a grant that is undone", g.Err(), dsync.ErrLost)
			wantErr(t, "Release of a grant that is undone", g.Release(t.Context()), dsync.ErrLost)

			wantErr(t, "acquiring", run(t.Context(), acquire(nil)), nil)
			wantErr(t, "Err of a grant that stands", g.Err(), nil)
			undone := run(t.Context(), func(tx *store.Tx) error { return errors.Join(g.ReleaseTx(tx), tx.Require(g), errUndo) })
			wantErr(t, "releasing, undone", undone, errUndo)
			wantErr(t, "Require after ReleaseTx", undone, dsync.ErrLost)
			wantErr(t, "Err after ReleaseTx was undone", g.Err(), nil)
			wantErr(t, "CheckTx after ReleaseTx was undone", checkTx(db, g), nil)
			wantErr(t, "releasing", run(t.Context(), g.ReleaseTx), nil)
			wantErr(t, "Err after ReleaseTx", g.Err(), dsync.ErrLost)

			both := run(t.Context(), func(tx *store.Tx) error { return errors.Join(acquire(nil)(tx), g.ReleaseTx(tx)) })
			wantErr(t, "acquiring and releasing", both, nil)
			wantErr(t, "Err after both", g.Err(), dsync.ErrLost)
		}
		if n := countRows(t, db, "dcq_grants"); n != 0 {
			t.Errorf("%d grants are left", n)
		}
	})
}

// The first in line has it when Release, or the transaction with ReleaseTx, returns.
func TestReleaseHandsOver(t *testing.T) {
	eachHoldable(t, store.Options{}, func(t *testing.T, db *store.DB, h holdable) {
		g := must(t)(h.acquire(t.Context()))
		for _, release := range []func(*dsync.Grant) error{
			func(g *dsync.Grant) error { return g.Release(t.Context()) },
			func(g *dsync.Grant) error { return db.Update(t.Context(), g.ReleaseTx) },
		} {
			next := later(t.Context(), h.acquire)
			waitForLine(t, db, h.kind, h.kind, 1)
			_, err := h.try(t.Context())
			wantErr(t, "a try while somebody waits", err, dsync.ErrNotAcquired)
			wantErr(t, "releasing", release(g), nil)
			_, err = h.try(t.Context())
			wantErr(t, "a try after the hand-over", err, dsync.ErrNotAcquired)
			got := <-next
			wantErr(t, "the next", got.err, nil)
			g = got.grant
		}
		release(t, g)
		if n := db.Wakeups().Missed; n != 0 {
			t.Errorf("%d wake-ups were missed", n)
		}
	})
}

// An acquire whose context ends returns the cause and holds nothing.
func TestAcquireCanceled(t *testing.T) {
	eachHoldable(t, store.Options{}, func(t *testing.T, db *store.DB, h holdable) {
		cause := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		g := must(t)(h.acquire(t.Context()))
		var waiting []<-chan outcome
		for range 20 {
			waiting = append(waiting, later(ctx, h.acquire))
		}
		waitForLine(t, db, h.kind, h.kind, len(waiting))
		last := later(t.Context(), h.acquire)
		waitForLine(t, db, h.kind, h.kind, len(waiting)+1)
		cancel(cause)
		for _, w := range waiting {
			wantErr(t, "an acquire whose context ends", (<-w).err, cause)
		}
		if n := countRows(t, db, "dcq_grants"); n != 2 {
			t.Errorf("%d grants and requests are left, want 2", n)
		}
		if n := countRows(t, db, "dcq_waiters"); n != 1 {
			t.Errorf("%d waiters are left, want 1", n)
		}
		for call, acquire := range map[string]func(context.Context) (*dsync.Grant, error){"acquire": h.acquire, "try": h.try} {
			_, err := acquire(ctx)
			wantErr(t, call+" with a context that has ended", err, cause)
		}
		release(t, g)
		release(t, must(t)((func() (*dsync.Grant, error) { o := <-last; return o.grant, o.err })()))
	})
}

// Waiting for what one holds oneself is found out by the context of the grant.
func TestDeadlock(t *testing.T) {
	eachHoldable(t, store.Options{}, func(t *testing.T, _ *store.DB, h holdable) {
		if h.kind == "semaphore" { // it may have more permits
			return
		}
		g := must(t)(h.acquire(t.Context()))
		ctx, cancel := context.WithCancel(g.Context())
		defer cancel()
		_, err := h.acquire(ctx)
		wantErr(t, "acquire under the same grant", err, dsync.ErrDeadlock)
		_, err = h.try(ctx)
		wantErr(t, "a try under the same grant", err, dsync.ErrNotAcquired)
		release(t, g)
		release(t, must(t)(h.acquire(context.WithoutCancel(ctx)))) // no longer
	})
}

func TestDo(t *testing.T) {
	eachHoldable(t, store.Options{}, func(t *testing.T, db *store.DB, h holdable) {
		if h.do == nil {
			return
		}
		failed, cause := errors.New("failed"), errors.New("enough")
		var inside *dsync.Grant
		err := h.do(t.Context(), func(ctx context.Context, g *dsync.Grant) error {
			inside = g
			_, err := h.try(ctx)
			wantErr(t, "a try within Do", err, dsync.ErrNotAcquired)
			wantErr(t, "CheckTx within Do", checkTx(db, g), nil)
			return failed
		})
		wantErr(t, "Do of what fails", err, failed)
		wantErr(t, "the grant after Do", inside.Err(), dsync.ErrLost)

		ctx, cancel := context.WithCancelCause(t.Context())
		err = h.do(ctx, func(ctx context.Context, _ *dsync.Grant) error {
			cancel(cause)
			<-ctx.Done()
			return context.Cause(ctx)
		})
		wantErr(t, "Do whose context ends", err, cause)

		err = h.do(t.Context(), func(ctx context.Context, g *dsync.Grant) error {
			release(t, g)
			<-ctx.Done()
			wantErr(t, "the cause when the grant is lost", context.Cause(ctx), dsync.ErrLost)
			return nil
		})
		wantErr(t, "Do that loses its grant", err, dsync.ErrLost)

		func() {
			defer func() {
				if got := recover(); got != "oh" {
					t.Errorf("the panic of fn arrives as %v", got)
				}
			}()
			_ = h.do(t.Context(), func(context.Context, *dsync.Grant) error { panic("oh") })
		}()
		g := must(t)(h.try(t.Context())) // nothing of the above is held
		wantErr(t, "Do with a context that has ended", h.do(ctx, nil), cause)
		release(t, g)
	})
}

// Close takes the grants for lost before it gives them to others.
func TestClose(t *testing.T) {
	t.Parallel()
	for i, kind := range []string{"lock", "rlock", "rwlock", "semaphore", "election"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			other := storetest.Open(t, store.Options{})
			theirs := openHoldables(t, other, dsync.Options{})[i]
			db, err := store.Open(t.Context(), other.Dir(), store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			h := openHoldables(t, db, dsync.Options{})[i]
			g := must(t)(h.acquire(t.Context()))
			waiting := later(t.Context(), h.acquire)
			waitForLine(t, db, kind, kind, 1)
			next := later(t.Context(), func(ctx context.Context) (*dsync.Grant, error) {
				got, err := theirs.acquire(ctx)
				if g.Context().Err() == nil {
					t.Error("another has it, and the old grant's context has not ended")
				}
				return got, err
			})
			waitForLine(t, other, kind, kind, 2)
			wantErr(t, "Close", db.Close(), nil)
			wantErr(t, "the cause after Close", context.Cause(g.Context()), dsync.ErrLost)
			wantErr(t, "one who waits through what is closed", (<-waiting).err, store.ErrClosed)
			_, err = h.acquire(t.Context())
			wantErr(t, "acquire after Close", err, store.ErrClosed)
			wantErr(t, "Release after Close", g.Release(t.Context()), store.ErrClosed)
			got := <-next
			wantErr(t, "the next", got.err, nil)
			release(t, got.grant)
		})
	}
}

// Each name is a thing of its own, and each kind has names of its own.
func TestManyNames(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	var group sync.WaitGroup
	grants := make(chan *dsync.Grant, 200)
	for i := range cap(grants) / 2 {
		group.Go(func() {
			name := fmt.Sprint("n", i)
			rw, err := dsync.OpenRWLock(context.Background(), db, name, dsync.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			for _, try := range []func(context.Context) (*dsync.Grant, error){openLock(t, db, name, dsync.Options{}).TryAcquire, rw.TryAcquireWrite} {
				g, err := try(context.Background())
				if err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				grants <- g
			}
		})
	}
	group.Wait()
	close(grants)
	tokens := make(map[int64]bool)
	for g := range grants {
		tokens[g.Token()] = true
		release(t, g)
	}
	if len(tokens) != cap(grants) {
		t.Errorf("%d tokens, want %d", len(tokens), cap(grants))
	}
}

func TestNamesAndLeases(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	open := map[string]func(name string, opts dsync.Options) error{
		"OpenLock": func(name string, opts dsync.Options) error {
			_, err := dsync.OpenLock(t.Context(), db, name, opts)
			return err
		},
		"OpenRLock": func(name string, opts dsync.Options) error {
			_, err := dsync.OpenRLock(t.Context(), db, name, opts)
			return err
		},
		"OpenRWLock": func(name string, opts dsync.Options) error {
			_, err := dsync.OpenRWLock(t.Context(), db, name, opts)
			return err
		},
		"OpenBoundedSemaphore": func(name string, opts dsync.Options) error {
			_, err := dsync.OpenBoundedSemaphore(t.Context(), db, name, 1, opts)
			return err
		},
		"OpenElection": func(name string, opts dsync.Options) error {
			_, err := dsync.OpenElection(t.Context(), db, name, opts)
			return err
		},
	}
	for call, open := range open {
		for _, name := range []string{"", strings.Repeat("x", 256), "a\nb", "\x7f", "a\xff", "\x00"} {
			wantErr(t, fmt.Sprintf("%s(%q)", call, name), open(name, dsync.Options{}), dsync.ErrName)
		}
		for _, name := range []string{"a", strings.Repeat("x", 255), strings.Repeat("é", 127), "with blanks/and slashes"} {
			wantErr(t, fmt.Sprintf("%s(%q)", call, name), open(name, dsync.Options{}), nil)
		}
		for _, lease := range []time.Duration{-1, 1, 10*time.Millisecond - 1, 366 * 24 * time.Hour, 1<<63 - 1} {
			if err := open("a", dsync.Options{Lease: lease}); err == nil || !strings.Contains(err.Error(), "Options.Lease") {
				t.Errorf("%s with lease %v = %v, want one that names the field", call, lease, err)
			}
		}
		for _, lease := range []time.Duration{0, 10 * time.Millisecond, 365 * 24 * time.Hour} {
			wantErr(t, fmt.Sprintf("%s with lease %v", call, lease), open("a", dsync.Options{Lease: lease}), nil)
		}
	}
}

package sync_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
	dsync "github.com/dcq-go/dcq/sync"
)

func openRLock(t testing.TB, db *store.DB) *dsync.RLock {
	t.Helper()
	l, err := dsync.OpenRLock(t.Context(), db, "rlock", dsync.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestRLock(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	l := openRLock(t, db)
	g := must(t)(l.Acquire(t.Context(), "a"))
	for call, acquire := range map[string]func(context.Context, string) (*dsync.Grant, error){"Acquire": l.Acquire, "TryAcquire": l.TryAcquire} {
		if again := must(t)(acquire(t.Context(), "a")); again != g {
			t.Errorf("%s again returns another grant", call)
		}
		if again := must(t)(acquire(g.Context(), "a")); again != g {
			t.Errorf("%s again under the grant returns another", call)
		}
		for _, owner := range []string{"", "a\n"} {
			_, err := acquire(t.Context(), owner)
			wantErr(t, fmt.Sprintf("%s of owner %q", call, owner), err, dsync.ErrName)
		}
	}
	_, err := l.TryAcquire(t.Context(), "b")
	wantErr(t, "TryAcquire of another owner", err, dsync.ErrNotAcquired)
	_, err = l.Acquire(g.Context(), "b")
	wantErr(t, "Acquire of another owner under the grant", err, dsync.ErrDeadlock)
	for range 4 {
		release(t, g)
		wantErr(t, "CheckTx before the last release", checkTx(db, g), nil)
		wantErr(t, "Err before the last release", g.Err(), nil)
	}
	release(t, g)
	wantErr(t, "Release once too often", g.Release(t.Context()), dsync.ErrLost)
	next := must(t)(l.TryAcquire(t.Context(), "a"))
	if next == g {
		t.Error("an owner gets its old grant")
	}
	release(t, next)
}

// Each of several acquisitions can be released in a transaction too.
func TestRLockReleaseTx(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	l := openRLock(t, db)
	g := must(t)(l.Acquire(t.Context(), "a"))
	must(t)(l.Acquire(t.Context(), "a"))
	undone := func(tx *store.Tx) error { return errors.Join(g.ReleaseTx(tx), errUndo) }
	for range 3 {
		wantErr(t, "ReleaseTx, undone", db.Update(t.Context(), undone), errUndo)
	}
	wantErr(t, "ReleaseTx, of two", db.Update(t.Context(), g.ReleaseTx), nil)
	wantErr(t, "CheckTx after one of two", checkTx(db, g), nil)
	wantErr(t, "ReleaseTx of the last, undone", db.Update(t.Context(), undone), errUndo)
	if again := must(t)(l.Acquire(t.Context(), "a")); again != g {
		t.Error("after a release that was undone the owner does not have the lock")
	}
	release(t, g)
	wantErr(t, "ReleaseTx of the last", db.Update(t.Context(), g.ReleaseTx), nil)
	wantErr(t, "CheckTx after the last", checkTx(db, g), dsync.ErrLost)
}

// The goroutines of an owner get one grant, however they come; those of others wait.
func TestRLockGoroutines(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	l := openRLock(t, db)
	var group sync.WaitGroup
	inside := make(chan string, 1)
	for _, owner := range []string{"a", "b"} {
		var all sync.WaitGroup
		all.Add(8)
		for range 8 {
			group.Go(func() {
				g := must(t)(l.Acquire(context.Background(), owner))
				all.Done()
				all.Wait() // they have it together
				select {
				case inside <- owner:
				case other := <-inside:
					if other != owner {
						t.Errorf("%s has it, and %s", other, owner)
					}
				}
				if err := g.Release(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
	}
	group.Wait()
}

// A try does not wait for a goroutine of the same owner, which does.
func TestRLockTryDoesNotWait(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	l := openRLock(t, db)
	g := must(t)(l.Acquire(t.Context(), "a"))
	waiting := later(t.Context(), func(ctx context.Context) (*dsync.Grant, error) { return l.Acquire(ctx, "b") })
	waitForLine(t, db, "rlock", "rlock", 1)
	_, err := l.TryAcquire(t.Context(), "b")
	wantErr(t, "TryAcquire while the owner waits", err, dsync.ErrNotAcquired)
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	second := later(ctx, func(ctx context.Context) (*dsync.Grant, error) { return l.Acquire(ctx, "b") })
	cancel(cause)
	wantErr(t, "Acquire behind a goroutine of the owner, whose context ends", (<-second).err, cause)
	release(t, g)
	got := <-waiting
	wantErr(t, "the one that waited", got.err, nil)
	release(t, got.grant)
}

// An owner that lost the lock acquires it anew; what it had is lost however often it
// had acquired it.
func TestRLockLost(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(time.Unix(1e9, 0))
	db := storetest.Open(t, store.Options{Clock: clock})
	l := openRLock(t, db)
	g := must(t)(l.Acquire(t.Context(), "a"))
	must(t)(l.Acquire(t.Context(), "a"))
	write(t, db, func(tx *store.Tx) error {
		_, err := tx.Exec(`DELETE FROM dcq_grants`)
		return err
	})
	clock.Advance(dsync.DefaultLease / 3)
	<-g.Context().Done()
	next := must(t)(l.Acquire(t.Context(), "a"))
	if next == g {
		t.Error("an owner gets what it has lost")
	}
	for range 3 {
		wantErr(t, "Release of what is lost", g.Release(t.Context()), dsync.ErrLost)
	}
	wantErr(t, "CheckTx of the new grant", checkTx(db, next), nil)
	release(t, next)
}

func TestRLockDo(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	l := openRLock(t, db)
	err := l.Do(t.Context(), "a", func(ctx context.Context, outer *dsync.Grant) error {
		err := l.Do(ctx, "a", func(_ context.Context, inner *dsync.Grant) error {
			if inner != outer {
				t.Error("Do within Do has another grant")
			}
			return nil
		})
		return errors.Join(err, outer.Err(), checkTx(db, outer))
	})
	wantErr(t, "Do within Do", err, nil)
	release(t, must(t)(l.TryAcquire(t.Context(), "b")))
}

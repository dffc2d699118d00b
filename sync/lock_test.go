package sync_test

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
	dsync "github.com/dcq-go/dcq/sync"
)

func openLock(t testing.TB, db *store.DB, name string, opts dsync.Options) *dsync.Lock {
	t.Helper()
	l, err := dsync.OpenLock(context.Background(), db, name, opts)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// must returns the grant of a call that is to succeed.
func must(t testing.TB) func(*dsync.Grant, error) *dsync.Grant {
	return func(g *dsync.Grant, err error) *dsync.Grant {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
}

func release(t testing.TB, g *dsync.Grant) {
	t.Helper()
	if err := g.Release(context.Background()); err != nil {
		t.Fatalf("Release() = %v", err)
	}
}

// waitForLine waits until so many requests of a thing wait.
func waitForLine(t testing.TB, db *store.DB, kind, name string, n int) {
	t.Helper()
	for {
		var now int
		err := db.View(t.Context(), func(tx *store.Tx) error {
			return tx.QueryRow(`SELECT count(*) FROM dcq_grants WHERE kind = ? AND name = ? AND waits = 1`, kind, name).Scan(&now)
		})
		if err != nil {
			t.Fatal(err)
		}
		if now == n {
			return
		}
		runtime.Gosched()
	}
}

func TestLock(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	l := openLock(t, db, "l", dsync.Options{})
	first := must(t)(l.Acquire(t.Context()))
	if _, err := l.TryAcquire(t.Context()); !errors.Is(err, dsync.ErrNotAcquired) {
		t.Errorf("TryAcquire of a held lock = %v, want %v", err, dsync.ErrNotAcquired)
	}
	got := make(chan *dsync.Grant, 3)
	for i := range 3 {
		go func() { got <- must(t)(l.Acquire(context.Background())) }()
		waitForLine(t, db, "lock", "l", i+1)
	}
	last := first
	for range 3 {
		release(t, last)
		next := <-got
		if next.Token() <= last.Token() {
			t.Errorf("token %d after %d", next.Token(), last.Token())
		}
		if err := last.Release(t.Context()); !errors.Is(err, dsync.ErrLost) {
			t.Errorf("second Release() = %v, want %v", err, dsync.ErrLost)
		}
		if err := next.Err(); err != nil {
			t.Errorf("Err() of a grant that stands = %v", err)
		}
		last = next
	}
	release(t, last)
	if last.Context().Err() == nil || last.Err() == nil {
		t.Error("a released grant seems to stand")
	}
	release(t, must(t)(l.TryAcquire(t.Context())))
	if n := db.Wakeups().Missed; n != 0 {
		t.Errorf("%d wake-ups were missed", n)
	}
}

func BenchmarkLock(b *testing.B) {
	db := storetest.Open(b, store.Options{})
	l := openLock(b, db, "l", dsync.Options{})
	b.ReportAllocs()
	for b.Loop() {
		release(b, must(b)(l.Acquire(b.Context())))
	}
}

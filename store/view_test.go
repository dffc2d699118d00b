package store_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// exit ends the goroutine as testing.T.FailNow does.
func exit() { runtime.Goexit() }

func TestEverythingAfterClose(t *testing.T) {
	t.Parallel()
	db, err := store.Open(t.Context(), t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := db.NewWaiter()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	nothing := func(*store.Tx) error { return nil }
	_, waitErr := w.Wait(t.Context(), time.Time{})
	_, checkErr := db.Check(t.Context())
	_, doctorErr := db.Doctor(t.Context())
	_, sessionsErr := db.Sessions(t.Context())
	for call, err := range map[string]error{
		"View": db.View(t.Context(), nothing), "Batch": db.Batch(t.Context(), true, nothing),
		"Update": db.Update(t.Context(), nothing), "Wait": waitErr, "Check": checkErr,
		"Doctor": doctorErr, "Sessions": sessionsErr, "Reap": db.Reap(t.Context()),
		"Use": db.Use(t.Context(), newHeld().pkg),
	} {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s() after Close = %v, want %v", call, err, store.ErrClosed)
		}
	}
	if err := db.Close(); err != nil {
		t.Errorf("second Close() = %v", err)
	}
}

// endless is a query that does not end by itself.
const endless = `WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c`

// A View ends with its context, tells why, and leaves its connection usable.
func TestViewEndsWithItsContext(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{Readers: 1})
	why := errors.New("why")
	for range 20 {
		ctx, cancel := context.WithCancelCause(t.Context())
		err := db.View(ctx, func(tx *store.Tx) error {
			go cancel(why)
			var n int
			return tx.QueryRow(endless).Scan(&n)
		})
		if !errors.Is(err, why) {
			t.Fatalf("View() = %v, want %v", err, why)
		}
		if err := db.View(t.Context(), func(*store.Tx) error { return nil }); err != nil {
			t.Fatalf("the next View() = %v", err)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if err := db.View(ctx, func(*store.Tx) error { return nil }); !errors.Is(err, why) {
		t.Errorf("View() of an ended context = %v, want %v", err, why)
	}
}

// A View that waits for a connection ends with its context.
func TestViewWaitsForAConnection(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{Readers: 1})
	why := errors.New("why")
	err := db.View(t.Context(), func(*store.Tx) error {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(why)
		return db.View(ctx, func(*store.Tx) error { return nil })
	})
	if !errors.Is(err, why) {
		t.Errorf("View() = %v, want %v", err, why)
	}
}

// A View sees one state of the store, whatever is committed meanwhile.
func TestViewIsASnapshot(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	table(t, db)
	err := db.View(t.Context(), func(tx *store.Tx) error {
		counts := func() (n int) {
			if err := tx.QueryRow(`SELECT count(*) FROM numbers`).Scan(&n); err != nil {
				t.Error(err)
			}
			return n
		}
		before := counts()
		if err := db.Batch(t.Context(), false, insert(1)); err != nil {
			return err
		}
		if after := counts(); after != before {
			t.Errorf("rows in the same View = %d, then %d", before, after)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := count(t, db); got != 1 {
		t.Errorf("rows = %d, want 1", got)
	}
}

// A peek is one statement, after which it is over.
func TestPeek(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	var one int
	count := func(tx *store.Tx) error { return tx.QueryRow(`SELECT 1`).Scan(&one) }
	if err := db.Peek(t.Context(), count); err != nil || one != 1 {
		t.Errorf("Peek() = %v, read %d", err, one)
	}
	err := db.Peek(t.Context(), func(tx *store.Tx) error { return errors.Join(count(tx), count(tx)) })
	if !errors.Is(err, store.ErrTxDone) {
		t.Errorf("a second statement: %v, want %v", err, store.ErrTxDone)
	}
	err = db.Peek(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE dcq_meta SET next = 7`)
		return err
	})
	if !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("a statement that writes: %v, want %v", err, store.ErrReadOnly)
	}
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(errUnasked)
	if err := db.Peek(ended, count); !errors.Is(err, errUnasked) {
		t.Errorf("Peek() after the end of its context = %v, want %v", err, errUnasked)
	}
}

var errUnasked = errors.New("nobody asks any longer")

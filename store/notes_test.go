//go:build unix

package store_test

import (
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// join puts a new waiter in the line of a topic.
func join(t *testing.T, db *store.DB, topic string) *store.Waiter {
	t.Helper()
	w := db.NewWaiter()
	rejoin(t, db, w, topic)
	t.Cleanup(w.Close)
	return w
}

func rejoin(t *testing.T, db *store.DB, w *store.Waiter, topic string) {
	t.Helper()
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		return w.JoinTx(tx, store.WaitSpec{Package: "store", Topics: []string{topic}})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// note serves the first in line, with a note.
func note(tx *store.Tx, topic string, n string) error {
	w, ok, err := tx.NextWaiter(topic)
	if err != nil || !ok {
		return errors.Join(err, errors.New("nobody waits"))
	}
	tx.Note(w, []byte(n))
	return tx.Serve(w)
}

func notes(t *testing.T, w *store.Waiter, want string, known bool) {
	t.Helper()
	if n, ok := w.Note(); ok != known || known && string(n) != want {
		t.Errorf("Note() = %q, %v, want %q, %v", n, ok, want, known)
	}
}

func TestNote(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	other, err := store.Open(t.Context(), db.Dir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w, idle := join(t, other, "a"), join(t, other, "b")
	want := "nine byte"
	err = db.Update(t.Context(), func(tx *store.Tx) error {
		err := note(tx, "a", want)
		notes(t, w, want, false)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if reason, err := w.Wait(t.Context(), time.Time{}); reason != store.Pulsed || err != nil {
		t.Fatalf("Wait() = %v, %v", reason, err)
	}
	notes(t, w, want, true)
	notes(t, idle, want, false)

	rejoin(t, other, w, "a")
	notes(t, w, want, false)
	want = strings.Repeat("-", store.MaxNote)
	if err := db.Update(t.Context(), func(tx *store.Tx) error { return note(tx, "a", want) }); err != nil {
		t.Fatal(err)
	}
	notes(t, w, want, true)
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	notes(t, w, want, false)
}

// A waiter is told nothing rather than something that is not so, or not for it.
func TestNoteUnknown(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	w := join(t, db, "a")
	said := "said"
	update := func(fn func(tx *store.Tx) error) error { return db.Update(t.Context(), fn) }

	failed := errors.New("failed")
	if err := update(func(tx *store.Tx) error { return errors.Join(note(tx, "a", said), failed) }); !errors.Is(err, failed) {
		t.Fatal(err)
	}
	notes(t, w, said, false)

	err := update(func(tx *store.Tx) error {
		tx.AtCommit(failed, func(*store.Tx) error { return failed })
		return note(tx, "a", said)
	})
	if !errors.Is(err, failed) {
		t.Fatal(err)
	}
	notes(t, w, said, false)

	if err := update(func(tx *store.Tx) error { err := note(tx, "a", said); tx.DropNotes(); return err }); err != nil {
		t.Fatal(err)
	}
	notes(t, w, said, false)

	rejoin(t, db, w, "a")
	if err := update(func(tx *store.Tx) error { return note(tx, "a", said) }); err != nil {
		t.Fatal(err)
	}
	notes(t, w, said, true)
	db.TearNote(w.Ticket())
	notes(t, w, said, false)
	if err := update(func(tx *store.Tx) error { tx.Note(store.Waiting{Ticket: w.Ticket()}, []byte(said)); return nil }); err != nil {
		t.Fatal(err)
	}
	notes(t, w, said, true) // the next who writes there repairs it
	db.StretchNote(w.Ticket())
	notes(t, w, said, false)
	if err := update(func(tx *store.Tx) error { tx.Note(store.Waiting{Ticket: w.Ticket() + 1<<20}, []byte(said)); return nil }); err != nil {
		t.Fatal(err)
	}
	notes(t, w, said, false) // overwritten by that of another

	rejoin(t, db, w, "a")
	long := strings.Repeat("-", store.MaxNote+1)
	if err := update(func(tx *store.Tx) error { return note(tx, "a", long) }); err != nil {
		t.Fatal(err)
	}
	notes(t, w, long, false)
}

// A waiter is not told what another was told whose ticket had the same number: that of a
// database before a power cut, or before a backup was put in its place.
func TestNoteOfEarlierTicket(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	join(t, db, "a") // so that the session is there
	var next int64
	err := db.Update(t.Context(), func(tx *store.Tx) (err error) {
		next, err = tx.Next()
		next++
		tx.Note(store.Waiting{Ticket: next}, []byte("said"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	w := join(t, db, "a")
	if w.Ticket() != next {
		t.Fatalf("the ticket is %d, want %d", w.Ticket(), next)
	}
	notes(t, w, "said", false)
}

// An operation that fails takes its notes along, and leaves those of the others that
// share its transaction.
func TestNotesOfFailedOperation(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	fails, succeeds := join(t, db, "fails"), join(t, db, "succeeds")
	said := "said"
	failed := errors.New("failed")
	var wg sync.WaitGroup
	batch := func(topic string, want error) {
		wg.Go(func() {
			err := db.Batch(t.Context(), false, func(tx *store.Tx) error { return errors.Join(note(tx, topic, said), want) })
			if !errors.Is(err, want) {
				t.Errorf("Batch(%q) = %v, want %v", topic, err, want)
			}
		})
	}
	err := db.Batch(t.Context(), false, func(*store.Tx) error {
		batch("fails", failed)
		batch("succeeds", nil)
		for db.Queued() < 2 {
			runtime.Gosched()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	notes(t, fails, said, false)
	notes(t, succeeds, said, true)
}

// So does one that dropped what was there before.
func TestNotesOfFailedOperationThatDrops(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	dropped, fails := join(t, db, "dropped"), join(t, db, "fails")
	said := "said"
	together(t, db, func(tx *store.Tx) error { return note(tx, "dropped", said) }, func(tx *store.Tx) error {
		tx.DropNotes()
		return errors.Join(note(tx, "fails", said), errUndone)
	})
	notes(t, dropped, said, false)
	notes(t, fails, said, false)
}

//go:build unix

package store_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// quiet fails the test unless it is known, or not known, that nobody waits.
func quiet(t *testing.T, db *store.DB, topic string, want bool) {
	t.Helper()
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		if got := tx.Quiet(topic); got != want {
			t.Errorf("Quiet(%s) = %v, want %v", topic, got, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// find asks who is next.
func find(tx *store.Tx, topic string) error {
	_, _, err := tx.NextWaiter(topic)
	return err
}

func update(t *testing.T, db *store.DB, fn func(*store.Tx) error) {
	t.Helper()
	if err := db.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// What one process finds all know, until somebody joins.
func TestQuiet(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	other, err := store.Open(t.Context(), db.Dir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	quiet(t, db, "a", false)
	update(t, db, func(tx *store.Tx) error { return find(tx, "a") })
	quiet(t, db, "a", true)
	quiet(t, other, "a", true)
	quiet(t, other, "b", false)
	err = db.View(t.Context(), func(tx *store.Tx) error {
		if tx.Quiet("a") {
			t.Error("a transaction that only reads knows something")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w := join(t, other, "a")
	quiet(t, db, "a", false)
	update(t, db, func(tx *store.Tx) error {
		next, ok, err := tx.NextWaiter("a")
		if !ok || err != nil || next.Ticket != w.Ticket() {
			t.Errorf("NextWaiter() = %v, %v, %v, want %d", next, ok, err, w.Ticket())
		}
		return errors.Join(tx.Serve(next), find(tx, "a"))
	})
	quiet(t, other, "a", true)
	update(t, db, func(tx *store.Tx) error {
		return errors.Join(find(tx, "b"), db.NewWaiter().JoinTx(tx, store.WaitSpec{Package: "store", Topics: []string{"b"}}))
	})
	quiet(t, db, "b", false)
}

// What a transaction found that was undone is not known: who was served is back in line.
func TestQuietUndone(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	join(t, db, "a")
	serve := func(tx *store.Tx) error {
		next, _, err := tx.NextWaiter("a")
		return errors.Join(err, tx.Serve(next), find(tx, "a"), errUndone)
	}
	if err := db.Update(t.Context(), serve); !errors.Is(err, errUndone) {
		t.Fatal(err)
	}
	quiet(t, db, "a", false)
	both := func(tx *store.Tx) error { return errors.Join(find(tx, "b"), find(tx, "c")) }
	together(t, db, serve, both)
	quiet(t, db, "a", false)
	quiet(t, db, "b", true)

	// An operation that makes otherwise what one before found, before it finds something.
	finds := func(tx *store.Tx) error {
		return errors.Join(find(tx, "d"), find(tx, "e"), find(tx, "f"), find(tx, "g"))
	}
	together(t, db, finds, func(tx *store.Tx) error {
		err := db.NewWaiter().JoinTx(tx, store.WaitSpec{Package: "store", Topics: []string{"d", "f", "g"}})
		return errors.Join(err, serve(tx))
	})
	quiet(t, db, "a", false)
	quiet(t, db, "d", false)
	quiet(t, db, "e", true)
}

var errUndone = errors.New("undone")

// together runs operations that share a commit, some of which are undone.
func together(t *testing.T, db *store.DB, fns ...func(*store.Tx) error) {
	t.Helper()
	done := make(chan error, len(fns))
	update(t, db, func(*store.Tx) error { // the others queue up behind it
		for i, fn := range fns {
			go func() { done <- db.Batch(t.Context(), false, fn) }()
			for db.Queued() <= i {
				if t.Context().Err() != nil {
					return t.Context().Err()
				}
			}
		}
		return nil
	})
	for range fns {
		if err := <-done; err != nil && !errors.Is(err, errUndone) {
			t.Fatal(err)
		}
	}
}

// TestQuietModel has two DBs change lines in random ways, some of which are undone. No
// topic is ever known to be quiet that has somebody in line: Check, at the end, and the
// next in line after each step.
func TestQuietModel(t *testing.T) {
	t.Parallel()
	rng := seed.Rand(t)
	db := storetest.Open(t, store.Options{})
	other, err := store.Open(t.Context(), db.Dir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	topics := []string{"a", "b", "c"}
	var waiters []*store.Waiter
	for i := range 6 {
		w := []*store.DB{db, other}[i%2].NewWaiter()
		t.Cleanup(w.Close)
		waiters = append(waiters, w)
	}
	for range 400 {
		n := rng.IntN(len(waiters))
		fail := rng.IntN(3) == 0
		err := []*store.DB{db, other}[n%2].Update(t.Context(), func(tx *store.Tx) error {
			for range 1 + rng.IntN(4) {
				if err := shuffle(rng, tx, waiters[n], topics); err != nil {
					return err
				}
			}
			if fail {
				return errUndone
			}
			return nil
		})
		if err != nil && !errors.Is(err, errUndone) {
			t.Fatal(err)
		}
		update(t, db, func(tx *store.Tx) error { return lines(tx, topics) })
	}
}

// shuffle changes a line, or looks at one.
func shuffle(rng *rand.Rand, tx *store.Tx, w *store.Waiter, topics []string) error {
	topic := topics[rng.IntN(len(topics))]
	switch rng.IntN(6) {
	case 0:
		return w.JoinTx(tx, store.WaitSpec{Package: "store", Topics: topics[:1+rng.IntN(len(topics))]})
	case 1:
		_, err := w.LeaveTx(tx)
		return err
	case 2:
		return tx.Wake(topic, 1+rng.IntN(2))
	case 3:
		next, ok, err := tx.NextWaiter(topic)
		if !ok || err != nil {
			return err
		}
		return tx.Serve(next)
	}
	return find(tx, topic)
}

// lines compares what is known of topics with the rows.
func lines(tx *store.Tx, topics []string) error {
	for _, topic := range topics {
		var n int
		if err := tx.QueryRow(`SELECT count(*) FROM dcq_waiters WHERE topic = ? AND woken = 0`, topic).Scan(&n); err != nil {
			return err
		}
		if n > 0 && tx.Quiet(topic) {
			return fmt.Errorf("%s is known to be quiet, but %d wait", topic, n)
		}
	}
	return nil
}

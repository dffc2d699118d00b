//go:build unix

package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/dcq-go/dcq/internal/crashpoint"
	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// next takes n values.
func next(t *testing.T, db *store.DB, n int) (first int64) {
	t.Helper()
	err := db.Update(t.Context(), func(tx *store.Tx) (err error) {
		first, err = tx.NextN(n)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return first
}

// end is the first value that is not reserved.
func end(t *testing.T, db *store.DB) (n int64) {
	t.Helper()
	err := db.View(t.Context(), func(tx *store.Tx) error { return tx.QueryRow(`SELECT next FROM dcq_meta`).Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Values rise over all DBs of a store, those of transactions that fail included, and
// whether or not they outlast what was reserved.
func TestNextRises(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	all := []*store.DB{storetest.OpenDir(t, dir, store.Options{}), storetest.OpenDir(t, dir, store.Options{})}
	last := int64(0)
	for i := range 400 {
		db := all[i%2]
		n := []int{1, 7, 100, 2000}[i%4]
		first := next(t, db, n)
		if first <= last {
			t.Fatalf("took %d after %d", first, last)
		}
		last = first + int64(n) - 1
		if end := end(t, db); end <= last {
			t.Fatalf("took %d, but only those before %d are reserved", last, end)
		}
		failed := errors.New("failed")
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			first, err := tx.NextN(n)
			if err != nil || first <= last {
				t.Errorf("took %d after %d, %v", first, last, err)
			}
			return failed
		})
		if !errors.Is(err, failed) {
			t.Fatal(err)
		}
	}
	err := all[0].View(t.Context(), func(tx *store.Tx) error { _, err := tx.Next(); return err })
	if err == nil {
		t.Error("a transaction that only reads took a value")
	}
}

// A revision is greater than all before a snapshot, and less than all after it.
func TestRevision(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	revision := func() (rev int64) {
		t.Helper()
		err := db.View(t.Context(), func(tx *store.Tx) (err error) { rev, err = tx.Revision(); return err })
		if err != nil {
			t.Fatal(err)
		}
		return rev
	}
	take := func(fn func(tx *store.Tx) (int64, error)) (rev int64) {
		t.Helper()
		err := db.Update(t.Context(), func(tx *store.Tx) (err error) { rev, err = fn(tx); return err })
		if err != nil {
			t.Fatal(err)
		}
		return rev
	}
	for range 3 {
		next(t, db, 5) // no revisions
		before := revision()
		one := take(func(tx *store.Tx) (int64, error) { return tx.NextRevision() })
		between := revision()
		many := take(func(tx *store.Tx) (int64, error) { return tx.NextRevisions(3) })
		after := revision()
		own := take(func(tx *store.Tx) (int64, error) { return tx.Revision() })
		if !(before < one && one <= between && between < many && many+2 <= after && after < own && own <= revision()) {
			t.Errorf("revisions are %d < %d <= %d < %d, +2 <= %d < %d", before, one, between, many, after, own)
		}
	}
}

// What is in memory is believed for the same database only, and not against it.
func TestCounterOfOtherDatabase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open := func() *store.DB {
		t.Helper()
		db, err := store.Open(t.Context(), dir, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	done := func(db *store.DB) {
		t.Helper()
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "dcq.db")
	db := open()
	next(t, db, 10)
	done(db)
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}

	db = open() // goes on where the last one ended
	if first := next(t, db, 5000); first > 30 {
		t.Errorf("took %d after some twenty", first)
	}
	last := next(t, db, 1)
	done(db)

	if err := os.WriteFile(path, old, 0o600); err != nil { // the same file with what it was
		t.Fatal(err)
	}
	db = open()
	if first := next(t, db, 1); first <= last || end(t, db) <= first {
		t.Errorf("after an old backup was put in place: took %d after %d, reserved to %d", first, last, end(t, db))
	}
	last = next(t, db, 1)
	done(db)

	if err := os.Rename(path, path+".copy"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, old, 0o600); err != nil { // another file
		t.Fatal(err)
	}
	db = open()
	if first, reserved := next(t, db, 1), end(t, db); first < 10 || first >= last || reserved <= first {
		t.Errorf("a backup as another file: took %d after %d, reserved to %d", first, last, reserved)
	}
	done(db)
}

// A program that knows nothing of the memory, and raised the counter, makes a commit fail
// rather than take a value again.
func TestCounterChangedBehind(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	next(t, db, 1)
	raw(t, db.Path(), `UPDATE dcq_meta SET next = next + 10`)
	theirs := end(t, db)
	var err error
	for last := int64(0); err == nil && last < theirs; {
		err = db.Update(t.Context(), func(tx *store.Tx) (err error) { last, err = tx.NextN(100); return err })
	}
	if !errors.Is(err, store.ErrBusy) {
		t.Errorf("Update() = %v, want %v", err, store.ErrBusy)
	}
	if first := next(t, db, 1); first < theirs {
		t.Errorf("took %d, but those before %d were another's", first, theirs)
	}
}

// The memory that a boot of the host has left on disk may be an old one.
func TestCounterOfOtherBoot(t *testing.T) {
	t.Parallel()
	info, err := os.Stat(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if one, same, other := store.CounterOf("a", info), store.CounterOf("a", info), store.CounterOf("b", info); one != same || one == other {
		t.Errorf("counters of two boots: %d, %d and %d", one, same, other)
	}
}

func init() { children["take values"] = takeValues }

// takeValues takes more values than are reserved, and dies at a point of the commit.
func takeValues(c *proctest.Child) error {
	return dieIn(c, func(tx *store.Tx) error {
		_, err := tx.NextN(5000)
		return err
	})
}

// Whoever dies while it reserves values is in nobody's way.
func TestCounterOfTheDead(t *testing.T) {
	t.Parallel()
	for _, point := range []string{crashpoint.BeforeCommit, crashpoint.Stamped, crashpoint.Committed, crashpoint.AfterCommit} {
		db := storetest.Open(t, store.Options{})
		last := next(t, db, 1)
		child := proctest.Start(t, "take values", db.Dir(), point)
		if err := child.Wait(); err == nil {
			t.Fatalf("%s: the child did not die", point)
		}
		for range 3 {
			first := next(t, db, 1)
			if committed := point == crashpoint.Committed || point == crashpoint.AfterCommit; first <= last || committed && first <= last+5000 {
				t.Errorf("%s: took %d after %d", point, first, last)
			}
			if end := end(t, db); end <= first {
				t.Errorf("%s: took %d, but only those before %d are reserved", point, first, end)
			}
		}
	}
}

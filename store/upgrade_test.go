package store_test

import (
	"slices"
	"testing"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// A store of an earlier version is brought up to date by Open, with those who wait.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, err := store.Open(t.Context(), dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(t.Context(), func(tx *store.Tx) error {
		for _, s := range []string{
			`ALTER TABLE dcq_meta DROP COLUMN latest`,
			`DROP INDEX dcq_waiters_many`,
			`ALTER TABLE dcq_waiters DROP COLUMN many`,
			`CREATE INDEX dcq_waiters_session ON dcq_waiters (session_id, ticket)`,
			`UPDATE dcq_schema SET version = 1 WHERE package = 'store'`,
		} {
			if _, err := tx.Exec(s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = storetest.OpenDir(t, dir, store.Options{})
	report, err := db.Doctor(t.Context())
	if err != nil || !slices.Contains(report.Schemas, store.Schema{Package: "store", Version: 4}) {
		t.Errorf("after Open the schemas are %v, %v", report.Schemas, err)
	}
	w := db.NewWaiter()
	defer w.Close()
	err = db.Batch(t.Context(), false, func(tx *store.Tx) error {
		if err := w.JoinTx(tx, store.WaitSpec{Package: "store", Topics: []string{"a", "b"}}); err != nil {
			return err
		}
		next, ok, err := tx.NextWaiter("b")
		if err != nil || !ok {
			t.Errorf("NextWaiter = %v, %v, %v", next, ok, err)
		}
		return tx.Serve(next)
	})
	if err != nil {
		t.Fatal(err)
	}
	err = db.View(t.Context(), func(tx *store.Tx) error {
		in, err := w.InLineTx(tx)
		if in {
			t.Error("a waiter that was served in one line stands in another")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

package store_test

import (
	"os"
	"testing"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// After a checkpoint, the database file has all that was committed; what is committed
// beside somebody who reads is left in the log.
func TestCheckpoint(t *testing.T) {
	t.Parallel()
	db, ctx := storetest.Open(t, store.Options{}), t.Context()
	write := func() {
		t.Helper()
		if err := db.Update(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec(`CREATE TABLE IF NOT EXISTS big (x BLOB)`)
			if err == nil {
				_, err = tx.Exec(`INSERT INTO big VALUES (zeroblob(1000000))`)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	checkpoint := func(min, max int) {
		t.Helper()
		if left, err := db.Checkpoint(ctx); err != nil || left < min || left > max {
			t.Errorf("Checkpoint() = %d, %v; want %d to %d", left, err, min, max)
		}
	}
	write()
	checkpoint(0, 0)
	if info, err := os.Stat(db.Path()); err != nil || info.Size() < 1000000 {
		t.Errorf("the database file has %v bytes, %v; want a million", info.Size(), err)
	}
	err := db.View(ctx, func(tx *store.Tx) error {
		var n int
		if err := tx.QueryRow(`SELECT count(*) FROM big`).Scan(&n); err != nil {
			return err
		}
		write()
		checkpoint(900, 2000)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	checkpoint(0, 0)
}

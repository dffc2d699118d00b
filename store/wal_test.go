package store_test

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// walSize returns the length of the write-ahead log.
func walSize(t testing.TB, db *store.DB) int64 {
	t.Helper()
	info, err := os.Stat(db.Path() + "-wal")
	if os.IsNotExist(err) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func rowsTable(t testing.TB, db *store.DB) {
	t.Helper()
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`CREATE TABLE IF NOT EXISTS rows (n INTEGER NOT NULL, payload BLOB NOT NULL) STRICT`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func insertBytes(ctx context.Context, db *store.DB, n int) error {
	return db.Batch(ctx, false, func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO rows (n, payload) VALUES (0, zeroblob(?))`, n)
		return err
	})
}

// Several DBs write without a pause, while others read: the log is cut all the same.
func TestLogStaysBoundedUnderLoad(t *testing.T) {
	t.Parallel()
	const written, bound = 24 << 20, 16 << 20
	const each = 20_000
	dir := t.TempDir()
	dbs := []*store.DB{storetest.OpenDir(t, dir, store.Options{}), storetest.OpenDir(t, dir, store.Options{})}
	for _, db := range dbs {
		db.SetLogLimits(500, 2000)
	}
	rowsTable(t, dbs[0])
	ctx, stop := context.WithCancel(t.Context())
	var writers, readers sync.WaitGroup
	longest := int64(0)
	for i, db := range dbs {
		for range 2 {
			writers.Go(func() {
				for range written / each / 4 {
					if err := insertBytes(t.Context(), db, each); err != nil {
						t.Errorf("Batch() = %v", err)
						return
					}
				}
			})
		}
		readers.Go(func() {
			for ctx.Err() == nil {
				if err := db.View(t.Context(), func(tx *store.Tx) error {
					var n int
					return tx.QueryRow(`SELECT count(*) FROM dcq_sessions`).Scan(&n)
				}); err != nil {
					t.Errorf("View() = %v", err)
				}
				if i == 0 {
					longest = max(longest, walSize(t, db))
				}
			}
		})
	}
	writers.Wait()
	stop()
	readers.Wait()
	if longest == 0 || longest > bound {
		t.Errorf("%d MiB were written, and the log had up to %d MiB, want at most %d", written>>20, longest>>20, bound>>20)
	}
	t.Logf("longest log: %d KiB", longest>>10)
}

// A command that opens, commits once and closes never comes to a checkpoint by the
// number of its commits; a process that only waits never makes one.
func TestLogStaysBoundedUnderCommands(t *testing.T) {
	t.Parallel()
	const each, times, bound = 600_000, 20, 9 << 20
	db := storetest.Open(t, store.Options{})
	rowsTable(t, db)
	w := db.NewWaiter()
	defer w.Close()
	waiting, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	err := db.Batch(t.Context(), false, func(tx *store.Tx) error {
		return w.JoinTx(tx, store.WaitSpec{Package: "store", Topics: []string{"topic"}})
	})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(ended)
		for waiting.Err() == nil {
			_, _ = w.Wait(waiting, time.Time{})
		}
	}()
	longest := int64(0)
	for range times {
		command, err := store.Open(t.Context(), db.Dir(), store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := insertBytes(t.Context(), command, each); err != nil {
			t.Fatal(err)
		}
		if err := command.Close(); err != nil {
			t.Fatal(err)
		}
		longest = max(longest, walSize(t, db))
	}
	cancel()
	<-ended
	if longest > bound {
		t.Errorf("%d MiB were written, and the log had up to %d MiB, want at most %d", each*times>>20, longest>>20, bound>>20)
	}
	t.Logf("longest log: %d KiB", longest>>10)
}

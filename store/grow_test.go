//go:build unix

package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// insertRaw inserts rows through SQLite alone, as the owner of a database may who shares
// it with a store: past the gate.
func insertRaw(ctx context.Context, path string, n int) error {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(60000)&_pragma=synchronous(2)")
	if err != nil {
		return err
	}
	defer db.Close()
	for i := range n {
		if _, err := db.ExecContext(ctx, `INSERT INTO rows (n, text) VALUES (?, ?)`, i, fmt.Sprintf("%0500d", i)); err != nil {
			return err
		}
	}
	return nil
}

// A log that is made longer while others write to it loses nothing, neither for those who
// have it open nor for who finds it after a crash.
func TestGrowLog(t *testing.T) {
	t.Parallel()
	const rows = 400
	for _, pageSize := range []int{512, 1024, 4096} {
		t.Run(fmt.Sprint(pageSize), func(t *testing.T) {
			t.Parallel()
			path := makeDatabase(t, pageSize)
			db := storetest.Open(t, store.Options{Database: path})
			written := make(chan error)
			go func() { written <- insertRaw(context.Background(), path, rows) }()
			last := int64(0)
			for range 100 {
				length, err := db.GrowLog(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if length < last || length > 4<<20 {
					t.Errorf("the log has %d bytes, and had %d", length, last)
				}
				last = length
			}
			if err := <-written; err != nil {
				t.Fatal(err)
			}
			if last < 1<<19 {
				t.Errorf("the log has %d bytes, want half a MiB at least", last)
			}
			wantRows(t, path, rows)
			wantRows(t, copyDatabase(t, path), rows)
		})
	}
}

func makeDatabase(t *testing.T, pageSize int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "app.db")
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{
		fmt.Sprintf(`PRAGMA page_size = %d`, pageSize), `PRAGMA journal_mode = WAL`,
		`CREATE TABLE rows (n INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT`,
	} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// copyDatabase copies what a power cut would leave.
func copyDatabase(t *testing.T, path string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy.db")
	for _, suffix := range []string{"", "-wal"} { // by another process: see the locks of SQLite
		if out, err := exec.Command("cp", path+suffix, to+suffix).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	return to
}

func wantRows(t *testing.T, path string, want int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var n int
	var sound string
	if err := db.QueryRow(`SELECT count(*) FROM rows`).Scan(&n); err != nil || n != want {
		t.Errorf("%d rows, %v; want %d", n, err, want)
	}
	if err := db.QueryRow(`PRAGMA integrity_check`).Scan(&sound); err != nil || sound != "ok" {
		t.Errorf("integrity_check says %q, %v", sound, err)
	}
}

package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	sqlite3 "modernc.org/sqlite/lib"
)

func TestKindOf(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]error{
		sqlite3.SQLITE_FULL:               ErrFull,
		sqlite3.SQLITE_CORRUPT:            ErrCorrupt,
		sqlite3.SQLITE_CORRUPT_INDEX:      ErrCorrupt,
		sqlite3.SQLITE_NOTADB:             ErrCorrupt,
		sqlite3.SQLITE_READONLY:           ErrReadOnly,
		sqlite3.SQLITE_READONLY_DIRECTORY: ErrReadOnly,
		sqlite3.SQLITE_READONLY_DBMOVED:   ErrGone,
		sqlite3.SQLITE_PERM:               ErrReadOnly,
		sqlite3.SQLITE_CANTOPEN:           ErrReadOnly,
		sqlite3.SQLITE_BUSY:               ErrBusy,
		sqlite3.SQLITE_BUSY_SNAPSHOT:      ErrBusy,
		sqlite3.SQLITE_LOCKED:             ErrBusy,
		sqlite3.SQLITE_IOERR_WRITE:        ErrIO,
		sqlite3.SQLITE_IOERR_FSYNC:        ErrIO,
		sqlite3.SQLITE_CONSTRAINT_UNIQUE:  nil,
		sqlite3.SQLITE_ERROR:              nil,
		sqlite3.SQLITE_INTERRUPT:          nil,
		sqlite3.SQLITE_NOMEM:              nil,
		sqlite3.SQLITE_TOOBIG:             nil,
	} {
		if got := kindOf(code); got != want {
			t.Errorf("kindOf(%d) = %v, want %v", code, got, want)
		}
	}
}

// An error is told once, by its sentinel, and keeps its cause.
func TestTranslate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "text.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := openSQLite(t.Context(), path, 0, false)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	cause := c.script(t.Context(), `CREATE TABLE a (n)`)
	once := translate(cause)
	if !errors.Is(once, ErrCorrupt) || !errors.Is(once, cause) {
		t.Errorf("translate(%v) = %v, want %v that keeps its cause", cause, once, ErrCorrupt)
	}
	if twice := translate(fmt.Errorf("wrapped: %w", once)); strings.Count(twice.Error(), ErrCorrupt.Error()) != 1 {
		t.Errorf("translated twice: %v", twice)
	}
	if err := translate(nil); err != nil {
		t.Errorf("translate(nil) = %v", err)
	}
	if err := translate(ErrLost); err != ErrLost {
		t.Errorf("translate(%v) = %v, want it unchanged", ErrLost, err)
	}
}

// What SQLite has rolled back by itself cannot be gone on with, though the operation
// that met the error ignores it.
func TestIgnoredLoss(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	limit := func(pages int) {
		if err := db.writer.script(t.Context(), fmt.Sprintf(`PRAGMA max_page_count = %d`, pages)); err != nil {
			t.Fatal(err)
		}
	}
	err = db.Update(t.Context(), func(tx *Tx) error {
		_, err := tx.Exec(`CREATE TABLE a (data BLOB)`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	limit(60)
	err = db.Update(t.Context(), func(tx *Tx) error {
		for range 100 {
			_, _ = tx.Exec(`INSERT INTO a VALUES (zeroblob(4000))`)
		}
		_, _ = tx.Exec(`INSERT INTO a VALUES ('small')`)
		return nil
	})
	if !errors.Is(err, ErrFull) {
		t.Errorf("Update() = %v, want %v", err, ErrFull)
	}
	limit(1 << 20)
	rows := -1
	err = db.View(t.Context(), func(tx *Tx) error { return tx.QueryRow(`SELECT count(*) FROM a`).Scan(&rows) })
	if err != nil || rows != 0 {
		t.Errorf("rows = %d, %v, want 0", rows, err)
	}
}

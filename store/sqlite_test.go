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

// The strength of each commit is the one that was asked for, however often it changes:
// SQLite runs this pragma when it compiles it.
func TestSetDurable(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for i := range 6 {
		durable := i%2 == 0
		if err := db.writer.setDurable(t.Context(), durable); err != nil {
			t.Fatal(err)
		}
		level, want := 0, 1
		if durable {
			want = 2
		}
		if err := db.writer.queryRow(t.Context(), `PRAGMA synchronous`, &level); err != nil || level != want {
			t.Errorf("synchronous after setDurable(%v) = %d, %v, want %d", durable, level, err, want)
		}
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

// A commit is as strong as its strongest operation, and as Options.Durability says.
func TestDurabilityOfCommits(t *testing.T) {
	t.Parallel()
	const normal, full = 1, 2
	for _, test := range []struct {
		option         Durability
		relaxed, wants int // PRAGMA synchronous of an operation that does not, and that does, ask for it
		update         int
	}{
		{ByOperation, normal, full, full},
		{Relaxed, normal, normal, normal},
		{Durable, full, full, full},
	} {
		db, err := Open(t.Context(), t.TempDir(), Options{Durability: test.option})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		var got int
		level := func(tx *Tx) error { return tx.QueryRow(`PRAGMA synchronous`).Scan(&got) }
		for range 2 {
			for _, c := range []struct {
				what string
				call func() error
				want int
			}{
				{"Batch, relaxed", func() error { return db.Batch(t.Context(), false, level) }, test.relaxed},
				{"Batch, durable", func() error { return db.Batch(t.Context(), true, level) }, test.wants},
				{"Update", func() error { return db.Update(t.Context(), level) }, test.update},
			} {
				if err := c.call(); err != nil || got != c.want {
					t.Errorf("Durability %d, %s: synchronous = %d, %v, want %d", test.option, c.what, got, err, c.want)
				}
			}
		}
	}
}

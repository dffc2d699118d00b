package store_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// appDatabase makes a database of an application, with a table of its own.
func appDatabase(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "app.db")
	raw(t, path, `PRAGMA application_id = 77`, `CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL)`,
		`INSERT INTO accounts VALUES (1, 100)`)
	return path
}

// An application's own tables change in the transactions of the store.
func TestOwnDatabase(t *testing.T) {
	t.Parallel()
	path := appDatabase(t)
	db := storetest.OpenDir(t, t.TempDir(), store.Options{Database: path})
	if db.Path() != path {
		t.Errorf("Path() = %q, want %q", db.Path(), path)
	}
	change := func(fail error) error {
		return db.Update(t.Context(), func(tx *store.Tx) error {
			if _, err := tx.Exec(`UPDATE accounts SET balance = balance - 30 WHERE id = 1`); err != nil {
				return err
			}
			if err := tx.Wake("topic", 1); err != nil {
				return err
			}
			_, err := tx.Next()
			return errors.Join(err, fail)
		})
	}
	if err := change(nil); err != nil {
		t.Fatal(err)
	}
	if err := change(errWanted); !errors.Is(err, errWanted) {
		t.Fatal(err)
	}
	var balance, application int
	err := db.View(t.Context(), func(tx *store.Tx) error {
		return errors.Join(
			tx.QueryRow(`SELECT balance FROM accounts WHERE id = 1`).Scan(&balance),
			tx.QueryRow(`PRAGMA application_id`).Scan(&application))
	})
	if err != nil || balance != 70 || application != 77 {
		t.Errorf("balance, application id = %d, %d, %v, want 70, 77", balance, application, err)
	}
}

// Two directories cannot share one database: each would have a gate of its own.
func TestOwnDatabaseOfAnotherDirectory(t *testing.T) {
	t.Parallel()
	path := appDatabase(t)
	storetest.OpenDir(t, t.TempDir(), store.Options{Database: path})
	second := t.TempDir()
	wantOpenError(t, second, store.Options{Database: path}, store.ErrForeign, "directory")
}

// A program that writes to the application's database without the gate is waited for,
// and its name for it is ErrBusy if that takes too long.
func TestForeignWriter(t *testing.T) {
	t.Parallel()
	path := appDatabase(t)
	db := storetest.OpenDir(t, t.TempDir(), store.Options{Database: path, BusyTimeout: 50 * time.Millisecond})
	patient := storetest.OpenDir(t, db.Dir(), store.Options{Database: path})
	other, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	c, err := other.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.ExecContext(t.Context(), `BEGIN IMMEDIATE; UPDATE accounts SET balance = 5`); err != nil {
		t.Fatal(err)
	}
	nothing := func(tx *store.Tx) error { _, err := tx.Next(); return err }
	if err := db.Batch(t.Context(), false, nothing); !errors.Is(err, store.ErrBusy) {
		t.Errorf("Batch() beside a writer = %v, want %v", err, store.ErrBusy)
	}
	if err := db.View(t.Context(), func(*store.Tx) error { return nil }); err != nil {
		t.Errorf("View() beside a writer = %v", err)
	}
	waits := make(chan error)
	go func() { waits <- patient.Batch(context.Background(), false, nothing) }()
	if _, err := c.ExecContext(t.Context(), `COMMIT`); err != nil {
		t.Fatal(err)
	}
	if err := <-waits; err != nil {
		t.Errorf("Batch() that waits for the writer = %v", err)
	}
	if err := db.Batch(t.Context(), false, nothing); err != nil {
		t.Errorf("Batch() after the writer = %v", err)
	}
}

// A backup of an application's database has the application's tables, too.
func TestBackupOfOwnDatabase(t *testing.T) {
	t.Parallel()
	db := storetest.OpenDir(t, t.TempDir(), store.Options{Database: appDatabase(t)})
	path := filepath.Join(t.TempDir(), "restored.db")
	if err := db.Backup(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	restored := storetest.OpenDir(t, t.TempDir(), store.Options{Database: path})
	balance := 0
	err := restored.View(t.Context(), func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT balance FROM accounts WHERE id = 1`).Scan(&balance)
	})
	if err != nil || balance != 100 {
		t.Errorf("balance = %d, %v, want 100", balance, err)
	}
}

func TestOptionsTellAllFaults(t *testing.T) {
	t.Parallel()
	_, err := store.Open(t.Context(), t.TempDir(), store.Options{
		Durability: 7, BlobThreshold: -1, BusyTimeout: -1, Readers: 65,
	})
	if err == nil {
		t.Fatal("Open() = nil, want an error")
	}
	for _, field := range []string{"Durability", "BlobThreshold", "BusyTimeout", "Readers"} {
		if !strings.Contains(err.Error(), "Options."+field) {
			t.Errorf("Open() = %v, want a word about %s", err, field)
		}
	}
	for _, opts := range []store.Options{
		{}, {Durability: store.Durable, BlobThreshold: 16 << 20, Readers: 64}, {Durability: store.Relaxed, Readers: 1},
	} {
		storetest.Open(t, opts)
	}
}

package sqlitedriver

import (
	"database/sql"
	"testing"
)

// All drivers open with the same settings, or the comparison says little.
func TestModernc(t *testing.T) { testDriver(t, Modernc) }

func testDriver(t *testing.T, d Driver) {
	for synchronous, durable := range map[string]bool{"1": false, "2": true} {
		db, err := d.Open(t.TempDir(), durable)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		db.SetMaxOpenConns(2)
		for query, want := range map[string]string{
			"PRAGMA busy_timeout": "60000", "PRAGMA journal_mode": "wal", "PRAGMA synchronous": synchronous,
			"PRAGMA cache_size": "-2000", "PRAGMA page_size": "4096", "PRAGMA wal_autocheckpoint": "1000",
		} {
			if got := ask(t, db, query); got != want {
				t.Errorf("%s of one that is durable: %t = %s, want %s", query, durable, got, want)
			}
		}
		beginsAtOnce(t, db)
	}
}

func ask(t *testing.T, db *sql.DB, query string) (answer string) {
	t.Helper()
	if err := db.QueryRow(query).Scan(&answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

// beginsAtOnce fails the test unless a transaction keeps writers out from its beginning.
func beginsAtOnce(t *testing.T, db *sql.DB) {
	t.Helper()
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := db.Exec(`PRAGMA busy_timeout = 0; CREATE TABLE t (a)`); err == nil {
		t.Error("another connection writes beside a transaction")
	}
}

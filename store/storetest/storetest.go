// Package storetest helps to test packages that stand on store: a store in a
// directory of the test whose integrity is checked when the test ends, and a clock
// that moves only when told.
package storetest

import (
	"context"
	"testing"

	"github.com/dcq-go/dcq/store"
)

// Open opens a store in a new directory. When the test ends, the store is checked
// and closed.
func Open(t testing.TB, opts store.Options) *store.DB {
	t.Helper()
	return OpenDir(t, t.TempDir(), opts)
}

// OpenDir is Open for a given directory.
func OpenDir(t testing.TB, dir string, opts store.Options) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), dir, opts)
	if err != nil {
		t.Fatalf("store.Open(%q) = %v", dir, err)
	}
	t.Cleanup(func() {
		Check(t, db)
		if err := db.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	})
	return db
}

// Check fails the test if the store is not consistent.
func Check(t testing.TB, db *store.DB) {
	t.Helper()
	problems, err := db.Check(context.Background())
	if err != nil {
		t.Errorf("Check() = %v", err)
	}
	for _, p := range problems {
		t.Errorf("Check() found: %v", p)
	}
}

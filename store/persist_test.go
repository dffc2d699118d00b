package store

import (
	"os"
	"path/filepath"
	"testing"
)

// What a later commit has dropped goes with that commit's sync, not with the one before.
func TestDroppedFileStaysUntilItsOwnSync(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	first := db.flusher.committed()
	if err := db.flusher.flush(first); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "dropped")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	db.flusher.committed()
	db.unlinker.add(path)
	syncs := 0
	db.flusher.sync = func(*os.File) error {
		syncs++
		_, err := os.Stat(path)
		return err
	}
	db.persist(nil, first)
	if _, err := os.Stat(path); syncs != 1 || !os.IsNotExist(err) {
		t.Errorf("after %d syncs the file is %v, want it gone after 1", syncs, err)
	}
}

package store_test

import (
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

func blobFiles(t *testing.T, db *store.DB) (n int) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(db.Dir(), "blobs"), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The file of a value that a relaxed commit drops stays until a durable one: a power
// cut may undo the drop.
func TestDroppedFileStaysUntilTheDropIsOnDisk(t *testing.T) {
	db := storetest.Open(t, store.Options{BlobThreshold: 10})
	table(t, db)
	v, err := db.Stage(make([]byte, 100))
	if err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		what    string
		durable bool
		fn      func(*store.Tx) error
		files   int
	}{
		{"keep", true, func(tx *store.Tx) error { return tx.Keep(v) }, 1},
		{"relaxed drop", false, func(tx *store.Tx) error { return tx.Drop(v.Blob) }, 1},
		{"durable commit of nothing", true, func(*store.Tx) error { return nil }, 1},
		{"durable commit", true, insert(1), 0},
	}
	for _, s := range steps {
		if err := db.Batch(t.Context(), s.durable, s.fn); err != nil {
			t.Fatalf("%s: Batch() = %v", s.what, err)
		}
		if got := blobFiles(t, db); got != s.files {
			t.Errorf("files after the %s = %d, want %d", s.what, got, s.files)
		}
	}
}

package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

func TestValueIsInlineOrAFile(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{BlobThreshold: 100})
	for _, size := range []int{0, 1, 100, 101, 1 << 20} {
		data := bytes.Repeat([]byte{7}, size)
		v, err := db.Stage(data)
		if err != nil {
			t.Fatalf("Stage(%d bytes) = %v", size, err)
		}
		if file := v.Blob != ""; file != (size > 100) || file && v.Inline != nil {
			t.Errorf("Stage(%d bytes): in a file %v, inline %d bytes", size, file, len(v.Inline))
		}
		if got, err := db.Load(v); err != nil || !bytes.Equal(got, data) {
			t.Errorf("Load() of %d bytes = %d bytes, %v", size, len(got), err)
		}
		db.Discard(v)
		if _, err := db.Load(v); v.Blob != "" && !errors.Is(err, store.ErrBlobMissing) {
			t.Errorf("Load() after Discard() = %v, want %v", err, store.ErrBlobMissing)
		}
	}
}

// Names from a damaged or hostile database never lead out of the directory.
func TestBlobNamesStayInTheDirectory(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	file := strings.Repeat("s", 29)
	secret := filepath.Join(db.Dir(), file)
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"../" + file, "..", "ABCDEF00112233445566778899AABBCC", strings.Repeat("0", 33)} {
		if data, err := db.Load(store.Value{Blob: name}); !errors.Is(err, store.ErrBlobMissing) {
			t.Errorf("Load(%q) = %q, %v, want %v", name, data, err, store.ErrBlobMissing)
		}
		db.Discard(store.Value{Blob: name})
	}
	if _, err := os.Stat(secret); err != nil {
		t.Errorf("the other program's file: %v", err)
	}
}

// The file of a process that died before it could commit is swept, once it is old; that
// of a value that is kept is not.
func TestSweepBlobs(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(time.Now())
	db := storetest.Open(t, store.Options{BlobThreshold: 10, Clock: clock})
	stage := func() store.Value {
		v, err := db.Stage(make([]byte, 100))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	kept, lost := stage(), stage()
	keep := func(v store.Value) error {
		return db.Batch(t.Context(), true, func(tx *store.Tx) error { return tx.Keep(v) })
	}
	if err := keep(kept); err != nil {
		t.Fatal(err)
	}
	sweep := func(want int) {
		t.Helper()
		if got, err := db.SweepBlobs(t.Context()); got != want || err != nil {
			t.Errorf("SweepBlobs() = %d, %v, want %d", got, err, want)
		}
	}
	sweep(0) // it may belong to a transaction that has not committed
	clock.Advance(2 * time.Hour)
	sweep(1)
	sweep(0)
	if _, err := db.Load(kept); err != nil {
		t.Errorf("Load() of a kept value = %v", err)
	}
	if err := keep(lost); !errors.Is(err, store.ErrBlobMissing) {
		t.Errorf("Keep() of a swept value = %v, want %v", err, store.ErrBlobMissing)
	}
}

// What a process kept for its backup goes when the process dies.
func TestBackupDies(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := storetest.OpenDir(t, dir, store.Options{BlobThreshold: 100})
	values(t, db)
	put := func(n int) {
		if err := putValue(t.Context(), db, 1, n); err != nil {
			t.Fatal(err)
		}
	}
	put(40)
	backer, err := store.Open(t.Context(), dir, store.Options{BlobThreshold: 100})
	if err != nil {
		t.Fatal(err)
	}
	defer backer.Close()
	var session int64
	err = backer.Batch(t.Context(), false, func(tx *store.Tx) error {
		if session, err = tx.Session("store"); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO dcq_backups (id, session_id) VALUES (?, ?)`, session+1000, session)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	put(42)
	if n := blobFiles(t, db); n != 2 {
		t.Errorf("files during the backup = %d, want 2", n)
	}
	if err := os.Remove(filepath.Join(dir, "sessions", strconv.FormatInt(session, 10))); err != nil {
		t.Fatal(err)
	}
	if err := db.Reap(t.Context()); err != nil {
		t.Fatal(err)
	}
	put(44)
	for _, by := range []*store.DB{db, backer} { // either may have ended the session
		if err := putValue(t.Context(), by, 1, 46); err != nil { // durable: what was dropped before goes
			t.Fatal(err)
		}
	}
	if n := blobFiles(t, db); n != 1 {
		t.Errorf("files after the backup died = %d, want 1", n)
	}
}

package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// values keeps one value a row, in a file if it is large.
func values(t testing.TB, db *store.DB) {
	t.Helper()
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`CREATE TABLE IF NOT EXISTS "values" (n INTEGER PRIMARY KEY, inline BLOB, blob TEXT) STRICT`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func valueOf(n int) []byte { return bytes.Repeat([]byte(fmt.Sprint(n, " ")), 20+n%50) }

// putValue replaces the value of a row and drops the old one.
func putValue(ctx context.Context, db *store.DB, row, n int) error {
	v, err := db.Stage(valueOf(n))
	if err != nil {
		return err
	}
	err = db.Batch(ctx, n%2 == 0, func(tx *store.Tx) error {
		var old string
		err := tx.QueryRow(`SELECT COALESCE(blob, '') FROM "values" WHERE n = ?`, row).Scan(&old)
		if err != nil && !errors.Is(err, store.ErrNoRows) {
			return err
		}
		if err := errors.Join(tx.Drop(old), tx.Keep(v)); err != nil {
			return err
		}
		_, err = tx.Exec(`
			INSERT INTO "values" (n, inline, blob) VALUES (?, ?, ?)
			ON CONFLICT (n) DO UPDATE SET inline = excluded.inline, blob = excluded.blob`, row, v.Inline, v.Blob)
		return err
	})
	if err != nil {
		db.Discard(v)
	}
	return err
}

// wantValues fails the test unless every row's value can be read and is one that was
// written as a whole.
func wantValues(t testing.TB, db *store.DB, rows int) {
	t.Helper()
	seen := 0
	err := db.View(t.Context(), func(tx *store.Tx) error {
		return tx.Query(`SELECT n, inline, blob FROM "values"`, nil, func(scan store.Scan) error {
			var n, first int
			var v store.Value
			if err := scan(&n, &v.Inline, &v.Blob); err != nil {
				return err
			}
			data, err := db.Load(v)
			if err != nil {
				return fmt.Errorf("row %d: %w", n, err)
			}
			if _, err := fmt.Sscan(string(data), &first); err != nil || !bytes.Equal(data, valueOf(first)) {
				t.Errorf("row %d has %d bytes that nobody wrote", n, len(data))
			}
			seen++
			return nil
		})
	})
	if err != nil || seen != rows {
		t.Errorf("read %d values, %v, want %d", seen, err, rows)
	}
}

// restore opens the backup at path as a store of its own.
func restore(t testing.TB, path string, opts store.Options) *store.DB {
	t.Helper()
	dir := t.TempDir()
	if err := os.Rename(path, filepath.Join(dir, "dcq.db")); err != nil {
		t.Fatal(err)
	}
	return storetest.OpenDir(t, dir, opts)
}

func TestBackupWhileOthersWrite(t *testing.T) {
	t.Parallel()
	const rows = 20
	opts := store.Options{BlobThreshold: 100}
	dir := t.TempDir()
	dbs := []*store.DB{storetest.OpenDir(t, dir, opts), storetest.OpenDir(t, dir, opts)}
	values(t, dbs[0])
	for row := range rows {
		if err := putValue(t.Context(), dbs[0], row, row); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	for i, db := range dbs {
		writers.Go(func() {
			for n := i; ctx.Err() == nil; n += len(dbs) {
				if err := putValue(context.Background(), db, n%rows, n); err != nil {
					t.Errorf("put: %v", err)
				}
				if n%20 == 0 {
					if _, err := db.SweepBlobs(context.Background()); err != nil {
						t.Errorf("SweepBlobs() = %v", err)
					}
				}
			}
		})
	}
	var paths []string
	for i := range 5 {
		path := filepath.Join(t.TempDir(), "backup.db")
		if err := dbs[i%2].Backup(t.Context(), path); err != nil {
			t.Errorf("Backup() = %v", err)
			break
		}
		paths = append(paths, path)
	}
	stop()
	writers.Wait()
	for _, path := range paths {
		wantValues(t, restore(t, path, opts), rows)
	}
	for i, db := range dbs { // files go once their drop is on the disk
		if err := putValue(t.Context(), db, i, 2*i); err != nil {
			t.Fatal(err)
		}
	}
	wantBlobFiles(t, dir, dbs[0])
}

// wantBlobFiles fails the test if there is a file that no row names.
func wantBlobFiles(t testing.TB, dir string, db *store.DB) {
	t.Helper()
	named, files := 0, 0
	err := db.View(t.Context(), func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT count(*) FROM dcq_blobs`).Scan(&named)
	})
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(filepath.Join(dir, "blobs"), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files++
		}
		return err
	})
	if err != nil || files != named {
		t.Errorf("%d files of %d values, %v", files, named, err)
	}
}

func TestBackupIsOneFile(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{BlobThreshold: 100})
	values(t, db)
	for row := range 10 {
		if err := putValue(t.Context(), db, row, row); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "b.db")
	if err := db.Backup(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("the backup has %d files, %v, want 1", len(entries), err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if perm := info.Mode().Perm(); perm != 0o600 && runtime.GOOS != "windows" {
		t.Errorf("mode = %v, want 0600", perm)
	}
	if err := db.Backup(t.Context(), path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("second Backup() = %v, want %v", err, fs.ErrExist)
	}
}

// A backup holds the sessions of the moment. In the restored store they are dead, and
// what they held is given back, though nobody knew their package when it was opened.
func TestBackupForgetsSessions(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	held := newHeld()
	held.use(t, db)
	id := held.hold(t, db)
	w := db.NewWaiter()
	defer w.Close()
	err := db.Batch(t.Context(), false, func(tx *store.Tx) error {
		return w.JoinTx(tx, store.WaitSpec{Package: "held", Topics: []string{"topic"}})
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "b.db")
	if err := db.Backup(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	restored := restore(t, path, store.Options{})
	again := newHeld()
	again.use(t, restored)
	if got := <-again.ended; got != (ending{id, true}) {
		t.Errorf("ended = %+v, want session %d, crashed", got, id)
	}
	if list, err := restored.Sessions(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("Sessions() = %v, %v, want none", list, err)
	}
	if n := held.rows(t, db); n != 1 {
		t.Errorf("the source holds %d rows, want 1", n)
	}
}

func TestBackupCanceled(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{BlobThreshold: 100})
	values(t, db)
	if err := putValue(t.Context(), db, 1, 49); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	why := errors.New("why")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if err := db.Backup(ctx, filepath.Join(dir, "b.db")); !errors.Is(err, why) {
		t.Errorf("Backup() = %v, want %v", err, why)
	}
	wantEmpty(t, dir)
	var backups int
	err := db.View(t.Context(), func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT count(*) FROM dcq_backups`).Scan(&backups)
	})
	if err != nil || backups != 0 {
		t.Errorf("backups under way = %d, %v, want 0", backups, err)
	}
}

func wantEmpty(t testing.TB, dir string) {
	t.Helper()
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("%v is left behind, %v", entries, err)
	}
}

// A value whose file a stranger removed fails the backup: it would not be whole.
func TestBackupMissesBlob(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, err := store.Open(t.Context(), dir, store.Options{BlobThreshold: 100})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	values(t, db)
	if err := putValue(t.Context(), db, 1, 49); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "blobs")); err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	if err := db.Backup(t.Context(), filepath.Join(to, "b.db")); !errors.Is(err, store.ErrBlobMissing) {
		t.Errorf("Backup() = %v, want %v", err, store.ErrBlobMissing)
	}
	wantEmpty(t, to)
}

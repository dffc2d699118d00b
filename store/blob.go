package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// blobGrace is how old a file without a row must be to count as garbage: younger
// ones may belong to a transaction that has not committed yet.
const blobGrace = time.Hour

// Value is a value as a row keeps it: inline, or as a file if it is larger than
// Options.BlobThreshold. Keep both fields in columns of their own.
type Value struct {
	Inline []byte
	Blob   string // name of the file, empty if inline
	size   int
}

// Stage prepares data to be kept. A large value is written to a file and synced
// now, outside any transaction; it becomes part of the store when a transaction
// calls [Tx.Keep], and garbage if none does. It returns ErrFull or ErrIO, and
// leaves nothing then.
func (db *DB) Stage(data []byte) (Value, error) {
	if len(data) <= db.opts.BlobThreshold {
		return Value{Inline: data}, nil
	}
	return db.writeBlob(bytes.NewReader(data))
}

func (db *DB) blobPath(name string) string {
	if len(name) != 32 || strings.Trim(name, "0123456789abcdef") != "" {
		return filepath.Join(db.dir, "blobs", "invalid") // a name never leaves the directory
	}
	return filepath.Join(db.dir, "blobs", name[:2], name[2:])
}

// writeBlob copies data to a new file.
func (db *DB) writeBlob(data io.Reader) (Value, error) {
	var random [16]byte
	rand.Read(random[:])
	v := Value{Blob: hex.EncodeToString(random[:])}
	size, err := db.copyToBlob(v.Blob, data)
	if err != nil {
		return Value{}, fmt.Errorf("write a blob: %w", err)
	}
	v.size = int(size)
	return v, nil
}

// copyToBlob writes and syncs a file and its directory entry: a row that commits
// later must never refer to a file that a power cut can take.
func (db *DB) copyToBlob(name string, data io.Reader) (size int64, err error) {
	path := db.blobPath(name)
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, translateSystem(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, translateSystem(err)
	}
	size, err = io.Copy(f, data)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = errors.Join(syncDir(dir), syncDir(filepath.Dir(dir)))
	}
	if err != nil {
		_ = os.Remove(path)
	}
	return size, translateSystem(err)
}

// Discard removes the file of a staged value that no transaction kept. After
// ErrNotDurable one may have: then the file is left to [DB.SweepBlobs].
func (db *DB) Discard(v Value) {
	if v.Blob != "" && db.flusher.failed() == nil {
		_ = os.Remove(db.blobPath(v.Blob))
	}
}

// Keep makes a staged value part of the store with the transaction. It returns
// ErrBlobMissing if the value was staged so long ago that its file was swept.
func (tx *Tx) Keep(v Value) error {
	if v.Blob == "" {
		return nil
	}
	if _, err := os.Stat(tx.db.blobPath(v.Blob)); err != nil {
		return missingBlob(v.Blob, err)
	}
	_, err := tx.Exec(`INSERT INTO dcq_blobs (name, size) VALUES (?, ?)`, v.Blob, v.size)
	return err
}

// Drop removes values from the store with the transaction, and their files once the
// commit is on the disk. Empty names are ignored.
func (tx *Tx) Drop(blobs ...string) error {
	for _, name := range blobs {
		if name == "" {
			continue
		}
		if _, err := tx.Exec(`DELETE FROM dcq_blobs WHERE name = ?`, name); err != nil {
			return err
		}
		stays, err := tx.backingUp()
		if err != nil {
			return err
		}
		if stays {
			if _, err := tx.Exec(`INSERT INTO dcq_dropped (name) VALUES (?) ON CONFLICT DO NOTHING`, name); err != nil {
				return err
			}
			continue
		}
		path := tx.db.blobPath(name)
		tx.AfterCommit(func() { tx.db.unlinker.add(path) })
	}
	return nil
}

// Load returns the bytes of a value. It returns ErrBlobMissing if its file is not
// there: the row that named it was dropped meanwhile, or somebody removed the file.
func (db *DB) Load(v Value) ([]byte, error) {
	if v.Blob == "" {
		return v.Inline, nil
	}
	data, err := os.ReadFile(db.blobPath(v.Blob))
	return data, missingBlob(v.Blob, err)
}

func missingBlob(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s", ErrBlobMissing, name)
	}
	return translateSystem(err)
}

// sweepPage is how many files are looked at in one transaction.
const sweepPage = 100

// SweepBlobs removes files that no row names and that are older than an hour:
// their process died before it could commit. It returns how many.
func (db *DB) SweepBlobs(ctx context.Context) (int, error) {
	removed := 0
	var old []string
	sweep := func() error {
		n, err := db.removeUnnamed(ctx, old)
		removed, old = removed+n, old[:0]
		return err
	}
	err := db.eachBlobFile(func(name string, info fs.FileInfo) error {
		if db.clock.Now().Sub(info.ModTime()) < blobGrace {
			return nil
		}
		if old = append(old, name); len(old) < sweepPage {
			return nil
		}
		return sweep()
	})
	return removed, errors.Join(err, sweep())
}

// removeUnnamed removes those files that no row names, while the gate is held, so that
// no transaction can begin to name one, and alone in its transaction, since a drop in
// the same could still be undone.
func (db *DB) removeUnnamed(ctx context.Context, names []string) (removed int, err error) {
	if len(names) == 0 {
		return 0, nil
	}
	sweep := func(tx *Tx) error {
		if _, err := tx.removeDropped(); err != nil {
			return err
		}
		if stay, err := tx.backingUp(); stay || err != nil {
			return err
		}
		for _, name := range names {
			var kept bool
			err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM dcq_blobs WHERE name = ?)`, name).Scan(&kept)
			if err != nil {
				return err
			}
			if !kept && os.Remove(db.blobPath(name)) == nil {
				removed++
			}
		}
		return nil
	}
	err = db.committer.do(ctx, &operation{fn: sweep, solo: true})
	return removed, err
}

// eachBlobFile calls fn for every file that has the name of a blob.
func (db *DB) eachBlobFile(fn func(name string, info fs.FileInfo) error) error {
	root := filepath.Join(db.dir, "blobs")
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed while we walked
		}
		if err != nil || d.IsDir() {
			return err
		}
		name := filepath.Base(filepath.Dir(path)) + d.Name()
		info, err := d.Info()
		if len(name) != 32 || err != nil {
			return nil
		}
		return fn(name, info)
	})
}

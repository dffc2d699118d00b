package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// prepareDir makes the store's directories, private to the user.
func prepareDir(dir string) error {
	for _, d := range []string{dir, filepath.Join(dir, "sessions"), filepath.Join(dir, "blobs")} {
		if err := makeDir(d); err != nil {
			return translateSystem(err)
		}
	}
	return nil
}

// makeDir makes a directory and those above it, each to stay after a power cut: a
// durable commit is worth no more than the name of the directory it is in.
func makeDir(path string) error {
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() {
		return fmt.Errorf("%s is not a directory", path)
	}
	if err == nil {
		return nil
	}
	parent := filepath.Dir(path)
	if parent == path {
		return err
	}
	if err := makeDir(parent); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return nil
		}
		return err
	}
	if err := syncDir(parent); err != nil && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}

// openGate opens the files of the gate. The gate's own holds the id of the store, so
// that a database cannot be used with another store's directory.
func openGate(dir string) (*gate, error) {
	file, err := os.OpenFile(filepath.Join(dir, "gate"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, translateSystem(err)
	}
	turnstile, err := os.OpenFile(filepath.Join(dir, "turnstile"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		file.Close()
		return nil, translateSystem(err)
	}
	return &gate{file: file, turnstile: turnstile}, nil
}

// claimedBy returns the id of the store that the directory belongs to, empty if it
// is new. Precondition: the gate is held.
func (g *gate) claimedBy() (string, error) {
	b := make([]byte, 64)
	n, err := g.file.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", translateSystem(err)
	}
	return firstLine(b[:n]), nil
}

// firstLine returns the id at the beginning of a gate's file; zeros and the memory that processes share follow.
func firstLine(b []byte) string {
	if end := bytes.IndexAny(b, "\n\x00"); end >= 0 {
		b = b[:end]
	}
	return strings.TrimSpace(string(b))
}

// claim ties the directory to the database. Precondition: the gate is held.
func (g *gate) claim(storeID string) error {
	_, err := g.file.WriteAt([]byte(storeID+"\n"), 0)
	return translateSystem(err)
}

// checkHome refuses a new directory for a database that already has one: the
// processes of each would take those of the other for dead. A copy, such as a backup,
// may have a new one. Precondition: the gate is held.
func (db *DB) checkHome(ctx context.Context, id string) error {
	var dir, path string
	err := db.writer.queryRow(ctx, `SELECT dir, path FROM dcq_meta WHERE one = 1`, &dir, &path)
	if err != nil || dir == db.dir {
		return err
	}
	there, err := os.Stat(path)
	if err != nil {
		return nil // the database was moved, or this is a copy
	}
	here, err := os.Stat(db.path)
	if err != nil || !os.SameFile(here, there) {
		return translateSystem(err)
	}
	// Not under the lock of the other gate: its first line never changes.
	if b, err := os.ReadFile(filepath.Join(dir, "gate")); err != nil || firstLine(b) != id {
		return nil
	}
	return fmt.Errorf("%w: %s belongs to the store in the directory %s; every process must name that directory", ErrForeign, db.path, dir)
}

// settle records where the store is. Precondition: the gate is held.
func (db *DB) settle(ctx context.Context) error {
	_, err := db.writer.exec(ctx, `UPDATE dcq_meta SET dir = ?, path = ? WHERE one = 1 AND (dir <> ? OR path <> ?)`, db.dir, db.path, db.dir, db.path)
	return err
}

// placeTrust is how long a reader believes that the database is where it was: looking
// takes a sixth of the time of a short read.
const placeTrust = 100 * time.Millisecond

// checkPlaceLately is checkPlace for readers, who may have come a moment earlier.
func (db *DB) checkPlaceLately() error {
	now := int64(time.Since(db.opened))
	if now < db.placeUntil.Load() {
		return nil
	}
	if err := db.checkPlace(); err != nil {
		return err
	}
	db.placeUntil.Store(now + int64(placeTrust))
	return nil
}

// checkPlace returns ErrGone if the database file is no longer where it was when
// it was opened: what is committed to a removed file is committed for nobody. It
// only looks at names, since opening and closing the file would drop SQLite's
// locks on it.
func (db *DB) checkPlace() error {
	info, err := os.Stat(db.path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(info, db.place) {
		return fmt.Errorf("%w: %s", ErrGone, db.path)
	}
	return nil
}

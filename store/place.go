package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// prepareDir makes the store's directories, private to the user.
func prepareDir(dir string) error {
	for _, d := range []string{dir, filepath.Join(dir, "sessions"), filepath.Join(dir, "blobs")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return translateSystem(err)
		}
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
	waiting, err := os.OpenFile(filepath.Join(dir, "waiting"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		file.Close()
		return nil, translateSystem(err)
	}
	return &gate{file: file, waiting: waiting}, nil
}

// claimDir ties the directory to the database. Precondition: the gate is held.
func claimDir(f *os.File, storeID string) error {
	b := make([]byte, 64)
	n, _ := f.ReadAt(b, 0)
	switch got := strings.TrimSpace(string(b[:n])); got {
	case storeID:
		return nil
	case "":
		_, err := f.WriteAt([]byte(storeID+"\n"), 0)
		return translateSystem(err)
	default:
		return fmt.Errorf("%w: %s belongs to store %s, the database to store %s; every process must name the same directory for one database (after restoring another database here, remove the gate file)",
			ErrForeign, filepath.Dir(f.Name()), got, storeID)
	}
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

package store_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

func init() { children["open"] = openInChild }

// openInChild opens the store, says how that went, and commits.
func openInChild(c *proctest.Child) error {
	db, err := childStore(c, store.Options{})
	if err != nil {
		c.Say("%s", sentinelOf(err))
		return nil
	}
	c.Say("open, commits: %s", sentinelOf(db.Batch(context.Background(), false, func(*store.Tx) error { return nil })))
	return db.Close()
}

// sentinels are the errors that a fault may be told as, by name.
var sentinels = map[string]error{
	"foreign": store.ErrForeign, "newer": store.ErrNewer, "network": store.ErrNetworkFS,
	"closed": store.ErrClosed, "read-only": store.ErrReadOnly, "full": store.ErrFull,
	"corrupt": store.ErrCorrupt, "busy": store.ErrBusy, "gone": store.ErrGone, "io": store.ErrIO,
}

// sentinelOf returns the name of the sentinel that err is.
func sentinelOf(err error) string {
	for name, sentinel := range sentinels {
		if errors.Is(err, sentinel) {
			return name
		}
	}
	return "none"
}

// wantOpenError fails the test unless the store in dir cannot be opened, for the given
// reason, in words that help.
func wantOpenError(t *testing.T, dir string, opts store.Options, sentinel error, words string) {
	t.Helper()
	db, err := store.Open(t.Context(), dir, opts)
	if err == nil {
		_ = db.Close()
	}
	if !errors.Is(err, sentinel) || !strings.Contains(err.Error(), words) {
		t.Errorf("Open() = %v, want %v with %q", err, sentinel, words)
	}
}

// closedStore makes a store with n numbers and closes it.
func closedStore(t *testing.T, n int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	db, err := store.Open(t.Context(), dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	table(t, db)
	err = db.Update(t.Context(), func(tx *store.Tx) error {
		for i := range n {
			if err := insert(i)(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestOpenRefusesForeignDatabase(t *testing.T) {
	t.Parallel()
	for name, statement := range map[string]string{
		"tables":         `CREATE TABLE other (n INTEGER)`,
		"application id": `PRAGMA application_id = 77`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "dcq.db")
			raw(t, path, statement)
			before := digest(t, path)
			wantOpenError(t, dir, store.Options{}, store.ErrForeign, "Options.Database")
			if digest(t, path) != before {
				t.Error("Open() changed a foreign database")
			}
		})
	}
}

// raw runs statements on a database that no store has open.
func raw(t testing.TB, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
}

// digest reads a database that this process does not have open.
func digest(t *testing.T, path string) [32]byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256(data)
}

func TestOpenRefusesAnotherStoresGate(t *testing.T) {
	t.Parallel()
	one, two := closedStore(t, 1), closedStore(t, 1)
	wantOpenError(t, one, store.Options{Database: filepath.Join(two, "dcq.db")}, store.ErrForeign, "same directory")
	fresh := filepath.Join(t.TempDir(), "fresh.db")
	wantOpenError(t, one, store.Options{Database: fresh}, store.ErrForeign, "missing")
	if err := os.Remove(filepath.Join(one, "dcq.db")); err != nil {
		t.Fatal(err)
	}
	wantOpenError(t, one, store.Options{}, store.ErrForeign, "restore it")
	for _, path := range []string{fresh, filepath.Join(one, "dcq.db")} {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("Open() made %s", path)
		}
	}
}

func TestOpenRefusesNewer(t *testing.T) {
	t.Parallel()
	dir := closedStore(t, 1)
	raw(t, filepath.Join(dir, "dcq.db"), `UPDATE dcq_schema SET version = 99`)
	wantOpenError(t, dir, store.Options{}, store.ErrNewer, "upgrade the program")
}

func TestUseRefusesNewer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	script := &fstest.MapFile{Data: []byte(`SELECT 1`)}
	newer := &store.Package{Name: "p", Scripts: fstest.MapFS{"0001_a.sql": script, "0002_b.sql": script}}
	older := &store.Package{Name: "p", Scripts: fstest.MapFS{"0001_a.sql": script}}
	if err := storetest.OpenDir(t, dir, store.Options{}).Use(t.Context(), newer); err != nil {
		t.Fatal(err)
	}
	err := storetest.OpenDir(t, dir, store.Options{}).Use(t.Context(), older)
	if !errors.Is(err, store.ErrNewer) {
		t.Errorf("Use() = %v, want %v", err, store.ErrNewer)
	}
}

func TestOpenWhatIsNoDirectory(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"", path, filepath.Join(path, "below")} {
		db, err := store.Open(t.Context(), dir, store.Options{})
		if err == nil {
			_ = db.Close()
			t.Errorf("Open(%q) = nil, want an error", dir)
		}
	}
}

func TestOpenDirectoryForDatabase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "dcq.db"), 0o700); err != nil {
		t.Fatal(err)
	}
	wantOpenError(t, dir, store.Options{}, store.ErrForeign, "is a directory")
}

// A directory may have any name.
func TestOpenOddNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"with space", "a?b=c&d#e", "100%41", "naïve", "quo'te\"s", "a:b"} {
		dir := filepath.Join(t.TempDir(), "deep", name)
		db := storetest.OpenDir(t, dir, store.Options{})
		table(t, db)
		if err := db.Batch(t.Context(), true, insert(1)); err != nil {
			t.Errorf("Batch() in %q = %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "dcq.db")); err != nil {
			t.Errorf("the database in %q: %v", name, err)
		}
	}
}

// When the database is taken away while it is open, everybody is told; what was
// acknowledged stays with the files.
func TestDirectoryIsTakenAway(t *testing.T) {
	t.Parallel()
	for name, takeAway := range map[string]func(dir string) error{
		"removed": os.RemoveAll,
		"emptied": func(dir string) error { return os.Remove(filepath.Join(dir, "dcq.db")) },
		"renamed": func(dir string) error { return os.Rename(dir, dir+".moved") },
		"replaced": func(dir string) error {
			path := filepath.Join(dir, "dcq.db")
			return errors.Join(os.Rename(path, path+".moved"), os.WriteFile(path, nil, 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "store")
			db, err := store.Open(context.Background(), dir, store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			table(t, db)
			if err := db.Batch(t.Context(), true, insert(1)); err != nil {
				t.Fatal(err)
			}
			if err := takeAway(dir); err != nil {
				t.Fatal(err)
			}
			wantGone(t, db)
			if _, err := os.Stat(dir + ".moved"); err == nil {
				if err := os.Rename(dir+".moved", dir); err != nil {
					t.Fatal(err)
				}
				if got := count(t, db); got < 1 {
					t.Errorf("rows after the directory came back = %d, want what was acknowledged", got)
				}
			}
			if err := db.Close(); err != nil {
				t.Errorf("Close() = %v", err)
			}
			if info, err := os.Stat(filepath.Join(dir, "dcq.db")); err == nil && (name == "removed" || name == "emptied") {
				t.Errorf("a new database of %d bytes was made", info.Size())
			}
		})
	}
}

func wantGone(t *testing.T, db *store.DB) {
	t.Helper()
	nothing := func(*store.Tx) error { return nil }
	for call, err := range map[string]error{
		"View":   db.View(t.Context(), nothing),
		"Batch":  db.Batch(t.Context(), false, insert(2)),
		"Update": db.Update(t.Context(), insert(3)),
		"Backup": db.Backup(t.Context(), filepath.Join(t.TempDir(), "b.db")),
	} {
		if !errors.Is(err, store.ErrGone) {
			t.Errorf("%s() = %v, want %v", call, err, store.ErrGone)
		}
	}
}

func TestCorruptDatabase(t *testing.T) {
	t.Parallel()
	garbage := []byte(strings.Repeat("garbage!", 2000))
	sound, err := os.ReadFile(filepath.Join(closedStore(t, 3000), "dcq.db"))
	if err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string]func(data []byte) []byte{
		"header":    func(data []byte) []byte { copy(data, garbage[:100]); return data },
		"text":      func([]byte) []byte { return garbage },
		"truncated": func(data []byte) []byte { return data[:len(data)/2] },
		"cut short": func(data []byte) []byte { return data[:10] },
		"pages":     func(data []byte) []byte { copy(data[len(data)/2:], garbage); return data },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "dcq.db"), damage(slices.Clone(sound)), 0o600); err != nil {
				t.Fatal(err)
			}
			err := findDamage(t, dir)
			if !errors.Is(err, store.ErrCorrupt) {
				t.Errorf("the damage was told as %v, want %v", err, store.ErrCorrupt)
			}
		})
	}
}

// findDamage opens the store and looks until it meets the damage.
func findDamage(t *testing.T, dir string) error {
	db, err := store.Open(t.Context(), dir, store.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	problems, err := db.Check(t.Context())
	if err == nil && len(problems) == 0 {
		t.Error("Check() found nothing")
	}
	return db.View(t.Context(), func(tx *store.Tx) error {
		return tx.Query(`SELECT n FROM numbers`, nil, func(store.Scan) error { return nil })
	})
}

// Many processes that open a new store at once all find the same.
func TestOpenNewStoreAtOnce(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "deep", "store")
	var list []*proctest.Process
	for range 8 {
		list = append(list, proctest.Start(t, "open", dir))
	}
	for _, p := range list {
		p.Expect("open, commits: none")
	}
	db := storetest.OpenDir(t, dir, store.Options{})
	stores := 0
	err := db.View(t.Context(), func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT count(DISTINCT store_id) FROM dcq_meta`).Scan(&stores)
	})
	if err != nil || stores != 1 {
		t.Errorf("stores = %d, %v, want 1", stores, err)
	}
}

package diskcache_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/dcq-go/dcq/internal/diskcache"
)

// schema is what DiskCache 5.6 makes, without the triggers and the indexes that only it
// needs.
const schema = `
	CREATE TABLE Settings (key TEXT NOT NULL UNIQUE, value);
	CREATE TABLE Cache (
		rowid INTEGER PRIMARY KEY, key BLOB, raw INTEGER, store_time REAL, expire_time REAL, access_time REAL,
		access_count INTEGER DEFAULT 0, tag BLOB, size INTEGER DEFAULT 0, mode INTEGER DEFAULT 0, filename TEXT, value BLOB);
	CREATE UNIQUE INDEX Cache_key_raw ON Cache (key, raw);
	INSERT INTO Settings VALUES ('size_limit', 1073741824), ('disk_min_file_size', 32768);`

// entry is a row to write; a nil raw or mode stands for 1.
type entry struct {
	key, raw         any
	expires, tag     any
	size, mode, file any
	value            any
}

// write makes a directory with a policy and rows.
func write(t testing.TB, policy string, rows ...entry) string {
	t.Helper()
	dir := t.TempDir()
	exec(t, dir, schema)
	exec(t, dir, `INSERT INTO Settings VALUES ('eviction_policy', ?)`, policy)
	for _, e := range rows {
		add(t, dir, e)
	}
	return dir
}

func add(t testing.TB, dir string, e entry) {
	t.Helper()
	or := func(v, standard any) any {
		if v == nil {
			return standard
		}
		return v
	}
	exec(t, dir, `
		INSERT INTO Cache (key, raw, store_time, expire_time, access_time, tag, size, mode, filename, value)
		VALUES (?, ?, 1.5, ?, 1.5, ?, ?, ?, ?, ?)`,
		e.key, or(e.raw, 1), e.expires, e.tag, or(e.size, 0), or(e.mode, 1), e.file, e.value)
}

func exec(t testing.TB, dir, query string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "cache.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(query, args...); err != nil {
		t.Fatal(err)
	}
}

// file puts a file into a directory, and returns its size.
func file(t testing.TB, dir, name, content string) int {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return len(content)
}

func open(t testing.TB, dir string, opts diskcache.Options) *diskcache.Reader {
	t.Helper()
	r, err := diskcache.Open(context.Background(), dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	})
	return r
}

func items(t testing.TB, r *diskcache.Reader, byKey bool) (list []diskcache.Item) {
	t.Helper()
	for item, err := range r.Items(context.Background(), byKey) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, item)
	}
	return list
}

func deflate(s string) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.Bytes()
}

func read(t testing.TB, dir string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "cache.db"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// logWriter is a process that uses a directory, and leaves what it writes in the log.
func logWriter(t *testing.T, dir string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "cache.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`PRAGMA journal_mode = wal`); err != nil {
		t.Fatal(err)
	}
	return db
}

// set sets a key to new.
func set(t *testing.T, writer *sql.DB, key string) {
	t.Helper()
	if _, err := writer.Exec(`INSERT INTO Cache (key, raw, mode, value) VALUES (?, 1, 1, 'new')`, key); err != nil {
		t.Fatal(err)
	}
}

// abandoned is a directory whose writer died with an item in the log.
func abandoned(t *testing.T) string {
	t.Helper()
	dir, left := write(t, "none"), t.TempDir()
	set(t, logWriter(t, dir), "a")
	for _, name := range []string{"cache.db", "cache.db-wal"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		file(t, left, name, string(b))
	}
	return left
}

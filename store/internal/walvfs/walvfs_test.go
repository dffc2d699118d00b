package walvfs

import (
	"bytes"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"modernc.org/libc"
	_ "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/dcq-go/dcq/internal/proctest"
)

var seed = proctest.NewSeed()

// connect opens a connection with the VFS, or without it.
func connect(t *testing.T, path string, ours bool, cache int) *sql.DB {
	t.Helper()
	if err := Register(); err != nil {
		t.Fatal(err)
	}
	name := "file:" + filepath.ToSlash(path)
	if ours {
		name += "?vfs=" + Name + "&" + LazyMark + "=1"
	}
	db, err := sql.Open("sqlite", name)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	run(t, db, fmt.Sprintf(`PRAGMA page_size = 512; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
		PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = %d`, cache))
	run(t, db, `CREATE TABLE IF NOT EXISTS t (k INTEGER PRIMARY KEY, v BLOB)`)
	return db
}

func run(t *testing.T, db *sql.DB, query string, args ...any) {
	t.Helper()
	if _, err := db.Exec(query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// rows returns what the table has.
func rows(t *testing.T, db *sql.DB) map[int]string {
	t.Helper()
	r, err := db.Query(`SELECT k, v FROM t`)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	found := make(map[int]string)
	for r.Next() {
		var k int
		var v []byte
		if err := r.Scan(&k, &v); err != nil {
			t.Fatal(err)
		}
		found[k] = string(v)
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}

// afterPowerCut returns what a database holds of which there are only the files.
func afterPowerCut(t *testing.T, path string) map[int]string {
	t.Helper()
	other := filepath.Join(t.TempDir(), "copy.db")
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(other+suffix, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	db := connect(t, other, false, 100)
	var verdict string
	if err := db.QueryRow(`PRAGMA integrity_check`).Scan(&verdict); err != nil || verdict != "ok" {
		t.Fatalf("integrity: %s, %v", verdict, err)
	}
	found := rows(t, db)
	db.Close()
	return found
}

// TestTransactions has two connections change a table in turns, one of them with the VFS,
// in transactions of all sizes with savepoints, some rolled back, with so small a cache
// that pages go to the WAL before the commit and are written over there. After each, the
// files alone must have what was committed, and nothing else.
func TestTransactions(t *testing.T) {
	rng := seed.Rand(t)
	path := filepath.Join(t.TempDir(), "x.db")
	ours, theirs := connect(t, path, true, 5), connect(t, path, false, 5)
	model := make(map[int]string)
	for round := range proctest.Rounds(t, 200) {
		db := ours
		if rng.IntN(3) == 0 {
			db = theirs
		}
		model = transact(t, rng, db, model)
		if rng.IntN(8) == 0 {
			run(t, db, `PRAGMA wal_checkpoint(`+[]string{"PASSIVE", "RESTART", "TRUNCATE"}[rng.IntN(3)]+`)`)
		}
		for name, found := range map[string]map[int]string{
			"files": afterPowerCut(t, path), "ours": rows(t, ours), "theirs": rows(t, theirs),
		} {
			if len(found) != len(model) {
				t.Fatalf("round %d, %s: %d rows, want %d", round, name, len(found), len(model))
			}
			for k, v := range model {
				if found[k] != v {
					t.Fatalf("round %d, %s: row %d is wrong", round, name, k)
				}
			}
		}
	}
}

// transact changes rows in a transaction, and returns what the table has to hold then.
func transact(t *testing.T, rng *rand.Rand, db *sql.DB, model map[int]string) map[int]string {
	t.Helper()
	before, saved := clone(model), clone(model)
	model = clone(model)
	run(t, db, `BEGIN IMMEDIATE`)
	run(t, db, `SAVEPOINT s`)
	for range 1 + rng.IntN(1<<rng.IntN(8)) {
		switch k := rng.IntN(200); rng.IntN(12) {
		case 0:
			run(t, db, `RELEASE s; SAVEPOINT s`)
			saved = clone(model)
		case 1:
			run(t, db, `ROLLBACK TO s`)
			model = clone(saved)
		case 2, 3:
			run(t, db, `DELETE FROM t WHERE k = ?`, k)
			delete(model, k)
		default:
			v := bytes.Repeat([]byte{byte(rng.Uint32())}, rng.IntN(2000))
			run(t, db, `INSERT OR REPLACE INTO t VALUES (?, ?)`, k, v)
			model[k] = string(v)
		}
	}
	if rng.IntN(4) == 0 {
		run(t, db, `ROLLBACK`)
		return before
	}
	run(t, db, `COMMIT`)
	return model
}

func clone(m map[int]string) map[int]string {
	c := make(map[int]string, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}

// recorded are the writes that reached the base of the WAL under test, and fails what they
// return.
var (
	recorded []string
	fails    int32
)

func record(_ *libc.TLS, _, from uintptr, n int32, offset int64) int32 {
	recorded = append(recorded, fmt.Sprintf("%d+%d", offset, n))
	return fails
}

// newLog returns a log whose writes are recorded.
func newLog(t *testing.T) (*log, *libc.TLS) {
	t.Helper()
	if err := Register(); err != nil {
		t.Fatal(err)
	}
	recorded, fails = nil, sqlite3.SQLITE_OK
	tls := libc.NewTLS()
	methods := allocate[sqlite3.Tsqlite3_io_methods](tls)
	at[sqlite3.Tsqlite3_io_methods](methods).FxWrite = code(writeFunc(record))
	handle := libc.Xcalloc(tls, 1, libc.Tsize_t(fileSize()+1<<10))
	f := of(handle)
	f.below, f.log.handle = methods, handle
	t.Cleanup(func() {
		f.log.free(tls)
		libc.Xfree(tls, handle)
		libc.Xfree(tls, methods)
		tls.Close()
	})
	return &f.log, tls
}

func header(last bool) []byte {
	h := make([]byte, frameHeader)
	if last {
		h[7] = 1
	}
	return h
}

func TestWrites(t *testing.T) {
	page := make([]byte, 512)
	const frame = frameHeader + 512
	type step struct {
		p      []byte
		offset int64
	}
	add := func(to []step, offset int64, lasts ...bool) []step {
		for _, last := range lasts {
			to = append(to, step{header(last), offset}, step{page, offset + frameHeader})
			offset += frame
		}
		return to
	}
	many := append(slices.Repeat([]bool{false}, 199), true)
	tests := map[string]struct {
		steps []step
		want  []string
	}{
		"a commit of one page":  {add(nil, 32, true), []string{"32+536"}},
		"a commit of three":     {add(nil, 32, false, false, true), []string{"32+1608"}},
		"two commits":           {add(add(nil, 32, true), 568, false, true), []string{"32+536", "568+1072"}},
		"the first of the file": {add([]step{{make([]byte, 32), 0}}, 32, true), []string{"0+568"}},
		"more than the buffer":  {add(nil, 32, many...), []string{"32+65416", "65448+41784"}},
		"not complete":          {add(nil, 32, false, false), nil},
		"a page written over": {
			append(add(nil, 32, false, false), add([]step{{page, 32 + frameHeader}}, 1104, true)...),
			[]string{"32+1072", "56+512", "1104+536"},
		},
		"a checksum written over": {
			append(add(nil, 32, false, true), step{header(false), 32}, step{header(true), 568}),
			[]string{"32+1072", "32+24", "568+24"},
		},
		"over the end of what was undone": {
			append(append(add(nil, 32, false), step{header(false), 568}), add(nil, 32, false, true)...),
			[]string{"32+560", "32+24", "56+512", "568+24", "592+512"},
		},
		"a page too large to keep": {
			[]step{{header(true), 32}, {make([]byte, bufferSize+1), 56}},
			[]string{"32+24", "56+65537"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			l, tls := newLog(t)
			for _, s := range test.steps {
				if rc := l.write(tls, s.p, s.offset); rc != sqlite3.SQLITE_OK {
					t.Fatalf("write of %d at %d: code %d", len(s.p), s.offset, rc)
				}
			}
			if !slices.Equal(recorded, test.want) {
				t.Errorf("writes %v, want %v", recorded, test.want)
			}
		})
	}
}

// TestForgotten shows that what was rolled back reaches the file never, and that the next
// transaction begins anew.
func TestForgotten(t *testing.T) {
	l, tls := newLog(t)
	l.write(tls, header(false), 4096)
	l.write(tls, make([]byte, 512), 4096+frameHeader)
	l.forget()
	l.write(tls, header(true), 32)
	l.write(tls, make([]byte, 512), 32+frameHeader)
	if want := []string{"32+536"}; !slices.Equal(recorded, want) {
		t.Errorf("writes %v, want %v", recorded, want)
	}
}

// TestFailure shows that the write which completes a commit returns the error, and that
// nothing of it is written later.
func TestFailure(t *testing.T) {
	l, tls := newLog(t)
	fails = sqlite3.SQLITE_FULL
	if rc := l.write(tls, header(true), 32); rc != sqlite3.SQLITE_OK {
		t.Fatalf("the header: code %d", rc)
	}
	if rc := l.write(tls, make([]byte, 512), 32+frameHeader); rc != sqlite3.SQLITE_FULL {
		t.Errorf("the page: code %d, want %d", rc, sqlite3.SQLITE_FULL)
	}
	if rc := l.flush(tls); rc != sqlite3.SQLITE_OK || len(recorded) != 1 {
		t.Errorf("after that: code %d, writes %v", rc, recorded)
	}
}

// TestRollbackLeavesNothing shows that SQLite's rollback is seen: pages that did not fit
// the cache are not written over what another connection commits at their place.
func TestRollbackLeavesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	ours, theirs := connect(t, path, true, 2), connect(t, path, false, 100)
	reader := connect(t, path, false, 100)
	run(t, reader, `BEGIN`) // so that the WAL goes on
	rows(t, reader)
	run(t, theirs, `PRAGMA wal_checkpoint`) // so that the rollback does not read it, and so writes
	run(t, ours, `BEGIN IMMEDIATE`)
	run(t, ours, `INSERT INTO t VALUES (3, zeroblob(20000))`)
	run(t, ours, `ROLLBACK`)
	run(t, theirs, `INSERT INTO t VALUES (1, 'theirs')`)
	run(t, ours, `INSERT INTO t VALUES (2, 'ours')`)
	want := map[int]string{1: "theirs", 2: "ours"}
	if found := afterPowerCut(t, path); len(found) != 2 || found[1] != want[1] || found[2] != want[2] {
		t.Errorf("the files have %v, want %v", found, want)
	}
}

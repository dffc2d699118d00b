package walvfs

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	sqlite3 "modernc.org/sqlite/lib"
)

// begin does what SQLite does of locks at the beginning of a transaction after a commit,
// with others at the first marks. It reports whether a mark was moved, and was held.
func begin(m *marker, others int32) (moved, held bool) {
	for mark := int32(firstMark); mark <= lastMark && !moved; mark++ {
		if m.refuses(mark, 1, lockExclusively) || mark < firstMark+others {
			continue
		}
		moved = true
		m.changed(mark, 1, lockExclusively)
		m.changed(mark, 1, unlockExclusively)
	}
	m.changed(firstMark, 1, lockShared)
	return moved, m.held != 0
}

func TestMarkMovesNowAndThen(t *testing.T) {
	for _, others := range []int32{0, 2} {
		m, count := marker{lazy: true}, 0
		for i := range 5 * markEvery {
			moved, held := begin(&m, others)
			if moved {
				count++
			}
			if held || moved != (i%markEvery == 0) {
				t.Errorf("%d others, transaction %d: moved %v, holds %v", others, i, moved, held)
			}
		}
		if count != 5 {
			t.Errorf("%d others: %d moves, want 5", others, count)
		}
	}
}

func TestMarkIsNotRefused(t *testing.T) {
	lazy := func(prepare func(*marker)) *marker {
		m := &marker{lazy: true}
		begin(m, 0) // the next one is refused
		prepare(m)
		return m
	}
	const release = sqlite3.SQLITE_SHM_UNLOCK | sqlite3.SQLITE_SHM_SHARED
	tests := map[string]struct {
		m                *marker
		offset, n, flags int32
		want             bool
	}{
		"a transaction begins":      {lazy(func(*marker) {}), firstMark, 1, lockExclusively, true},
		"another asks":              {new(marker), firstMark, 1, lockExclusively, false},
		"to read":                   {lazy(func(*marker) {}), firstMark, 1, lockShared, false},
		"to end":                    {lazy(func(*marker) {}), firstMark, 1, release, false},
		"to start the WAL anew":     {lazy(func(*marker) {}), firstMark, 4, lockExclusively, false},
		"the mark of an empty WAL":  {lazy(func(m *marker) { m.refuses(firstMark, 1, lockExclusively) }), firstMark - 1, 1, lockExclusively, false},
		"to write":                  {lazy(func(*marker) {}), writeLock, 1, lockExclusively, false},
		"a checkpoint is under way": {lazy(func(m *marker) { m.changed(1, 1, lockExclusively) }), firstMark, 1, lockExclusively, false},
		"a recovery is under way":   {lazy(func(m *marker) { m.changed(1, 2, lockExclusively) }), lastMark, 1, lockExclusively, false},
		"a checkpoint is over":      {lazy(func(m *marker) { m.changed(1, 1, lockExclusively); m.changed(1, 1, unlockExclusively) }), firstMark, 1, lockExclusively, true},
		"there was no mark to read at": {lazy(func(m *marker) {
			for mark := int32(firstMark); mark <= lastMark; mark++ {
				m.refuses(mark, 1, lockExclusively)
			}
		}), firstMark, 1, lockExclusively, false},
	}
	for name, test := range tests {
		if got := test.m.refuses(test.offset, test.n, test.flags); got != test.want {
			t.Errorf("%s: refused: %v, want %v", name, got, test.want)
		}
	}
}

// TestCheckpointAfterEach shows that what a lazy connection wrote is copied back as a
// whole once it is done, and that it then starts the WAL anew.
func TestCheckpointAfterEach(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	ours, theirs := connect(t, path, true, 100), connect(t, path, false, 100)
	for i := range 5 * markEvery {
		run(t, ours, `INSERT INTO t VALUES (?, zeroblob(100))`, i)
		var busy, length, copied int
		if err := theirs.QueryRow(`PRAGMA wal_checkpoint(PASSIVE)`).Scan(&busy, &length, &copied); err != nil {
			t.Fatal(err)
		}
		if busy != 0 || copied != length || length > 20 {
			t.Fatalf("after %d commits: busy %d, %d of %d pages copied", i+1, busy, copied, length)
		}
	}
	if n := len(rows(t, theirs)); n != 5*markEvery {
		t.Errorf("%d rows", n)
	}
}

// TestLazyMark looks into the index of the WAL, where the first mark is: that of a lazy
// connection lags behind the end.
func TestLazyMark(t *testing.T) {
	const hdrFrames, marks = 16, 100 // see https://sqlite.org/walformat.html#the_wal_index_header
	for name, lazy := range map[string]bool{"lazy": true, "not lazy": false} {
		path := filepath.Join(t.TempDir(), "x.db")
		db := connect(t, path, lazy, 100)
		run(t, db, `PRAGMA wal_checkpoint(TRUNCATE)`)
		for i := range markEvery / 2 {
			run(t, db, `INSERT INTO t VALUES (?, zeroblob(100))`, i) // a page each
		}
		index, err := os.ReadFile(path + "-shm")
		if err != nil {
			t.Fatal(err)
		}
		end := binary.NativeEndian.Uint32(index[hdrFrames:])
		mark := binary.NativeEndian.Uint32(index[marks+4:])
		if lags := end-mark > 1; lags != lazy {
			t.Errorf("%s: the mark is %d, the end %d", name, mark, end)
		}
	}
}

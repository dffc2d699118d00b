package store

import (
	"context"
	"os"
	"time"
)

// SetLogLimits makes this DB copy the log back at other lengths, in pages, so that a
// test need not write much. It must be called before the DB commits.
func (db *DB) SetLogLimits(soft, hard int) {
	db.checkpointer.soft, db.checkpointer.hard = soft, hard
}

// DoubtPlace makes the next reader look whether the database is where it was.
func (db *DB) DoubtPlace() { db.placeUntil.Store(0) }

// GrowLog makes the file of the log longer, and returns its length. No commit of this DB
// must be under way that the checkpointer looks after.
func (db *DB) GrowLog(ctx context.Context) (int64, error) {
	if err := db.checkpointer.connect(); err != nil {
		return 0, err
	}
	if err := db.checkpointer.grow(ctx); err != nil {
		return 0, err
	}
	info, err := os.Stat(db.path + "-wal")
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Queued is how many operations wait for the next commit.
func (db *DB) Queued() int {
	db.committer.mu.Lock()
	defer db.committer.mu.Unlock()
	return len(db.committer.queue)
}

// TearNote leaves the slot of a ticket's note as one does who dies while writing it.
func (db *DB) TearNote(ticket int64) { db.memory.slot(ticket)[0]++ }

// StretchNote makes a note longer than it can be, as damage to the file may.
func (db *DB) StretchNote(ticket int64) { db.memory.slot(ticket)[2] = MaxNote + 1 }

// CounterOf names the counter of a database in a boot of the host.
func CounterOf(boot string, database os.FileInfo) uint64 { return counterOf(boot, database) }

// SetSync lets fn sync the log in the place of fdatasync. No commit must be under way.
func (db *DB) SetSync(fn func(*os.File) error) { db.flusher.sync = fn }

// SyncFile is what syncs the log otherwise.
func SyncFile(f *os.File) error { return syncFile(f) }

// ListenAfter sets how long a session of this DB that waits for nothing does not listen.
func (db *DB) ListenAfter(d time.Duration) { db.wakeups.calm = d }

// Listens reports whether this DB listens for pulses.
func (db *DB) Listens() bool {
	db.wakeups.mu.Lock()
	defer db.wakeups.mu.Unlock()
	return db.wakeups.cancel != nil
}

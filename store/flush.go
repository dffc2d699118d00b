package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// flusher makes commits durable. SQLite commits without waiting for the disk
// (synchronous = NORMAL), and the log is synced when the gate is free again: the next
// commit, of this process or another, goes on meanwhile, and one sync does for all commits
// before it. The log has the commits in their order, so that what a durable commit is built
// on is on the disk with it. Databases know this as early lock release.
//
//	commit 1:  gate ─ COMMIT ─┬─ sync ──────────┬─ return
//	commit 2:                 gate ─ COMMIT ─ wait ─┬─ sync ───── return
//	commit 3:                           gate ─ COMMIT ─ wait ──── return
//
// The file of the log has none of SQLite's locks, so it may be opened and closed. It stays
// the same for as long as a connection is open.
type flusher struct {
	path  string
	inode uint64
	file  *os.File
	sync  func(*os.File) error // syncFile, but for tests

	mu      sync.Mutex // protects the fields below
	changed sync.Cond  // signaled when a sync has ended
	commits int64      // of this DB, so far
	flushed int64      // how many of them are on the disk
	syncing bool
	err     error // why nothing can be made durable any more
}

// openFlusher opens the log, and syncs it if the store has just been founded: a power cut
// must not leave a directory that belongs to a store which is not there.
func (db *DB) openFlusher(ctx context.Context, founded bool) error {
	var tables int // SQLite makes the file of the log when it first reads
	if err := db.writer.queryRow(ctx, `SELECT count(*) FROM sqlite_schema`, &tables); err != nil {
		return err
	}
	path, err := filepath.EvalSymlinks(db.path) // SQLite puts the log beside the file itself
	if err != nil {
		return translateSystem(err)
	}
	f := &flusher{path: path + "-wal", sync: syncFile}
	f.changed.L = &f.mu
	if f.file, err = os.OpenFile(f.path, os.O_WRONLY, 0); err != nil {
		return translateSystem(err)
	}
	db.flusher = f
	if f.inode, err = inodeOf(f.path); err != nil {
		return translateSystem(err)
	}
	if !founded {
		return nil
	}
	return f.flush(f.committed())
}

// committed counts a commit, and returns its number.
func (f *flusher) committed() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.commits++
	return f.commits
}

// latest returns the number of the last commit.
func (f *flusher) latest() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.commits
}

// failed returns ErrNotDurable if a sync has failed: what the kernel then did with what was
// not on the disk is not known, and a later sync that succeeds does not mean that it is.
func (f *flusher) failed() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// flush returns when a commit, and all before it, are on the disk, or with ErrNotDurable.
func (f *flusher) flush(commit int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.flushed < commit {
		if f.err != nil {
			return f.err
		}
		if f.syncing {
			f.changed.Wait()
			continue
		}
		f.round()
	}
	return nil
}

// round syncs what is committed by now. Precondition: mu is held, as it is after, and
// nobody else syncs.
func (f *flusher) round() {
	f.syncing = true
	commits := f.commits
	f.mu.Unlock()
	err := f.syncLog()
	f.mu.Lock()
	f.syncing = false
	if err == nil {
		f.flushed = commits
	} else {
		f.err = fmt.Errorf("%w: %w", ErrNotDurable, err)
	}
	f.changed.Broadcast()
}

// syncLog syncs the log, if it is still the one that SQLite writes to.
func (f *flusher) syncLog() error {
	if err := f.sync(f.file); err != nil {
		return translateSystem(err)
	}
	inode, err := inodeOf(f.path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && inode != f.inode {
		return fmt.Errorf("%w: %s", ErrGone, f.path)
	}
	return translateSystem(err)
}

func (f *flusher) close() error {
	if f == nil {
		return nil
	}
	return f.file.Close()
}

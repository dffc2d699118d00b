package walvfs

import sqlite3 "modernc.org/sqlite/lib"

// LazyMark is the parameter of a data source name ("lazy_mark=1") that spares a connection
// two system calls a transaction.
const LazyMark = "lazy_mark"

// markEvery is how many transactions a mark serves.
const markEvery = 16

// The locks of a WAL's index, see https://sqlite.org/walformat.html#wal_locks. The first
// and the last mark are those that a reader may move.
const (
	writeLock = 0
	firstMark = 4
	lastMark  = 7
)

// What is asked of a lock.
const (
	lockExclusively   = sqlite3.SQLITE_SHM_LOCK | sqlite3.SQLITE_SHM_EXCLUSIVE
	unlockExclusively = sqlite3.SQLITE_SHM_UNLOCK | sqlite3.SQLITE_SHM_EXCLUSIVE
	lockShared        = sqlite3.SQLITE_SHM_LOCK | sqlite3.SQLITE_SHM_SHARED
)

// marker leaves the mark of a connection where it is for some transactions.
//
// A transaction reads the WAL up to where it ended when the transaction began, and holds a
// lock on a mark, past which no checkpoint copies meanwhile. If something was committed
// since, SQLite moves the mark to the end first, under an exclusive lock; after every
// commit, for a connection that writes. It can do without: while others read at all of the
// marks, it takes the greatest that is not past the end. A checkpoint then copies
// somewhat less. So this says that others do, but to each sixteenth transaction.
type marker struct {
	lazy     bool
	held     uint8 // locks that the connection holds exclusively, a bit each
	begun    uint8 // transactions so far
	refusing bool  // the transaction that is about to begin must not move it
}

// refuses reports that a lock is to be taken for another's: the one under which a
// transaction that begins would move a mark. Checkpoints and recoveries move marks, too,
// but hold another lock exclusively. Who comes again, having been refused, found no mark.
func (m *marker) refuses(offset, n, flags int32) bool {
	if !m.lazy || m.held != 0 || flags != lockExclusively || n != 1 || offset < firstMark || offset > lastMark {
		return false
	}
	if offset == firstMark {
		m.refusing = !m.refusing && m.begun%markEvery != 0
	}
	return m.refusing
}

// changed notes what was locked or unlocked.
func (m *marker) changed(offset, n, flags int32) {
	bits := uint8((1<<n - 1) << offset)
	switch flags {
	case lockExclusively:
		m.held |= bits
	case unlockExclusively:
		m.held &^= bits
	case lockShared:
		m.begun++
		m.refusing = false
	}
}

package walvfs

import (
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	bufferSize = 64 << 10

	// frameHeader is the size of what stands before each page in the WAL, see
	// https://sqlite.org/fileformat2.html#the_write_ahead_log.
	frameHeader = 24
)

// log keeps what is added to a WAL until the commit is complete. It lies in memory that
// is not Go's, so it has no pointers of Go's.
type log struct {
	handle   uintptr // the WAL
	database uintptr

	buffer uintptr // bufferSize bytes, or 0
	start  int64   // where the buffer goes in the file
	n      int64   // bytes in the buffer
	end    int64   // of what this transaction wrote
	last   bool    // the last write was the header of a commit's last page
}

// write adds p at offset. What is before the end of what the transaction wrote is not
// added but written over (a page a second time, a checksum, what a savepoint undid), and
// goes to the file at once.
func (l *log) write(tls *libc.TLS, p []byte, offset int64) int32 {
	completes := l.last
	l.last = endsCommit(p)
	n := int64(len(p))
	if offset < l.end || n > bufferSize || !l.allocate(tls) {
		l.end = max(l.end, offset+n)
		if rc := l.flush(tls); rc != sqlite3.SQLITE_OK {
			return rc
		}
		return l.put(tls, addressOf(p), n, offset)
	}
	if offset != l.start+l.n || l.n+n > bufferSize {
		if rc := l.flush(tls); rc != sqlite3.SQLITE_OK {
			return rc
		}
		l.start = offset
	}
	copy(unsafe.Slice(at[byte](l.buffer+uintptr(l.n)), n), p)
	l.n += n
	l.end = offset + n
	if completes {
		return l.flush(tls)
	}
	return sqlite3.SQLITE_OK
}

// endsCommit reports whether p is the header of the last page of a commit: it has the size
// of the database there, others have 0.
func endsCommit(p []byte) bool {
	return len(p) == frameHeader && p[4]|p[5]|p[6]|p[7] != 0
}

// flush writes what is kept. After a failure it is gone: SQLite then rolls back.
func (l *log) flush(tls *libc.TLS) int32 {
	if l.n == 0 {
		return sqlite3.SQLITE_OK
	}
	n := l.n
	l.n = 0
	return l.put(tls, l.buffer, n, l.start)
}

func (l *log) put(tls *libc.TLS, from uintptr, n, offset int64) int32 {
	return function[writeFunc](of(l.handle).real().FxWrite)(tls, l.handle, from, int32(n), offset)
}

// forget drops what a transaction that has ended left.
func (l *log) forget() { l.start, l.n, l.end, l.last = 0, 0, 0, false }

// allocate makes the buffer. Without memory for it nothing is kept.
func (l *log) allocate(tls *libc.TLS) bool {
	if l.buffer == 0 {
		l.buffer = allocate[[bufferSize]byte](tls)
	}
	return l.buffer != 0
}

func (l *log) free(tls *libc.TLS) {
	libc.Xfree(tls, l.buffer)
	l.buffer = 0
}

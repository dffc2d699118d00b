package walvfs

import (
	"errors"
	"fmt"
	"sync"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// Name is under which a connection asks for the VFS ("vfs" in a data source name), once
// it is registered.
const Name = "dcq-wal"

var (
	base     *sqlite3.Tsqlite3_vfs // the VFS that does the work
	lazyMark uintptr               // LazyMark in C
)

// Register makes the VFS known to SQLite. It does so once in a process.
var Register = sync.OnceValue(register)

func register() error {
	tls := libc.NewTLS()
	defer tls.Close()
	found := sqlite3.Xsqlite3_vfs_find(tls, 0)
	if found == 0 {
		return errors.New("walvfs: SQLite has no default VFS")
	}
	base = at[sqlite3.Tsqlite3_vfs](found)
	name, err := libc.CString(Name)
	if err != nil {
		return fmt.Errorf("walvfs: %w", err)
	}
	if lazyMark, err = libc.CString(LazyMark); err != nil {
		return fmt.Errorf("walvfs: %w", err)
	}
	own := allocate[sqlite3.Tsqlite3_vfs](tls) // both are kept until the process ends
	if own == 0 {
		return errors.New("walvfs: no memory")
	}
	v := at[sqlite3.Tsqlite3_vfs](own)
	*v = *base
	v.FpNext, v.FzName = 0, name
	v.FszOsFile = int32(fileSize() + unsafe.Sizeof(file{}))
	v.FxOpen = code(openFunc(open))
	if rc := sqlite3.Xsqlite3_vfs_register(tls, own, 0); rc != sqlite3.SQLITE_OK {
		return fmt.Errorf("walvfs: register: code %d", rc)
	}
	return nil
}

// file is what a file has of ours. It lies behind what the base has of it, in memory that
// SQLite gave.
type file struct {
	methods sqlite3.Tsqlite3_io_methods // the base's, but for ours
	below   uintptr                     // those of the base
	wal     uintptr                     // of a database: its WAL, or 0
	marker  marker                      // of a database
	log     log                         // of a WAL
}

// fileSize is the size of what the base has of a file.
func fileSize() uintptr {
	const align = unsafe.Alignof(file{})
	return (uintptr(base.FszOsFile) + align - 1) &^ (align - 1)
}

func of(handle uintptr) *file { return at[file](handle + fileSize()) }

// real returns the methods of the base.
func (f *file) real() *sqlite3.Tsqlite3_io_methods {
	return at[sqlite3.Tsqlite3_io_methods](f.below)
}

// open opens a file with the base, and puts itself before its methods if it is a WAL, or a
// database, whose locks tell when a transaction has ended.
func open(tls *libc.TLS, _, name, handle uintptr, flags int32, outFlags uintptr) int32 {
	rc := function[openFunc](base.FxOpen)(tls, address(base), name, handle, flags, outFlags)
	methods := &at[sqlite3.Tsqlite3_file](handle).FpMethods
	if rc != sqlite3.SQLITE_OK || *methods == 0 {
		return rc
	}
	f := of(handle)
	switch {
	case flags&sqlite3.SQLITE_OPEN_MAIN_DB != 0:
		*f = file{methods: *at[sqlite3.Tsqlite3_io_methods](*methods), below: *methods}
		f.marker.lazy = sqlite3.Xsqlite3_uri_boolean(tls, name, lazyMark, 0) != 0
		f.methods.FxShmLock = code(lockFunc(lock))
	case flags&sqlite3.SQLITE_OPEN_WAL != 0:
		*f = file{methods: *at[sqlite3.Tsqlite3_io_methods](*methods), below: *methods}
		f.log.handle = handle
		f.log.database = sqlite3.Xsqlite3_database_file_object(tls, name)
		of(f.log.database).wal = handle
		f.methods.FxWrite = code(writeFunc(write))
		f.methods.FxRead = code(readFunc(read))
		f.methods.FxTruncate = code(truncateFunc(truncate))
		f.methods.FxSync = code(syncFunc(syncWAL))
		f.methods.FxFileSize = code(sizeFunc(size))
		f.methods.FxClose = code(closeFunc(closeWAL))
	default:
		return rc
	}
	*methods = address(&f.methods)
	return rc
}

// lock is xShmLock of a database. Who lets go of the right to write has ended a
// transaction.
func lock(tls *libc.TLS, handle uintptr, offset, n, flags int32) int32 {
	f := of(handle)
	if f.marker.refuses(offset, n, flags) {
		return sqlite3.SQLITE_BUSY
	}
	if offset == writeLock && flags == unlockExclusively && f.wal != 0 {
		of(f.wal).log.forget()
	}
	rc := function[lockFunc](f.real().FxShmLock)(tls, handle, offset, n, flags)
	if rc == sqlite3.SQLITE_OK {
		f.marker.changed(offset, n, flags)
	}
	return rc
}

func write(tls *libc.TLS, handle, from uintptr, n int32, offset int64) int32 {
	return of(handle).log.write(tls, unsafe.Slice(at[byte](from), n), offset)
}

func read(tls *libc.TLS, handle, to uintptr, n int32, offset int64) int32 {
	f := of(handle)
	if rc := f.log.flush(tls); rc != sqlite3.SQLITE_OK {
		return rc
	}
	return function[readFunc](f.real().FxRead)(tls, handle, to, n, offset)
}

func truncate(tls *libc.TLS, handle uintptr, length int64) int32 {
	f := of(handle)
	if rc := f.log.flush(tls); rc != sqlite3.SQLITE_OK {
		return rc
	}
	return function[truncateFunc](f.real().FxTruncate)(tls, handle, length)
}

func syncWAL(tls *libc.TLS, handle uintptr, flags int32) int32 {
	f := of(handle)
	if rc := f.log.flush(tls); rc != sqlite3.SQLITE_OK {
		return rc
	}
	return function[syncFunc](f.real().FxSync)(tls, handle, flags)
}

func size(tls *libc.TLS, handle, to uintptr) int32 {
	f := of(handle)
	if rc := f.log.flush(tls); rc != sqlite3.SQLITE_OK {
		return rc
	}
	return function[sizeFunc](f.real().FxFileSize)(tls, handle, to)
}

func closeWAL(tls *libc.TLS, handle uintptr) int32 {
	f := of(handle)
	of(f.log.database).wal = 0
	f.log.free(tls)
	return function[closeFunc](f.real().FxClose)(tls, handle)
}

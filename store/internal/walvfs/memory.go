package walvfs

import (
	"unsafe"

	"modernc.org/libc"
	"modernc.org/libc/sys/types"
)

// SQLite is C compiled to Go: its memory is not Go's but that of a C allocator, which no
// collector moves or frees, and its pointers are numbers.

// The methods of a VFS and its files, as SQLite declares them.
type (
	openFunc     = func(tls *libc.TLS, vfs, name, handle uintptr, flags int32, outFlags uintptr) int32
	lockFunc     = func(tls *libc.TLS, handle uintptr, offset, n, flags int32) int32
	readFunc     = func(tls *libc.TLS, handle, to uintptr, n int32, offset int64) int32
	writeFunc    = func(tls *libc.TLS, handle, from uintptr, n int32, offset int64) int32
	truncateFunc = func(tls *libc.TLS, handle uintptr, length int64) int32
	syncFunc     = func(tls *libc.TLS, handle uintptr, flags int32) int32
	sizeFunc     = func(tls *libc.TLS, handle, to uintptr) int32
	closeFunc    = func(tls *libc.TLS, handle uintptr) int32
)

// at is what lies at an address of C's memory.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

// address is where in C's memory something lies.
func address[T any](p *T) uintptr { return uintptr(unsafe.Pointer(p)) }

func addressOf(p []byte) uintptr { return address(unsafe.SliceData(p)) }

// code is a function of a package, never a closure, as C's pointer.
func code[F any](f F) uintptr { return *(*uintptr)(unsafe.Pointer(&f)) }

// function is what C's pointer to a function points to.
func function[F any](code uintptr) F { return *(*F)(unsafe.Pointer(&code)) }

// allocate returns the address of zeroed memory for a T, or 0.
func allocate[T any](tls *libc.TLS) uintptr {
	var t T
	return libc.Xcalloc(tls, 1, types.Size_t(unsafe.Sizeof(t)))
}

// Package diskcache reads directories that Python's DiskCache has written, versions 5.x,
// so that what is in them can be moved into a store. It never writes there, and never
// executes anything: what is pickled is refused.
//
// # Layout
//
// A Cache, a Deque and an Index are each one directory, with a database cache.db and
// files of large values two directories below. The database has two tables:
//
//	Settings(key, value)
//	Cache(rowid, key, raw, store_time, expire_time, access_time, access_count,
//	      tag, size, mode, filename, value)
//
// A key is raw (an integer, a float, text or bytes) or pickled. So is a value: mode 1 is
// raw, 2 a file of bytes, 3 a file of text, 4 a pickle, in the row or in a file. With
// JSONDisk, keys and values are bytes: JSON, compressed by zlib.
//
// # Locking
//
// If there is neither a write-ahead log nor a journal, nobody has changes of the database
// under way, and it is opened as immutable: no locks, no new files. [Reader.Changed] then
// tells whether somebody has begun to write meanwhile. Else it is opened read-only, and
// SQLite reads the log, and keeps out of the way of those who write, by its own locks; it
// may make the file cache.db-shm, which is no more than an index of the log.
//
// # What it trusts
//
// Nothing. A directory may come from anybody: names of files cannot leave it, nor follow
// a link out of it, sizes are compared with what is there, and bounded, and types are
// checked row by row. What cannot be read is told as a [Problem] of that item, and does
// not keep from the others.
package diskcache

// Package kv has values under keys, which any number of processes read and change at the
// same time through one [store.DB]: [Index], an ordered map that never forgets, and that
// others can watch; [Cache] and [Sharded], which forget what is old or too much; and
// [Averager], the running average of what all of them measure.
//
// # Model
//
//	process 1 ── Put(k, v) ──┐                 ┌── Get(k), Scan ──> process 3
//	                         ├──> k: v, rev 7 ─┤
//	process 2 ── Delete(j) ──┘    history:     └── Watch(from 5) ──> put k, rev 7
//	                              put k, 7                           delete j, rev 8
//	                              delete j, 8
//
// Each change of an index takes the next revision, a number of the whole store. An entry
// has the revision of its last change, which CompareAndSwap compares. An index that has
// a history keeps the revisions, kinds and keys of its last changes, but not the values,
// for those who watch. The values of a cache have lifetimes instead, and a size together.
//
// # Guarantees
//
// Each change is one transaction: it is done, durably for an index and an average, or
// not at all and the call returns an error. All types have methods that end in Tx and
// make changes part of a larger transaction, with others of this or another package: a
// job is acknowledged, its result put and a counter raised, all or none. A large value of
// such a transaction is prepared before it, as [Staged].
//
// A Watch yields each change that was committed, once, in the order of the commits, to
// every process that watches; one that resumes from the revision that it kept misses
// nothing and repeats nothing. It says so if the history does not reach back.
//
// A process keeps rows that it has read, up to 4 MiB of an index's kind and as much of a
// cache's, and takes them from memory as long as nobody, in any process, has changed
// them: [store.DB.Stamp] tells. So a Get returns what a transaction would find, and a
// repeated one takes less than a microsecond.
//
// Less formally: what you were told is there is there, you can change what you read
// only as long as it is what you read, and you hear of everything.
//
// You cannot assume that a value is still there when you look at it; that a Watch tells
// every value that a key had for a moment, rather than every change and the last value;
// or that the mean is exact to the last digit, since values are summed in the order in
// which they are committed, as 64-bit floating-point numbers.
//
// # Keys
//
// Keys are kept as bytes whose order is that of the keys. Integers, floats, bools,
// strings, []byte, arrays of bytes, times, and structs of these such as [Pair] are keys
// by themselves; for others there is [KeyCodec]. [TextKeys] are for who does not know the
// type. A type that changes its fields is
// another key: what is stored stays as it was encoded.
//
// # Time
//
// Lifetimes in a cache are of the wall clock. Nothing else here depends on the time.
//
// # Concurrency
//
// All types may be used by any number of goroutines.
//
// # Errors
//
// The sentinels of this package, and those of package store.
//
// # Limits
//
// Names are at most 255 bytes, encoded keys at most [MaxKey]. Values above
// store.Options.BlobThreshold are kept as files; the largest is 1 GiB.
package kv

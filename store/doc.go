// Package store keeps one directory on disk that any number of processes of a
// host share: a database, the commits to it, proof of who is alive, and
// wake-ups between processes. It knows nothing of queues, maps or locks; those
// packages bring their own tables (see [Package]) and their own SQL.
//
// # Model
//
//	process A                    DIR/                         process B
//	---------                    ----                         ---------
//	Batch ─┐                     gate        (OS lock)              ┌─ Batch
//	Batch ─┼─ leader ── gate ──> dcq.db -wal -shm <── gate ── leader ─┤
//	Update ┘     │                                                  └─ View
//	             ├── one byte ─> sessions/7  ── fsnotify ──> waiter of B
//	             └── fdatasync   blobs/ab/cd…
//
// Writing. [DB.Batch] runs a short operation; the operations that goroutines of
// one process hand in at the same time share one transaction, one commit and one
// fsync (leader/follower group commit). [DB.Update] runs a closure of any length
// alone in its transaction. Both hold the gate, an OS lock that lets one process
// commit at a time, so SQLITE_BUSY never reaches a caller.
//
// Reading. [DB.View] runs on a small pool of connections that never touch the
// gate, against a snapshot. What was read before still holds while its stamp
// ([DB.Stamp]) is the same, which a process sees in its own memory.
//
// Sessions. A process that holds or waits for anything has a session: a row, and
// a file whose OS lock proves that the process lives. When the process dies, the
// kernel drops the lock and closes its life pipe, another process sees it at
// once, and the [Package] hooks give back what the dead one held.
//
// Waiting. A waiter is a row (topic, ticket, session). The transaction that
// makes it runnable picks it, in ticket order, and after the commit pulses its
// process alone. What it was handed is mostly there to read in shared memory ([Tx.Note]), and
// that nobody waits is known there too ([Tx.Quiet]).
//
// # Guarantees
//
// Success is reported only after COMMIT, and for a durable operation only after
// fsync, which does not hold up the commits of others. An operation that returns an
// error has changed nothing, unless it is ErrNotDurable. A panic rolls
// back and goes on in the caller. Tokens and ids come from one counter
// ([Tx.Next]): they rise in commit order over all processes and are never used
// twice. What a dead session held is given back; what a living one holds is not
// taken before its lease ends.
//
// Less formally: what you were told happened did, what you were not told about
// may be done twice but never half.
//
// You cannot assume that an operation whose process died did not commit; that a
// lease still stands when you look away (carry its token, see [Grant]); that a
// commit of the relaxed kind survives a power cut (it survives a crash of any
// process), or one of the durable kind that has not returned yet, though others see
// what it did; or that [DB.Batch] may be called from inside a transaction: it would
// wait for itself. A closure cannot end its transaction: COMMIT, ROLLBACK and their
// like are refused. A process that is stopped (SIGSTOP) while it holds the gate stops
// all others until it goes on or dies.
//
// # Time
//
// One reading of the [Clock] per transaction. Due times are wall-clock, leases
// are CLOCK_MONOTONIC, which all processes of a host share and no clock step
// touches. A reboot ends every session, hence every lease.
//
// # Concurrency
//
// A [DB] is safe for any number of goroutines, and several DBs may be open on one
// directory in one process. A [Tx] belongs to the goroutine that got it.
//
// # Errors
//
// Database errors are translated once, by code: test them with [errors.Is]
// against the sentinels of this package.
//
// # What it is not
//
// Not a network store (network file systems are refused), not a general object
// mapper, and no place for transactions that think for seconds: the gate is one.
package store

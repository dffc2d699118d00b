// Package walvfs is SQLite's default VFS, the layer through which it uses files, with fewer
// system calls: what a transaction adds to the WAL reaches the file in one write, and what
// says how much of the WAL a connection reads is mostly left as it is.
//
// # Purpose
//
// SQLite writes each page of a commit to the WAL on its own, and its header of 24 bytes
// before that. Pages of 1,024 bytes are cheap to add and dear to hand to the kernel one by
// one: a push makes 1 call instead of 5 or so, a push of 1,000 jobs 360 less than it did.
//
// # Model
//
//	SQLite    header │ page │ header │ page │ … │ last header │ page
//	          └──────────────┴─ kept in memory ─┴───────────────┴──> one write to the WAL
//
// The header of a commit's last page says that it is the last, so the write is made, and
// its error returned, before SQLite tells anybody of the commit.
//
// A connection that asks for it ([LazyMark]) is told of the marks up to which others may
// copy the WAL back that somebody else uses them, but for each sixteenth time: that spares
// a transaction two of six locks (see marker).
//
// # Guarantees
//
// When SQLite makes a commit known, the WAL holds it, as with the default VFS. Whatever
// looks at the file through the connection (a read, a sync, its size) finds what was
// written. What is left when SQLite lets go of the right to write was rolled back, and is
// dropped: it must not end up over what the next writer adds.
//
// A lazy connection sees what any other would; while one of its transactions lasts, a
// checkpoint may copy what was committed up to sixteen transactions ago, not all.
//
// # Concurrency
//
// The state belongs to one connection, and SQLite uses that from one goroutine at a time.
//
// # Errors
//
// Those of the default VFS. A write that fails does so at the latest in the commit, which
// then fails as it would have done at an earlier page.
//
// # Limits
//
// A connection that writes keeps a buffer of 64 KiB, outside the memory that Go collects.
// A larger transaction takes a write for each.
package walvfs

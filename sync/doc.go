// Package sync lets processes agree: locks, semaphores, throttles, barriers and
// elections between all processes that open one store. Import it as dsync, since the
// standard library has a package of that name too.
//
// # Model
//
// Something is granted in parts, first come first served:
//
//	             room, and nobody waits
//	Acquire ──────────────────────────────────────> held ──── Release ───────> (free)
//	   │                                             ^  │
//	   │ else                     room, and first    │  ├─ process dies: at once
//	   └────────────────> waits ─────────────────────┘  └─ process hangs: lease ends
//	                        │
//	                        └─ context ends, process dies ──> (gone)
//
// A [Lock] is granted to one at a time, a [RWLock] to one writer or many readers, a
// [BoundedSemaphore] has a number of permits, and an [Election] is a lock whose holder
// everybody can see. An [RLock] can be acquired again by its owner. All of them return
// a [Grant]. A [Throttle] bounds how often something is done, a [Barrier] lets
// processes go on when all have arrived, and a [DoubleBarrier] besides when all are
// done. [Serialize] lets one caller of a function in at a time.
//
// The transaction that makes room grants it to the first in the line and wakes that
// process only, which then needs only to read. A waiter that gives up or dies passes
// its turn on.
//
// # Guarantees
//
// At no time do two grants stand in the store that exclude each other. Those who wait
// are granted in the order in which their requests were committed, over all processes.
// When a process dies, what it held is granted to the next within milliseconds; when it
// merely hangs, at the end of its lease, and the release of the old holder is refused.
// A grant's token is greater than those of all grants before it.
//
// You cannot assume that a grant stands because nothing told you otherwise: a process
// that was stopped learns that it lost a lock after it goes on. Where it matters, write
// under the grant ([Grant.CheckTx], [store.Tx.Require]), which cannot go wrong, or send
// the token along ([Grant.Token]) and let the other system refuse smaller ones.
//
// # Time
//
// Leases and throttles are measured on the monotonic clock, which all processes of a
// host share and nobody sets. Steps of the wall clock change nothing but the times that
// are shown to people.
//
// # Concurrency
//
// All types may be used by any number of goroutines. Goroutines have no identity: that
// one waits for what it holds itself is found out ([ErrDeadlock]) by the context of the
// grant, if it passes that on.
//
// # Errors
//
// The sentinels of this package, and those of package store.
//
// # Limits
//
// Names are at most 255 bytes, and each type has names of its own: a Lock and an RWLock
// of the same name have nothing to do with each other. Acquiring something costs time
// in proportion to the number of those who hold it, not of those who wait. Nothing is
// durable: after a power cut everything is free, as it should be. What a grant protects
// must be on this host, or check tokens.
package sync

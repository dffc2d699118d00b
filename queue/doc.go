// Package queue has the persistent queues of dcq: [Queue], a job queue with leases,
// retries and dead letters, and [Deque], a double-ended queue. Any number of
// processes use them at the same time through one [store.DB].
//
// # Model
//
// A job is in one state at a time:
//
//	        push                    receive                 ack
//	─────────────────> ready ───────────────────> leased ─────────> (gone)
//	   │                 ^ ^                        │ │ │
//	   │ with a delay    │ │ release, lease ended,  │ │ │ nack, attempts used up;
//	   │                 │ │ process died           │ │ │ died too often
//	   v        due      │ └────────────────────────┘ │ v
//	delayed ─────────────┘                            │ dead ── retry ──> ready
//	   ^                nack, attempts left           │  │
//	   └──────────────────────────────────────────────┘  └── discard ──> (gone)
//
// A job of a group waits besides in the state blocked while another job of its
// group is ready or leased: at most one of a group is in flight.
//
// The order is priority (higher first), then the time at which a job became due,
// then its id. Each attempt has a fencing token, and a lease that the holder
// extends; every later call about the attempt carries the token and returns
// [ErrLost] if the attempt no longer stands.
//
// # Guarantees
//
// A job that was pushed is handed out until it is acknowledged, discarded or dead:
// at least once. It is acknowledged at most once. At no time do two living attempts
// at one job hold a current token. When the process of an attempt dies, the job is
// ready again within milliseconds; when the process merely hangs, at the end of the
// lease.
//
// Less formally: handlers may run twice after a crash, so write what they produce
// in the same transaction as the acknowledgement ([Claim.AckTx]; [AckManyTx] for many),
// and it happens once.
//
// You cannot assume that jobs finish in the order in which they start; that a lease
// stands because its time is not over (the session may have been lost); or that a
// job that returned ErrLost was not carried out by another process.
//
// # Time
//
// Due times are wall-clock, leases are monotonic; see package store.
//
// # Concurrency
//
// All types but [Job] and [Claim] may be used by any number of goroutines.
//
// # Errors
//
// The sentinels of this package, and those of package store.
//
// # Limits
//
// Names of queues, groups and unique keys are at most 255 bytes. Payloads above
// store.Options.BlobThreshold are kept as files; the largest is 1 GiB. Those that a
// method with a transaction adds are written with the gate held, so that all processes
// wait; the method without it writes them before.
package queue

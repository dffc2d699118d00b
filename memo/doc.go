// Package memo remembers what functions returned, for all processes that open one
// store, and lets no more than one of them compute the same thing at a time.
//
// # Model
//
//	                ┌─ fresh ─────────> served; near the end, one computes it anew meanwhile
//	Get ── look ────┼─ stale ─────────> served; one computes it anew meanwhile
//	                └─ nothing ─┬─ first ──> computes, keeps, and tells the others
//	                            └─ others ─> wait for that; if its process dies, the
//	                                         next computes at once
//
// Goroutines of one process share one call; of the processes, the one that holds the
// lock of the key computes. Whether a fresh result is computed early is decided by
// XFetch (Vattani, Chiera, Lowenstein: Optimal Probabilistic Cache Stampede Prevention,
// VLDB 2015): the slower the function, and the nearer the time at which callers would have
// to wait, the likelier.
//
// # Guarantees
//
// Every answer is either remembered at a moment after it was asked for, or of a call that
// began after it was asked for. What is remembered is of a call during which nothing
// was invalidated that it concerns, in any process. So who asks after an invalidation
// has returned gets nothing that is older.
//
// At no time do two living processes compute the same key, but for one that was stopped
// for longer than the lease, and for calls that go on although their key was invalidated.
// When a process dies that computes, another that waits goes on at once.
//
// You cannot assume that the function is called once for each lifetime: results may be
// evicted by size, and are lost in a power cut. It must not matter how often it runs.
//
// # Time
//
// Lifetimes are wall-clock times; see package kv.
//
// # Concurrency
//
// A [Func] may be used by any number of goroutines. Each caller obeys its own context;
// the call that they share ends when none of them is left. What is computed in the
// background has the values of the context of the caller who was served meanwhile, not
// its end; the store's Close ends it, and waits for it.
//
// # Errors
//
// The sentinels of this package and those of packages kv and store; what the function
// returns, as it is to those who waited in the process that called it, and as a
// [RememberedError] to others; a panic of the function as a [PanicError].
//
// # Limits
//
// Names are at most 180 bytes. Results are kept within a size limit; see
// [Options].
package memo

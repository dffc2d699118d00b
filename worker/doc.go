// Package worker runs handlers on the jobs of queues, in any number of processes.
//
// # Model
//
//	queue a ─┐                        ┌─> handler ─┐
//	queue b ─┼─ fetcher ── buffer ────┼─> handler ─┼─> finisher ── one commit for all
//	         │  (leases in batches)   └─> handler ─┘   (acks, nacks) that ended meanwhile
//	         │
//	         └─ heartbeat: extends every lease held, cancels the handlers of lost ones
//
// A [Pool] has handlers, one for each queue, registered with [Handle]. A handler that
// returns nil has done its job, which is then acknowledged. One that returns an
// error, panics, or runs out of time has failed, and the job is retried after the
// queue's backoff; see [Kill], [RetryAfter] and [Release] for other outcomes. A
// handler that ends the attempt in a transaction of its own, with AckTx, has decided
// the outcome itself.
//
// # Guarantees
//
// Those of package queue: a job is handled at least once, and acknowledged once. A
// crash loses no job, also none that was fetched ahead or handled but not yet
// acknowledged: it is handled again, elsewhere, at once. While a handler runs, its
// lease is extended; when the attempt is lost all the same, the context of the
// handler is canceled with the cause queue.ErrLost.
//
// Less formally: write the handler so that doing it twice does no harm, or write its
// results with AckTx in one transaction.
//
// You cannot assume that a handler which ignores its context stops: its job is given
// to somebody else at the end of the lease, and its outcome is dropped.
//
// # Stopping
//
// When the context of [Pool.Run] ends, the pool stops fetching, gives back what it
// fetched ahead, and waits for its handlers. After Options.Grace, or at once with
// [Pool.Abort], it cancels them with the cause [ErrStopped]; a handler that then
// returns an error has its job released without costing an attempt.
//
// # Errors
//
// Errors of handlers go to the history of their jobs and to the log. Run returns
// what kept it from working: an error of the store.
package worker

// Package frontier keeps what a crawl knows in a store: the URLs found and what
// became of them, the hosts and when they may be asked, the runs and their
// counters. Its tables share their transactions with the queue of jobs.
//
// # Model
//
// A URL is a row, found once: whoever inserts the row pushes the job that visits
// it, in one transaction ([Frontier.AdmitTx]). The job's group is its host, scheme
// and port included, so the queue lets one job a host be in flight, over all
// processes. A job ends in one transaction with everything that came of it:
//
//	acknowledgement + page record + new links with their jobs + host's next start
//
// A run visits every URL once. The first finds them; a refresh visits again what
// is known.
//
// # Politeness
//
// A host has a time before which no request to it may start. [Frontier.Reserve]
// moves it forward before the request goes out, for the case that the process
// dies with it; [Frontier.SettleTx] sets it by when the server had the request.
// The queue holds the host's group until that time, so nobody waits with a job in
// hand.
//
// # Guarantees
//
// A committed state has a job for each pending row and none for the others, dead
// jobs included. Two requests to a host do not start closer together than the
// delay, whichever processes make them and die meanwhile, unless a process is
// suspended between its reservation and its request.
//
// However, you cannot assume that depth is the shortest way from a seed: it is
// that of the way found first.
//
// # Errors
//
// Those of packages store and queue, and the sentinels of this package.
//
// # Limits
//
// Memory does not grow with the crawl: pages are gone through in batches, and the
// fingerprints kept to save look-ups are bounded.
package frontier

// Package frontier keeps what a crawl knows in a store: the URLs found and what
// became of them, the hosts and when they may be asked, the runs and their
// counters.
//
// # Model
//
// All of it is in indexes of package kv, beside a queue of jobs:
//
//	crawl/pages      URL  -> Page      what became of it, and by what to ask again
//	crawl/bodies     URL  -> gzip      large ones as files
//	crawl/hosts      name -> Host
//	crawl/sitemaps   URL  -> Sitemap
//	crawl/runs       1, 2 … -> Run
//	crawl/plan       settings and seeds
//
// A URL is a record, found once: who puts it, because it was absent, pushes the job that
// visits it, in one transaction ([Frontier.AdmitTx]). The job's group is its host, scheme
// and port included, so the queue lets one job a host be in flight, over all
// processes. A job ends in one transaction with everything that came of it:
//
//	acknowledgement + page record + body + new links with their jobs + host's throttle
//
// A run visits every URL once. The first finds them; a refresh visits again what
// is known.
//
// The crawler has no tables and no SQL. What that costs is a read before each change of a
// record, and a record that is written whole when a counter in it changes: together 7 %
// of the workers' processor time in the demonstration.
//
// # Politeness
//
// Each host has a throttle of package sync, by the name of the host, that lets one
// request pass in the host's delay. [Frontier.ReserveTx] takes it before the request goes
// out, for the case that the process dies with it; [Frontier.SettleTx] holds it by when
// the server had the request, and by what the host asked for, such as Retry-After. The
// throttle goes by the monotonic clock and knows requests only by when they were
// allowed; so both are needed, taking and holding.
//
// The queue holds the host's group until the next start of the host, which is the same
// time by the wall clock, so nobody waits with a job in hand. It outlives a reboot, and
// is a little later when a process died with its request ([Linger]). A job that gets
// through too early, since somebody set the clock, is given back by Reserve.
//
// There is one throttle for each host with a record; both stay as long as the store.
//
// # Guarantees
//
// A committed state has one job for each pending record, and for the others none but
// the dead one of a page that was given up, until somebody retries it. Two requests to a host do not start closer together than the
// delay, whichever processes make them and die meanwhile, and whatever the wall clock
// is set to, unless a process is suspended between its reservation and its request. If
// the clock is set while a request is under way, the delay counts from when it was
// allowed, not from when the server had it.
//
// However, you cannot assume that depth is the shortest way from a seed: it is
// that of the way found first.
//
// # Errors
//
// Those of packages store, kv, queue and sync, and the sentinels of this package.
//
// # Limits
//
// Memory does not grow with the crawl: pages are gone through in batches, and the
// fingerprints kept to save look-ups are bounded.
package frontier

// Package crawl visits URLs: it turns the jobs of package frontier into requests,
// records and new jobs.
//
// # Model
//
// [Crawler.Handle] does one job:
//
//	may I?         host closed, robots.txt unknown, disallowed, too early: no request
//	ask            package fetch, once
//	understand     package page, sitemap or robots; no redirect is followed
//	one commit     acknowledgement, record, new links, host, counters
//
// A page's job that meets a host without a known robots.txt pushes the job that
// asks for it, and steps back. Since the queue lets one job of a host be in
// flight, robots.txt is asked for once, whichever processes work. The target of a
// redirect is a new job, for which scope and robots.txt are looked at again.
//
// # Failures
//
//   - For the time being (no answer, 408, 425, 429, 5xx, an answer that breaks
//     off): tried again with growing, partly random pauses, then given up; the job
//     is dead then, so that it can be looked at and retried.
//   - For good (other 4xx, wrong type, private address): recorded with a reason.
//   - 429 and 503 with Retry-After hold the whole host.
//   - Five requests in succession without an answer snooze the host, more of them
//     close it: its pages are skipped.
//
// # Guarantees
//
// Those of package frontier. A URL whose record says disallowed was not asked
// for. What a process did when it was killed is done again by another, once.
//
// # Errors
//
// [Crawler.Handle] returns errors of the store, and the cause of its context. All
// else is an outcome; that a page was given up is told as an error, too, for the
// log.
package crawl

// Package crawl visits URLs: it turns the jobs of package frontier into requests,
// records and new jobs.
//
// # Model
//
// [Crawler.Handle] does one job:
//
//	may I?         host closed, disallowed by robots.txt, too early: no request
//	ask            package fetch, once
//	understand     package page, sitemap or robots; no redirect is followed
//	one commit     acknowledgement, record, new links, host, counters
//
// The target of a redirect is a new job, for which scope and robots.txt are looked at
// again.
//
// # robots.txt
//
// What a URL of a robots.txt said is remembered by package memo, for all processes: for
// a day, or an hour if it could not be had. The first job of a host asks for it, as it
// asks for anything, and then steps back until its own request may go out. What fails
// for the time being is not remembered, so the job comes back and asks again.
//
// A redirect is remembered like an answer, and the next job goes on from there. If it
// leads to another host, that host is asked by a job of its own group, since who asks a
// host has a job of it; meanwhile the jobs that need the answer look again each second.
//
// # Failures
//
//   - For the time being (no answer, 408, 425, 429, 5xx, an answer that breaks
//     off): tried again with growing, partly random pauses, then given up; the job
//     is dead then, so that it can be looked at and retried.
//   - For good (other 4xx, wrong type, private address): recorded with a reason.
//   - A process that dies or hangs: begun anew by another, and given up the fifth time.
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

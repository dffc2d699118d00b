// Package corpus finds something real to crawl: the documentation that Debian
// ships for SQLite, PostgreSQL and Python, together a few thousand pages.
//
// # Model
//
// [Fetch] returns sites for package site. It takes the first of these that it
// can have:
//
//   - the directory that [Options].Site or the environment variable SITE names;
//   - the packages of [Options].Packages, from the cache or by apt-get download
//     and dpkg-deb -x, or those of them that can be had;
//   - the HTML files of the Go installation, under an index that it writes. There
//     are few of them, so it says on [Options].Log that it came to this and why.
//
// # The cache
//
// A package is unpacked beside its place and renamed into it: what is there is
// whole, and a Fetch that was killed leaves only a directory that a later one
// removes. What is there is never fetched again; remove it for a new version. Any
// number of processes may fetch into the same cache at the same time.
//
// # Rights
//
// Nothing is installed, and no administrator's rights are needed: everything is
// written below the cache. If the system's package lists do not know a package,
// lists of its own are fetched into the cache, from the same sources.
//
// # Errors and limits
//
// Fetch runs at most until its context ends, each command at most ten minutes.
// Errors of commands have the end of what they printed.
package corpus

// Package demo crawls real documentation with several processes, kills one of them
// half-way, crawls a second time, and proves by witnesses that nothing was lost,
// nothing done twice, and every host left in peace.
//
// # Model
//
//	this process     serves the sites, looks on, and judges
//	worker processes crawl; they share nothing but the store
//
// The sites are what package corpus finds, each on a loopback address of its own,
// and the hosts of package fixture, which misbehave in every way that servers do.
//
//  1. Walk over the files: what must a crawl find?
//  2. Crawl. When half of it is found, suspend a worker that is busy, note what
//     with, and kill it. Start another one.
//  3. Crawl again: everything must be unchanged.
//  4. Judge by the files and the servers' log (package proof), and check the store.
//
// # Errors
//
// [Run] returns an error if the demonstration could not be carried through, and
// otherwise a [Result], whose checks may have failed.
package demo

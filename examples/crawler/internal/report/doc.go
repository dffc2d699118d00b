// Package report shows a crawl to people and programs: a line on its state, its
// records as JSON lines, and a summary as a page of HTML.
//
// Everything comes from the store, so it is of all processes, and of a crawl that
// nobody works on as well. Memory does not grow with the crawl.
package report

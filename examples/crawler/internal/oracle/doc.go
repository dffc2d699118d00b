// Package oracle says what a correct crawl of a directory of HTML files finds,
// without crawling: it walks over the files, breadth first, from the start page.
//
// # Model
//
// [Walk] takes a directory as package site would serve it and returns the
// [Expected] set: every URL a crawler has to ask for, in canonical form from the
// path on, with the [Outcome] of asking. [Expected.Diff] compares that with what
// a crawler recorded.
//
// # Independence
//
// An oracle that shares code with what it judges shares its mistakes. This
// package imports none of the crawler's: links are found by a scanner of its
// own, not by x/net/html; references are resolved by regular expressions after
// RFC 3986, not by net/url; and what a name answers is decided from the disk, not
// by asking the server.
//
// # What it takes for correct
//
// Links are the href of a and area elements, the src of iframe and frame, and the
// target of a meta refresh; those in comments, scripts, styles and other raw text
// elements excepted. noscript and noframes are searched, since a crawler has
// neither. The first base element with an href counts for the whole page.
// rel=nofollow and a robots meta element with nofollow or none are obeyed. Only
// links to the same site count.
//
// The canonical form has no fragment and no dot segments; percent-encoding is
// upper case, unreserved characters are decoded, and everything else outside
// RFC 3986's reserved characters is encoded, a percent sign that encodes nothing
// too. The query stays as it is otherwise.
//
// A name is HTML if it ends in .html or .htm. Pages are read as UTF-8. What the
// scanner does not know of HTML: scripts inside comments inside scripts, and
// elements that may not hold others, such as select.
//
// # Errors and limits
//
// [Walk] fails with ErrTooMany above [Options].MaxURLs, which a directory reaches
// only by symbolic links that form a cycle, or if the context ends, or if a file
// that exists cannot be read. Expected sets are held in memory.
package oracle

// Package sitemap reads the lists of URLs that sites offer to crawlers.
//
// # Model
//
// [Parse] reads a stream and tells what it is by its content: an XML urlset, an
// XML sitemapindex, which lists further sitemaps, or plain text with a URL a line.
// Each may be compressed with gzip. The media type and the file name do not
// matter.
//
// XML is read with the tokenizer for HTML, on purpose: encoding/xml keeps a whole
// text, comment or tag in memory however long it is, and gives up at the first
// bare "&", which URLs in real sitemaps contain.
//
// # Guarantees
//
//   - At most [Limits.Entries] entries and [Limits.Bytes] bytes, before and after
//     decompression, are read. What is beyond sets Truncated, and is no error.
//   - Memory is bounded by the entries, each at most [MaxLoc] bytes, and by one token
//     of at most 1 MiB: a gzip bomb costs some time, not memory.
//   - What came before an error is returned with it.
//
// However, you cannot assume that an entry is a valid URL, or one of the host that
// serves the sitemap: a Loc is what the file says, without white space around it.
// Make it canonical, and check the scope. The protocol wants UTF-8; other encodings
// are not decoded.
//
// # Errors
//
// [Parse] returns [ErrFormat], [ErrLimits], and the error of its reader or of the
// decompression, wrapped.
package sitemap

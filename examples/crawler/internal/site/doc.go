// Package site serves directories of files as web sites on the loopback
// interface, for a crawler to crawl, and keeps the access log that tells
// afterwards how the crawler behaved.
//
// # Model
//
// [Serve] starts a [Server] with one listener a [Site]. Each site has an
// address of its own, 127.0.0.2, 127.0.0.3 and so on, all with the same port,
// so that a crawler sees several real hosts and has to pace each of them.
// Where the system knows only 127.0.0.1, the sites share it and differ by
// port; [Server.Origins] has the outcome.
//
// A site answers like [net/http.FileServer]: Last-Modified and If-Modified-Since,
// ranges, a redirect from …/index.html to …/, from a directory to the same
// path with a slash, and from a file with a slash to the same path without.
// It differs in these points, so that the answer depends on the directory alone
// and not on the machine, and is never wrong:
//
//   - a directory without index.html is a 404, not a listing;
//   - a symbolic link that leaves the directory is a 404, whatever is behind it;
//   - the type comes from the extension by a fixed table, never from the
//     system's tables and never from the contents;
//   - there is an ETag, made of size and modification time;
//   - redirects keep the request's escaping, where FileServer sends the decoded
//     name;
//   - only GET and HEAD are answered.
//
// /robots.txt is generated from [Robots], and /sitemap.xml, if asked for, from
// the files. Both hide files of those names.
//
// # The witness
//
// With [Options].Log every request leaves one line, an [Access]. [ReadLog]
// reads the lines back as a [Witness], which answers the questions that matter
// for politeness: how close two requests to a host ever came, how many were in
// flight at once, whether a disallowed path was asked for, and what was fetched
// twice. It is the server's own observation: it shares no code with the crawler
// and sees all its processes together.
//
// # What you cannot assume
//
// A request starts in the log when its header has been read, a scheduling delay
// after the client sent it. Two requests that were sent exactly d apart may thus
// appear a little less than d apart. A request is written when it ends: those in
// progress when the server is killed are missing.
//
// # Errors and limits
//
// [Serve] reports every fault of its arguments at once. At most 200 sites; the
// number of connections and of requests in flight is bounded, and a request
// above the limit gets 503 with Retry-After. Only loopback addresses are ever
// bound: there is no option for another.
package site

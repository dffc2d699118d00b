// Package urlnorm gives each web resource one spelling of its URL, so that a
// crawler can tell by comparing strings what it has seen.
//
// # Model
//
// [Canonical] resolves a reference as it stands in a page and returns the
// canonical URL, a string. [Fingerprint], [GroupKey], [PathQuery] and [Trap] take
// such a string.
//
// What Canonical does, in this order:
//
//   - white space and control characters around the reference are trimmed, tabs
//     and line ends inside it dropped, the fragment dropped;
//   - a backslash before the query becomes a slash, as in browsers;
//   - the reference is resolved against the base, dot segments are removed, an
//     empty path becomes "/";
//   - scheme and host are lower case, the host is ASCII (IDNA), without a final
//     dot, an IP address in its usual form;
//   - the default port is dropped;
//   - percent-encoding is upper case, unreserved characters are decoded, what may
//     not stand in a URL is encoded, a percent sign that encodes nothing too.
//
// # Guarantees
//
//   - Idempotent: the canonical form of a canonical URL is itself.
//   - Spellings that RFC 3986 calls equivalent by syntax, and references that
//     resolve to the same URL, give one result.
//   - The result is ASCII, starts with "http://" or "https://", has no user
//     information and no fragment, and is at most [MaxLength] bytes long, its
//     [GroupKey] at most [MaxGroupKey]. net/url parses it and writes the same
//     text again.
//
// However, you cannot assume that two canonical URLs are two resources. Query
// parameters are neither sorted nor removed, double slashes in the path and an
// empty query ("/a?") stay, and http and https are two hosts. All of these are
// distinct by the standard, and on some servers also in fact.
//
// User information is refused, not dropped: without it the URL means something
// else, and with it a password would get into the store, logs and reports.
//
// Characters outside ASCII are encoded as UTF-8 wherever they stand. Browsers use
// the encoding of the page for queries.
//
// # Errors
//
// Every error wraps exactly one of the sentinels in this package and names at
// most the start of the URL.
//
// # Limits
//
// References above 64 KiB are refused unseen. The work is linear in the length,
// and quadratic in the number of path segments for [Trap], a number that the
// length bounds.
package urlnorm

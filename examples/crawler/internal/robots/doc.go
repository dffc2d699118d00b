// Package robots decides which URLs of a host a crawler may fetch, as RFC 9309
// lays down.
//
// # Model
//
// A robots.txt is a list of groups. A group is one or more User-agent lines
// followed by Allow and Disallow rules. [Parse] reads the file, [File.Agent]
// gives the [Rules] that hold for one crawler, [Rules.Allowed] answers for one
// path with its query. When there is no body to parse, [FromStatus] says what
// the answer of the server means.
//
// The package does no I/O and keeps no state. A caller that wants to remember a
// robots.txt stores the status and the raw body and parses them again: parsing
// the largest accepted file takes milliseconds.
//
// # Guarantees
//
//   - A crawler obeys all groups that name its product token, compared exactly
//     and without regard to case; if there is none, all groups that name "*"; if
//     there is none, nothing is forbidden.
//   - The rule with the most octets wins; of two equal ones, Allow wins.
//   - "*" in a rule matches any octets, "$" at its end the end of the URL. A rule
//     is anchored at the start of the path.
//   - Paths are compared after percent-encoding is made uniform: unreserved
//     characters decoded, all else that is no URL character encoded. In the query
//     a delimiter and its encoded form are equal as well.
//   - Crawl-delay, Sitemap and unknown records never end a group. Lines that make
//     no sense are skipped; nothing makes the whole file an error.
//   - /robots.txt itself may always be fetched.
//
// Less formally: what is doubtful is read the way Google's parser reads it,
// except that User-agent must match exactly instead of by prefix.
//
// However, you cannot assume that a rule without a leading slash does anything:
// "Disallow: private" matches no path, as in the RFC. A rule may start with "*".
//
// # Crawl-delay
//
// Crawl-delay is not in the RFC. It belongs to the User-agent lines just above
// it, also when another User-agent line follows before the first rule: the rules
// are then shared, the delay is not. The first valid one of a group counts, and
// the largest if an agent has several groups. Delays above [MaxDelay] are
// reported as MaxDelay.
//
// # Errors and limits
//
// There are no errors. [Parse] looks at the first [MaxSize] bytes. Answering for
// a path takes time proportional to the number of rules times the length of the
// path at worst: wildcards never backtrack.
package robots

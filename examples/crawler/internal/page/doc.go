// Package page reads from an HTML page what a crawler needs: its links, its title
// and what its author says about indexing and following.
//
// # Model
//
// [Extract] goes once over the tokens of a [Document] and returns a [Page]. It
// builds no tree, runs no scripts and does no I/O.
//
// Links are the href of a and area, the src of iframe and frame, and the target
// of a meta refresh, also inside noscript and noframes. They are resolved against
// the first base element with an href, wherever it stands, and made canonical by
// package urlnorm, in page order, each once. Style sheets, images, forms,
// alternate versions and rel=next are no links.
//
// The encoding is found as browsers find it: byte order mark, Content-Type, meta
// element, and windows-1252 failing all. A page without a declaration that is
// valid UTF-8 as a whole is taken as UTF-8.
//
// # What authors ask for
//
// noindex, nofollow and none in a robots meta element or an X-Robots-Tag header
// are obeyed if they address all robots or [Options.Agent]. What any of them
// forbids is forbidden. Links with rel=nofollow, and all links of a nofollow page,
// are counted but not returned.
//
// # Guarantees
//
//   - Links are canonical, distinct and at most [Options.MaxLinks].
//   - Broken HTML is no error: what a browser would take for a link mostly is one.
//   - Memory is a small multiple of the body, time linear in it. The caller limits
//     the body.
//
// However, you cannot assume that the body is HTML: anything is tokenized. Check
// the media type first. XHTML is read by the rules of HTML.
//
// # Errors
//
// [Extract] returns [ErrOptions] and [ErrURL], both for arguments that the caller
// got wrong, never for the body.
package page

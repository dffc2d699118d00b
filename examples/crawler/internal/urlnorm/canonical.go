package urlnorm

import (
	"fmt"
	"net/url"
	"strings"
)

// MaxLength is the length in bytes of the longest canonical URL.
const MaxLength = 2083

// MaxGroupKey is the length in bytes of the longest [GroupKey], which has to name
// things in a store. The longest names of DNS do not fit with scheme and port.
const MaxGroupKey = 255

// maxReference bounds the work on a reference. It is larger than MaxLength since
// a fragment or needless encoding may go away.
const maxReference = 64 << 10

// Canonical returns the canonical form of the URL that ref denotes in a document
// at base. A nil base stands for none: ref must then be absolute. Base need not
// be canonical itself.
//
// The error wraps [ErrTooLong], [ErrRelative], [ErrScheme], [ErrUserInfo] or
// [ErrHost]. The last three also report faults of the base if ref relies on it.
func Canonical(base *url.URL, ref string) (string, error) {
	if len(ref) > maxReference {
		return "", fmt.Errorf("canonicalize %s: %w: %d bytes, limit %d", show(ref), ErrTooLong, len(ref), maxReference)
	}
	p, err := resolve(base, split(clean(ref)))
	if err != nil {
		return "", fmt.Errorf("canonicalize %s: %w", show(ref), err)
	}
	s := p.String()
	if len(s) > MaxLength {
		return "", fmt.Errorf("canonicalize %s: %w: %d bytes, limit %d", show(ref), ErrTooLong, len(s), MaxLength)
	}
	if n := len(GroupKey(s)); n > MaxGroupKey {
		return "", fmt.Errorf("canonicalize %s: %w: %d bytes of scheme, host and port, limit %d", show(ref), ErrTooLong, n, MaxGroupKey)
	}
	return s, nil
}

// show quotes a little of a reference for an error, without what may be a password.
func show(ref string) string {
	if i := strings.LastIndexByte(ref, '@'); i >= 0 {
		ref = "…" + ref[i:]
	}
	return fmt.Sprintf("%.80q", ref)
}

// parts is a URL without its fragment. What may be absent is told apart from what
// is empty: "//" has an authority, "?" a query. Without a host there is no
// canonical form, so only a reference needs hasAuthority.
type parts struct {
	scheme       string // lower case, without the colon
	authority    string
	path, query  string
	hasAuthority bool
	hasQuery     bool
}

// String requires a resolved URL.
func (p parts) String() string {
	s := p.scheme + "://" + p.authority + p.path
	if p.hasQuery {
		s += "?" + p.query
	}
	return s
}

// clean drops what browsers drop before they look at a reference.
func clean(ref string) string {
	ref = strings.TrimFunc(ref, func(r rune) bool { return r <= ' ' })
	ref, _, _ = strings.Cut(ref, "#")
	if strings.ContainsAny(ref, "\t\r\n") {
		ref = strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(ref)
	}
	return ref
}

// split takes a cleaned reference apart. Everything has a meaning to it, so it
// cannot go wrong.
func split(ref string) parts {
	var p parts
	ref, p.query, p.hasQuery = strings.Cut(ref, "?")
	ref = strings.ReplaceAll(ref, `\`, "/")
	if scheme, rest, ok := strings.Cut(ref, ":"); ok && isScheme(scheme) {
		p.scheme = strings.ToLower(scheme)
		ref = rest
	}
	if rest, ok := strings.CutPrefix(ref, "//"); ok {
		p.hasAuthority = true
		end := strings.IndexByte(rest, '/')
		if end < 0 {
			end = len(rest)
		}
		p.authority, ref = rest[:end], rest[end:]
	}
	p.path = ref
	return p
}

func isScheme(s string) bool {
	for i, c := range []byte(s) {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		other := '0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'
		if !letter && (i == 0 || !other) {
			return false
		}
	}
	return s != ""
}

// resolve makes p absolute and canonical.
func resolve(base *url.URL, p parts) (parts, error) {
	p.path = encode(p.path)
	p.query = encode(p.query)
	if p.scheme == "" {
		b, err := baseParts(base)
		if err != nil {
			return p, err
		}
		p = p.relativeTo(b)
	}
	if p.scheme != "http" && p.scheme != "https" {
		return p, ErrScheme
	}
	var err error
	p.authority, err = authority(p.scheme, p.authority)
	p.path = removeDots(p.path)
	return p, err
}

// baseParts takes the base from its text, which is the only form of a url.URL in
// which all of its fields have a say. Its path is absolute.
func baseParts(base *url.URL) (parts, error) {
	if base == nil || base.Scheme == "" {
		return parts{}, ErrRelative
	}
	b := split(clean(base.String()))
	b.path = removeDots(encode(b.path))
	b.query = encode(b.query)
	return b, nil
}

// relativeTo resolves p, which has no scheme, as in RFC 3986 section 5.2.2. Dot
// segments remain.
func (p parts) relativeTo(b parts) parts {
	p.scheme = b.scheme
	if p.hasAuthority {
		return p
	}
	p.authority = b.authority
	switch {
	case p.path == "":
		p.path = b.path
		if !p.hasQuery {
			p.query, p.hasQuery = b.query, b.hasQuery
		}
	case p.path[0] != '/':
		p.path = b.path[:strings.LastIndexByte(b.path, '/')+1] + p.path
	}
	return p
}

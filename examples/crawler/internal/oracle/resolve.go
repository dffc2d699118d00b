package oracle

import (
	"regexp"
	"strings"
)

var (
	// reference takes what stands before a query apart, as the expression of RFC
	// 3986, appendix B does: scheme, slashes with the authority, path.
	reference = regexp.MustCompile(`(?s)^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(//[^/]*)?(.*)$`)

	originPattern = regexp.MustCompile(`^http://[^/?#]+$`)

	// octet is an encoded octet, or a byte that may not stand for itself.
	octet = regexp.MustCompile(`(?s)%[0-9A-Fa-f]{2}|[^A-Za-z0-9._~:/?\[\]@!$&'()*+,;=-]`)

	tabs    = strings.NewReplacer("\t", "", "\r", "", "\n", "")
	slashes = strings.NewReplacer(`\`, "/")
)

// A ref is a URL, apart from its fragment, in pieces. The pieces of a resolved
// one are canonical.
type ref struct {
	origin   string // in lower case, "http://host:port"; "" is the site itself
	path     string
	query    string
	hasQuery bool
}

// String is path and query, the key of an Expected set.
func (r ref) String() string {
	if r.hasQuery {
		return r.path + "?" + r.query
	}
	return r.path
}

// resolve returns what href means on a page at base; false for other schemes.
// The origin given is that of the site, as in Options.
func resolve(base ref, href, origin string) (ref, bool) {
	href = strings.TrimFunc(href, func(r rune) bool { return r <= ' ' })
	href, _, _ = strings.Cut(href, "#")
	href = tabs.Replace(href)
	front, query, hasQuery := strings.Cut(href, "?")
	// Before a query, a backslash is a slash, as browsers have it.
	parts := reference.FindStringSubmatch(slashes.Replace(front))
	scheme, authority := strings.ToLower(parts[1]), parts[2]
	if scheme != "" && (scheme != "http" && scheme != "https" || authority == "") {
		return ref{}, false
	}
	r := ref{path: normalize(parts[3]), query: normalize(query), hasQuery: hasQuery}
	if authority == "" {
		r = r.relativeTo(base)
	} else {
		r.origin = originOf(base, scheme, authority, origin)
	}
	r.path = removeDotSegments(r.path)
	return r, true
}

// originOf returns the origin of a reference that has an authority, with its
// slashes, or "" if it is the site's.
func originOf(base ref, scheme, authority, origin string) string {
	if scheme == "" {
		scheme, _, _ = strings.Cut(base.origin, ":")
	}
	if scheme == "" {
		scheme = "http"
	}
	got := strings.ToLower(scheme + ":" + authority)
	if strings.TrimSuffix(got, ":80") == strings.TrimSuffix(strings.ToLower(origin), ":80") {
		return ""
	}
	return got
}

func (r ref) relativeTo(base ref) ref {
	r.origin = base.origin
	if r.path == "" {
		r.path = base.path
		if !r.hasQuery {
			r.query, r.hasQuery = base.query, base.hasQuery
		}
		return r
	}
	if !strings.HasPrefix(r.path, "/") {
		r.path = base.path[:strings.LastIndex(base.path, "/")+1] + r.path
	}
	return r
}

// normalize brings the encoding of a path or a query into its one form.
func normalize(s string) string {
	return octet.ReplaceAllStringFunc(s, func(o string) string {
		if len(o) == 3 && o[0] == '%' {
			if c := unhex(o[1])<<4 | unhex(o[2]); unreserved(c) {
				return string(rune(c))
			}
			return strings.ToUpper(o)
		}
		var encoded strings.Builder
		for _, c := range []byte(o) {
			encoded.WriteByte('%')
			encoded.WriteByte("0123456789ABCDEF"[c>>4])
			encoded.WriteByte("0123456789ABCDEF"[c&15])
		}
		return encoded.String()
	})
}

// unhex returns the value of a hexadecimal digit.
func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}

func unreserved(c byte) bool {
	return letter(c) || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

// removeDotSegments is the loop of RFC 3986, section 5.2.4, for paths that begin
// with a slash; the empty path becomes one.
func removeDotSegments(in string) string {
	out := ""
	for in != "" {
		switch {
		case strings.HasPrefix(in, "/./"):
			in = in[2:]
		case in == "/.":
			in = "/"
		case strings.HasPrefix(in, "/../") || in == "/..":
			in = "/" + strings.TrimPrefix(in[3:], "/")
			out = out[:max(0, strings.LastIndexByte(out, '/'))]
		default:
			next := strings.IndexByte(in[1:], '/') + 1
			if next == 0 {
				next = len(in)
			}
			out += in[:next]
			in = in[next:]
		}
	}
	if out == "" {
		return "/"
	}
	return out
}

package urlnorm

import (
	"strings"

	"github.com/dcq-go/dcq/examples/crawler/internal/percent"
)

// encode writes a path or a query in canonical percent-encoding. Reserved
// characters stay as they are, encoded or not: the two differ in meaning.
func encode(s string) string {
	if isEncoded(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	for i := 0; i < len(s); i++ {
		c := s[i]
		octet, ok := percent.Decode(s[i:])
		switch {
		case ok && percent.Unreserved(octet):
			b.WriteByte(octet)
		case ok:
			percent.Write(&b, octet)
		case percent.Unreserved(c) || reserved(c):
			b.WriteByte(c)
		default:
			percent.Write(&b, c)
		}
		if ok {
			i += 2
		}
	}
	return b.String()
}

// isEncoded is the quick answer for what most links look like.
func isEncoded(s string) bool {
	for _, c := range []byte(s) {
		if !percent.Unreserved(c) && !reserved(c) {
			return false
		}
	}
	return true
}

// reserved leaves out "#", which ends a URL, so that none can slip in.
func reserved(c byte) bool {
	return strings.IndexByte(":/?[]@!$&'()*+,;=", c) >= 0
}

// removeDots removes the dot segments of an absolute or empty path. The result
// starts with a slash. Empty segments are segments like others.
func removeDots(path string) string {
	if path == "" {
		return "/"
	}
	if !strings.Contains(path, "/.") {
		return path
	}
	segments := strings.Split(path[1:], "/")
	kept := segments[:0]
	for i, s := range segments {
		last := i == len(segments)-1
		if s == ".." && len(kept) > 0 {
			kept = kept[:len(kept)-1]
		}
		if s != "." && s != ".." {
			kept = append(kept, s)
			continue
		}
		if last {
			kept = append(kept, "")
		}
	}
	return "/" + strings.Join(kept, "/")
}

package urlnorm

import "strings"

const hexDigits = "0123456789ABCDEF"

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
		octet, ok := decode(s[i:])
		switch {
		case ok && unreserved(octet):
			b.WriteByte(octet)
		case ok:
			writeEncoded(&b, octet)
		case unreserved(c) || reserved(c):
			b.WriteByte(c)
		default:
			writeEncoded(&b, c)
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
		if !unreserved(c) && !reserved(c) {
			return false
		}
	}
	return true
}

func writeEncoded(b *strings.Builder, c byte) {
	b.WriteByte('%')
	b.WriteByte(hexDigits[c>>4])
	b.WriteByte(hexDigits[c&15])
}

// decode returns the octet of the percent-encoded triplet that s starts with.
func decode(s string) (octet byte, ok bool) {
	if len(s) < 3 || s[0] != '%' {
		return 0, false
	}
	high, ok1 := unhex(s[1])
	low, ok2 := unhex(s[2])
	return high<<4 | low, ok1 && ok2
}

func unhex(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
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

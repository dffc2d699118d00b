// Package percent has the percent-encoding of RFC 3986, section 2.1, octet by octet.
package percent

import "strings"

const hexDigits = "0123456789ABCDEF"

// Write writes the triplet of an octet, with upper-case digits.
func Write(b *strings.Builder, octet byte) {
	b.WriteByte('%')
	b.WriteByte(hexDigits[octet>>4])
	b.WriteByte(hexDigits[octet&15])
}

// Decode returns the octet of the triplet that s starts with, if it starts with one.
func Decode(s string) (octet byte, ok bool) {
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

// Unreserved reports whether a character means the same encoded and not.
func Unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}

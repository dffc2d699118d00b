package store

import (
	"fmt"
	"unicode/utf8"
)

// MaxName is how many bytes the name of a queue, a lock or the like may have.
const MaxName = 255

// NameFault says why s cannot name something, to go on a sentence whose subject it is:
// it is empty, longer than MaxName, not UTF-8, or has control characters. NameFault is
// empty if s can name something.
func NameFault(s string) string {
	switch {
	case s == "":
		return "is empty"
	case len(s) > MaxName:
		return fmt.Sprintf("has %d bytes, at most %d are allowed", len(s), MaxName)
	case !utf8.ValidString(s):
		return "is not UTF-8"
	}
	for _, r := range s {
		if r < ' ' || r == 0x7f {
			return "has control characters"
		}
	}
	return ""
}

package oracle

import (
	"html"
	"regexp"
	"strings"
	"unicode/utf8"
)

var entity = regexp.MustCompile(`&(#[0-9]+|#[xX][0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]*);?=?`)

// decodeEntities replaces the character references in the value of an attribute.
// There, unlike in text, a name without a semicolon counts only if it is whole
// and not followed by "=", so that ?a=1&copy=2 keeps its parameter.
func decodeEntities(value string) string {
	if strings.IndexByte(value, '&') < 0 {
		return value
	}
	return entity.ReplaceAllStringFunc(value, func(ref string) string {
		name, equals := strings.CutSuffix(ref, "=")
		decoded := decodeReference(name, equals)
		if equals {
			decoded += "="
		}
		return decoded
	})
}

func decodeReference(ref string, equals bool) string {
	decoded := html.UnescapeString(ref)
	if ref[1] == '#' {
		return decoded
	}
	if strings.HasSuffix(ref, ";") {
		// html.UnescapeString takes "&notit;" for "&not" and "it;".
		if strings.HasSuffix(decoded, ";") && decoded != ";" {
			return ref
		}
		return decoded
	}
	if equals || utf8.RuneCountInString(decoded) != 1 {
		return ref
	}
	return decoded
}

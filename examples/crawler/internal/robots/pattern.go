package robots

import (
	"strings"

	"github.com/dcq-go/dcq/examples/crawler/internal/percent"
)

// pattern is the path of a rule, in normal form.
type pattern struct {
	text     string // "*" is the wildcard, a literal one is %2A
	loose    string // text with the delimiters of its query decoded
	anchored bool   // the rule ended in "$"
	octets   int    // length of the rule, which is its specificity
}

// target is a path with its query, in normal form.
type target struct {
	text  string
	loose string // text with the delimiters of its query decoded
}

func newPattern(s string) pattern {
	var p pattern
	s, p.anchored = strings.CutSuffix(s, "$")
	p.text = normalize(s, true)
	p.loose = looseQuery(p.text)
	p.octets = len(p.text)
	if p.anchored {
		p.octets++
	}
	return p
}

func newTarget(s string) target {
	text := normalize(s, false)
	return target{text: text, loose: looseQuery(text)}
}

// match tries the plain forms first, so that a rule always matches the very text
// it spells, whatever the looser comparison makes of it.
func (p *pattern) match(t target) bool {
	if glob(p.text, p.anchored, t.text) {
		return true
	}
	if p.loose == p.text && t.loose == t.text {
		return false
	}
	return glob(p.loose, p.anchored, t.loose)
}

// glob reports whether pattern, in which "*" stands for any octets, matches the
// start of path, or all of it if anchored. Taking the leftmost place for each
// piece is enough when "*" is the only wildcard, so there is no backtracking.
func glob(pattern string, anchored bool, path string) bool {
	piece, rest, more := strings.Cut(pattern, "*")
	if !strings.HasPrefix(path, piece) {
		return false
	}
	path = path[len(piece):]
	for more {
		piece, rest, more = strings.Cut(rest, "*")
		if !more && anchored {
			return strings.HasSuffix(path, piece)
		}
		i := strings.Index(path, piece)
		if i < 0 {
			return false
		}
		path = path[i+len(piece):]
	}
	return !anchored || path == ""
}

// normalize makes equivalent spellings equal: encoded unreserved characters are
// decoded, everything that is no URL character is encoded, hexadecimal digits are
// upper case. The special characters of a rule are encoded where they are
// literal, which in a path is everywhere.
func normalize(s string, wildcards bool) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		octet, encoded := percent.Decode(s[i:])
		switch {
		case encoded:
			i += 2
			writeOctet(&b, octet, percent.Unreserved(octet))
		case c == '*' && wildcards:
			b.WriteByte(c)
		default:
			writeOctet(&b, c, percent.Unreserved(c) || strings.IndexByte("/?:@[]!&'()+,;=", c) >= 0)
		}
	}
	return b.String()
}

// looseQuery decodes the delimiters that need no encoding within a query. The RFC
// wants ?u=http://x and ?u=http%3A%2F%2Fx to be equal, but not "&" and %26, which
// differ in meaning.
func looseQuery(s string) string {
	path, query, ok := strings.Cut(s, "?")
	if !ok || !strings.Contains(query, "%") {
		return s
	}
	return path + "?" + delimiters.Replace(query)
}

var delimiters = strings.NewReplacer(
	"%2F", "/", "%3A", ":", "%3F", "?", "%40", "@", "%5B", "[", "%5D", "]")

func writeOctet(b *strings.Builder, c byte, plain bool) {
	if plain {
		b.WriteByte(c)
		return
	}
	percent.Write(b, c)
}

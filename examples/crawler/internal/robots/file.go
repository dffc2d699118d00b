package robots

import (
	"slices"
	"strings"
	"time"
)

// MaxSize is how many bytes of a robots.txt [Parse] looks at, the least that
// RFC 9309 allows.
const MaxSize = 500 << 10

// MaxDelay is the longest Crawl-delay that is reported.
const MaxDelay = 365 * 24 * time.Hour

// File is a parsed robots.txt. It does not change after [Parse] and may be used
// by several goroutines at once.
type File struct {
	groups   [][]rule                 // a group is the rules below a run of User-agent lines
	byAgent  map[string][]int         // product token, lower case: indexes into groups
	delays   map[string]time.Duration // product token, lower case
	sitemaps []string
}

// Parse reads a robots.txt. It always succeeds: a line it does not understand is
// skipped, and a body that is no robots.txt at all (an HTML page) has no rules.
//
// Of a longer body only the first [MaxSize] bytes count, without the line that
// the cut goes through: half a rule would forbid or allow too much. A body of
// exactly MaxSize bytes is taken as cut, so a caller may read through an
// io.LimitReader of MaxSize.
func Parse(b []byte) *File {
	text := strings.TrimPrefix(string(cut(b)), "\ufeff")
	p := parser{file: &File{
		byAgent: make(map[string][]int),
		delays:  make(map[string]time.Duration),
	}}
	for text != "" {
		end := strings.IndexAny(text, "\r\n")
		if end < 0 {
			p.line(text)
			break
		}
		p.line(text[:end])
		text = text[end+1:]
	}
	return p.file
}

func cut(b []byte) []byte {
	if len(b) < MaxSize {
		return b
	}
	b = b[:MaxSize]
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] == '\n' || b[i] == '\r' {
			return b[:i]
		}
	}
	return nil
}

// Agent returns the rules for the crawler with that product token, such as
// "ExampleBot". A whole User-Agent value is accepted too: what follows the first
// slash or space is ignored. The empty token and one that no group names get the
// rules of "*".
func (f *File) Agent(product string) Rules {
	token := productToken(product)
	groups, ok := f.byAgent[token]
	if !ok || token == "" {
		token = "*"
		groups = f.byAgent[token]
	}
	var r Rules
	r.delay, r.delayed = f.delays[token]
	for _, i := range groups {
		r.rules = append(r.rules, f.groups[i]...)
	}
	slices.SortStableFunc(r.rules, mostSpecificFirst)
	return r
}

// Sitemaps returns the values of the Sitemap records in file order, as written:
// neither validated nor made absolute. They belong to no group.
func (f *File) Sitemaps() []string {
	return slices.Clone(f.sitemaps)
}

// productToken cuts the version and comment from an agent, which the RFC does not
// allow in robots.txt but which files contain ("Bot/1.0").
func productToken(agent string) string {
	if i := strings.IndexAny(agent, "/ \t"); i >= 0 {
		agent = agent[:i]
	}
	return strings.ToLower(agent)
}

package sitemap

import (
	"bufio"
	"strings"
	"time"
)

// collector fills a Sitemap while the entries go by.
type collector struct {
	sitemap Sitemap
	max     int
	full    bool // an entry came that was one too many
}

// read tells by the first byte what the stream holds.
func (c *collector) read(in *bufio.Reader) error {
	if first, _ := in.Peek(1); string(first) == "<" {
		return c.readXML(in)
	}
	return c.readText(in)
}

// add appends an entry. Both arguments are as in the file.
func (c *collector) add(loc, lastmod string) {
	loc = strings.TrimSpace(loc)
	switch {
	case loc == "" || len(loc) > MaxLoc:
		c.sitemap.Skipped++
	case len(c.sitemap.Entries) == c.max:
		c.full = true
		c.sitemap.Truncated = true
	default:
		c.sitemap.Entries = append(c.sitemap.Entries, Entry{Loc: loc, LastMod: parseDate(lastmod)})
	}
}

// parseDate reads the forms of a W3C date. A date without a time is midnight UTC.
func parseDate(s string) time.Time {
	s = strings.TrimSpace(s)
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02", "2006-01", "2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

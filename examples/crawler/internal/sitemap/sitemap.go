package sitemap

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

// Limits of the protocol, which are the defaults.
const (
	DefaultBytes   = 50 << 20
	DefaultEntries = 50_000
)

// MaxLoc is the length in bytes of the longest URL. The protocol allows 2,047;
// longer ones than MaxLoc are skipped.
const MaxLoc = 4096

// Kind says what a sitemap lists.
type Kind int

// The kinds. Unknown goes with an error.
const (
	Unknown Kind = iota
	URLSet       // XML, pages
	Index        // XML, sitemaps
	Text         // plain text, pages
)

// String returns the name of the XML element, "text" or "unknown".
func (k Kind) String() string {
	switch k {
	case Unknown:
		return "unknown"
	case URLSet:
		return "urlset"
	case Index:
		return "sitemapindex"
	case Text:
		return "text"
	}
	return "sitemap.Kind(" + strconv.Itoa(int(k)) + ")"
}

// Entry is one URL of a sitemap.
type Entry struct {
	Loc     string    // as written, without white space around it; never empty
	LastMod time.Time // in UTC; zero if absent or not a W3C date
}

// Sitemap is what [Parse] read.
type Sitemap struct {
	Kind      Kind
	Entries   []Entry // in file order, repeated if the file repeats them
	Skipped   int     // entries without a URL, or with one longer than MaxLoc
	Truncated bool    // there was more than the limits allow
}

// Limits bounds the work. Zero stands for the default in each field.
type Limits struct {
	// Bytes is the most bytes to read, and to get by decompression; DefaultBytes
	// by default.
	Bytes int64

	// Entries is the most entries to return; DefaultEntries by default.
	Entries int
}

// Validate reports every negative field. The error wraps [ErrLimits].
func (l Limits) Validate() error {
	check := func(field string, n int64) error {
		if n < 0 {
			return fmt.Errorf("%w: %s is %d, want 0 or more", ErrLimits, field, n)
		}
		return nil
	}
	return errors.Join(check("Bytes", l.Bytes), check("Entries", int64(l.Entries)))
}

func (l Limits) withDefaults() Limits {
	if l.Bytes == 0 {
		l.Bytes = DefaultBytes
	}
	if l.Entries == 0 {
		l.Entries = DefaultEntries
	}
	return l
}

// Parse reads a sitemap from r, until its end or a limit. An empty stream is an
// empty [Text] sitemap.
//
// The error wraps [ErrFormat] or [ErrLimits], or what r or the decompression
// returned. In the last case the Sitemap holds what came before.
func Parse(r io.Reader, limits Limits) (Sitemap, error) {
	if err := limits.Validate(); err != nil {
		return Sitemap{}, err
	}
	limits = limits.withDefaults()
	c := collector{max: limits.Entries}
	in, err := open(r, limits.Bytes)
	if err == nil {
		err = c.read(in)
	}
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return c.sitemap, nil
	case errors.Is(err, errCut) && c.sitemap.Kind != Unknown:
		c.sitemap.Truncated = true
		return c.sitemap, nil
	case errors.Is(err, errCut):
		err = fmt.Errorf("%w: no content within the limit", ErrFormat)
	}
	return c.sitemap, fmt.Errorf("read sitemap: %w", err)
}

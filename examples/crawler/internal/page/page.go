package page

import (
	"fmt"
	"net/url"

	"github.com/dcq-go/dcq/examples/crawler/internal/urlnorm"
)

// DefaultMaxLinks is the number of links that a page yields by default.
const DefaultMaxLinks = 20_000

// MaxTitle is the length in bytes of the longest title. Longer ones are cut.
const MaxTitle = 1024

// Document is a page as it was fetched. Only URL is required.
type Document struct {
	// URL is where the body came from, absolute. It need not be canonical.
	URL string

	// ContentType is the value of the Content-Type header. Its charset parameter
	// is all that matters here.
	ContentType string

	// RobotsTags is the values of the X-Robots-Tag headers.
	RobotsTags []string

	// Body is the page in its own encoding. It is not modified.
	Body []byte
}

// Options says how to read a page. The zero value is ready to use.
type Options struct {
	// Agent is the crawler's product token, such as "ExampleBot". Directives that
	// name another robot are ignored. Empty, only those to all robots count.
	Agent string

	// MaxLinks is the most links to return; 0 stands for DefaultMaxLinks.
	MaxLinks int
}

func (o Options) withDefaults() (Options, error) {
	if o.MaxLinks < 0 {
		return o, fmt.Errorf("%w: MaxLinks is %d, want 0 or more", ErrOptions, o.MaxLinks)
	}
	if o.MaxLinks == 0 {
		o.MaxLinks = DefaultMaxLinks
	}
	return o, nil
}

// Page is what [Extract] found.
type Page struct {
	Title     string // white space collapsed, valid UTF-8, at most MaxTitle bytes
	Canonical string // of link rel=canonical, canonical itself; empty if none
	Charset   string // the encoding that was used, such as "utf-8" or "shift_jis"

	NoIndex  bool // the author wants the page out of indexes
	NoFollow bool // the author wants no link followed: Links is empty

	Links []string // canonical URLs in page order, each once

	Withheld int // references left out because of rel=nofollow or NoFollow
	Refused  int // references that are no web pages: mailto:, javascript:, too long
	Dropped  int // references left out because Links was full
}

// Extract reads a document. The error wraps [ErrURL] or [ErrOptions], and the Page
// is then empty.
func Extract(d Document, o Options) (Page, error) {
	o, err := o.withDefaults()
	if err != nil {
		return Page{}, err
	}
	base, err := canonicalURL(nil, d.URL)
	if err != nil {
		return Page{}, fmt.Errorf("%w: %w", ErrURL, err)
	}
	body, name := decode(d.Body, d.ContentType)
	c := collector{
		page: Page{Charset: name},
		base: findBase(base, body),
		opts: o,
		seen: make(map[string]struct{}),
	}
	for _, tag := range d.RobotsTags {
		c.robotsTag(tag)
	}
	c.read(body)
	return c.finish(), nil
}

func canonicalURL(base *url.URL, ref string) (*url.URL, error) {
	s, err := urlnorm.Canonical(base, ref)
	if err != nil {
		return nil, err
	}
	return url.Parse(s)
}

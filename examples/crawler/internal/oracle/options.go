package oracle

import (
	"errors"
	"fmt"
	"strings"
)

// Options of a Walk. The zero value walks from "/" and obeys no robots.txt.
type Options struct {
	// Start is the path the walk begins at; empty means "/".
	Start string

	// Origin is where the site is served, "http://127.0.0.2:8080". Absolute
	// links to it count as links within the site. Empty means that all absolute
	// links leave the site.
	Origin string

	// Disallow has the path prefixes that robots.txt forbids.
	Disallow []string

	// Sitemap says that the crawler reads the generated sitemap: every HTML file
	// of the directory is then a start as well.
	Sitemap bool

	// Elements says which attribute of which element is a link, in lower case;
	// nil means href of a and area, src of iframe and frame.
	Elements map[string]string

	// NoRefresh ignores the targets of meta refresh.
	NoRefresh bool

	// FollowNofollow ignores rel=nofollow and the robots meta element.
	FollowNofollow bool

	// MaxBody is how many bytes of a page the crawler reads; links behind it do
	// not count. Zero means 64 MiB.
	MaxBody int64

	// MaxURLs bounds the walk; zero means 1,000,000.
	MaxURLs int
}

func (o Options) withDefaults() Options {
	if o.Start == "" {
		o.Start = "/"
	}
	if o.Elements == nil {
		o.Elements = map[string]string{"a": "href", "area": "href", "iframe": "src", "frame": "src"}
	}
	if o.MaxBody == 0 {
		o.MaxBody = 64 << 20
	}
	if o.MaxURLs == 0 {
		o.MaxURLs = 1_000_000
	}
	return o
}

func (o Options) validate() error {
	var faults []error
	if o.Start != "" && !strings.HasPrefix(o.Start, "/") {
		faults = append(faults, fmt.Errorf("Start %q does not begin with a slash", o.Start))
	}
	if o.Origin != "" && !originPattern.MatchString(o.Origin) {
		faults = append(faults, fmt.Errorf("Origin %q is not of the form http://host:port", o.Origin))
	}
	if o.MaxBody < 0 {
		faults = append(faults, fmt.Errorf("MaxBody %d is negative", o.MaxBody))
	}
	if o.MaxURLs < 0 {
		faults = append(faults, fmt.Errorf("MaxURLs %d is negative", o.MaxURLs))
	}
	return errors.Join(faults...)
}

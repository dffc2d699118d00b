package oracle

import (
	"fmt"
	"maps"
	"slices"
)

// An Outcome is what a URL turns out to be.
type Outcome string

// The outcomes of asking for a URL; Disallowed ones must not be asked for.
const (
	HTML       Outcome = "html"       // 200, a page whose links are followed
	Other      Outcome = "other"      // 200, something else
	Missing    Outcome = "missing"    // 404
	Redirect   Outcome = "redirect"   // 301 to Page.Target
	Disallowed Outcome = "disallowed" // forbidden by robots.txt
)

// A Page is what is known of one URL.
type Page struct {
	Outcome Outcome

	// Target is where a Redirect leads, in canonical form.
	Target string

	// Links is the number of links on an HTML page that stay within the site,
	// repeated ones counted each time.
	Links int
}

// Expected is what a correct crawl of a site finds.
type Expected struct {
	// Pages has every URL that is reached, as path and query in canonical form.
	Pages map[string]Page

	// Links is the number of links within the site over all pages, repeated
	// ones counted each time.
	Links int
}

// URLs returns the URLs of one outcome, sorted.
func (e *Expected) URLs(o Outcome) []string {
	var urls []string
	for url, p := range e.Pages {
		if p.Outcome == o {
			urls = append(urls, url)
		}
	}
	slices.Sort(urls)
	return urls
}

// Count returns how many URLs have the outcome.
func (e *Expected) Count(o Outcome) int {
	return len(e.URLs(o))
}

// A Difference is a URL on which a crawl and the oracle disagree. An empty
// Outcome stands for a URL that was not reached.
type Difference struct {
	URL       string
	Got, Want Outcome
}

// String returns the difference on one line.
func (d Difference) String() string {
	return fmt.Sprintf("%s: got %q, want %q", d.URL, d.Got, d.Want)
}

// Diff compares what a crawler recorded, by path and query, with what is
// expected, and returns the differences sorted by URL; none if the crawl was
// correct.
func (e *Expected) Diff(got map[string]Outcome) []Difference {
	all := map[string]bool{}
	for url := range got {
		all[url] = true
	}
	for url := range e.Pages {
		all[url] = true
	}
	var diffs []Difference
	for _, url := range slices.Sorted(maps.Keys(all)) {
		if want := e.Pages[url].Outcome; got[url] != want {
			diffs = append(diffs, Difference{url, got[url], want})
		}
	}
	return diffs
}

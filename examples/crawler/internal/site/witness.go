package site

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A Witness is a list of requests in the order of their starts, as ReadLog
// gives it, and what can be told from them. Its methods change nothing.
type Witness []Access

// Hosts returns the hosts that were asked, sorted.
func (w Witness) Hosts() []string {
	seen := map[string]bool{}
	for _, a := range w {
		seen[a.Host] = true
	}
	hosts := make([]string, 0, len(seen))
	for h := range seen {
		hosts = append(hosts, h)
	}
	slices.Sort(hosts)
	return hosts
}

// Filter returns the requests that keep wants.
func (w Witness) Filter(keep func(Access) bool) Witness {
	var kept Witness
	for _, a := range w {
		if keep(a) {
			kept = append(kept, a)
		}
	}
	return kept
}

// Of returns the requests to one host.
func (w Witness) Of(host string) Witness {
	return w.Filter(func(a Access) bool { return a.Host == host })
}

// Pages returns the requests other than those for /robots.txt, which a crawler
// may put in front of a page without a pause.
func (w Witness) Pages() Witness {
	return w.Filter(func(a Access) bool { return !isRobots(a.Path) })
}

// Closest returns the two successive requests to the host that started closest
// to each other; false if there were fewer than two.
func (w Witness) Closest(host string) (first, second Access, ok bool) {
	of := w.Of(host)
	for i := 1; i < len(of); i++ {
		if !ok || of[i].Start-of[i-1].Start < second.Start-first.Start {
			first, second, ok = of[i-1], of[i], true
		}
	}
	return first, second, ok
}

// MinSpacing returns for each host with two requests or more the shortest time
// between the starts of two of them. Call it on Pages to leave robots.txt out.
func (w Witness) MinSpacing() map[string]time.Duration {
	spacing := map[string]time.Duration{}
	for _, host := range w.Hosts() {
		if first, second, ok := w.Closest(host); ok {
			spacing[host] = second.Start - first.Start
		}
	}
	return spacing
}

// MaxInFlight returns for each host how many of its requests ran at the same
// time at most. A request that starts when another ends does not overlap it. One whose
// client has gone counts only where it starts: the server learns of that late.
func (w Witness) MaxInFlight() map[string]int {
	most := map[string]int{}
	for _, host := range w.Hosts() {
		most[host] = maxOverlap(w.Of(host))
	}
	return most
}

// maxOverlap sweeps over the starts and ends in the order of time.
func maxOverlap(w Witness) int {
	type edge struct {
		at   time.Duration
		step int
	}
	var edges []edge
	for _, a := range w {
		end := a.End
		if a.Aborted {
			end = a.Start
		}
		edges = append(edges, edge{a.Start, +1}, edge{max(end, a.Start+1), -1})
	}
	slices.SortFunc(edges, func(a, b edge) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.step, b.step))
	})
	running, most := 0, 0
	for _, e := range edges {
		running += e.step
		most = max(most, running)
	}
	return most
}

// Disallowed returns the requests whose path begins with one of the prefixes
// given for their site's name. It compares bytes: write prefixes without
// wildcards and escapes.
func (w Witness) Disallowed(prefixes map[string][]string) Witness {
	return w.Filter(func(a Access) bool {
		return !isRobots(a.Path) && slices.ContainsFunc(prefixes[a.Site], func(p string) bool {
			return strings.HasPrefix(a.Path, p)
		})
	})
}

// A Duplicate is a path that was fetched more than once.
type Duplicate struct {
	Host  string
	Path  string
	Count int // how often, at least 2
}

// Duplicates returns the paths that were answered with 200 to more than one
// GET, /robots.txt excepted, sorted by host and path. A revalidation that ended
// in 304 is not a fetch; an answer that was cut off is one.
func (w Witness) Duplicates() []Duplicate {
	type page struct{ host, path string }
	count := map[page]int{}
	for _, a := range w.Pages() {
		if a.Method == http.MethodGet && a.Status == http.StatusOK {
			count[page{a.Host, a.Path}]++
		}
	}
	var twice []Duplicate
	for p, n := range count {
		if n > 1 {
			twice = append(twice, Duplicate{p.host, p.path, n})
		}
	}
	slices.SortFunc(twice, func(a, b Duplicate) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Path, b.Path))
	})
	return twice
}

// Statuses returns how often each status was answered: 304 is what a second
// crawl of unchanged pages should get.
func (w Witness) Statuses() map[int]int {
	count := map[int]int{}
	for _, a := range w {
		count[a.Status]++
	}
	return count
}

func isRobots(p string) bool {
	p, _, _ = strings.Cut(p, "?")
	return p == robotsPath
}

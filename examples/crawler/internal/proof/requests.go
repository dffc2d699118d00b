package proof

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/oracle"
	"github.com/dcq-go/dcq/examples/crawler/internal/site"
)

// Spaced checks that no two requests to a site, robots.txt included, started
// closer together than its delay, whichever processes made them.
func (c Case) Spaced(delays map[string]time.Duration) Check {
	var faults []string
	spacing := c.Log.MinSpacing()
	least := time.Duration(-1)
	for _, host := range c.Log.Hosts() {
		got, ok := spacing[host]
		if !ok {
			continue
		}
		if least < 0 || got < least {
			least = got
		}
		if want := delays[c.name(host)]; got < want {
			a, b, _ := c.Log.Closest(host)
			faults = append(faults, fmt.Sprintf("%s: %v between %s and %s, want %v", host, got, a.Path, b.Path, want))
		}
	}
	return verdict("spacing of requests", fmt.Sprintf("%d requests to %d hosts, never closer than %v, all processes together", len(c.Log), len(c.Log.Hosts()), least.Round(time.Microsecond)), faults)
}

// OneAtATime checks that no host had two requests in flight.
func (c Case) OneAtATime() Check {
	var faults []string
	flights := c.Log.MaxInFlight()
	for _, host := range c.Log.Hosts() {
		if flights[host] > 1 {
			faults = append(faults, fmt.Sprintf("%s: %d at once", host, flights[host]))
		}
	}
	return verdict("one request a host", "at a time, all processes together", faults)
}

// Allowed checks that nothing was asked for that robots.txt forbids, given as
// prefixes by site.
func (c Case) Allowed(disallow map[string][]string) Check {
	var faults []string
	for _, a := range c.Log.Disallowed(disallow) {
		faults = append(faults, a.Site+" "+a.Path)
	}
	n := 0
	for _, prefixes := range disallow {
		n += len(prefixes)
	}
	return verdict("robots.txt", fmt.Sprintf("none of %d forbidden directories was entered", n), faults)
}

// Once checks that the pages of the sets were fetched once, but for those that a
// killed process was busy with.
func (c Case) Once(sets []Set) Check {
	var faults []string
	again := 0
	for _, d := range c.of(sets).Duplicates() {
		again += d.Count - 1
		url := "http://" + d.Host + d.Path
		if !slices.Contains(c.InFlight, url) {
			faults = append(faults, fmt.Sprintf("%s was fetched %d times", url, d.Count))
		}
	}
	if again > len(c.InFlight) {
		faults = append(faults, fmt.Sprintf("%d pages were fetched again", again))
	}
	return verdict("fetched once", fmt.Sprintf("%d fetched again, %d in flight at the kill", again, len(c.InFlight)), faults)
}

// Unchanged checks, with the log of a second run, that everything that is there was
// asked for and answered by 304 without a body.
func (c Case) Unchanged(sets []Set) Check {
	log := c.of(sets)
	want := 0
	for _, s := range sets {
		want += s.Expected.Count(oracle.HTML) + s.Expected.Count(oracle.Other)
	}
	var faults []string
	bytes := int64(0)
	for _, a := range log {
		switch a.Status {
		case http.StatusNotModified:
			bytes += a.Bytes
		case http.StatusNotFound, http.StatusMovedPermanently:
		default:
			faults = append(faults, fmt.Sprintf("%s: %d, %d bytes", a.Path, a.Status, a.Bytes))
		}
	}
	got := log.Statuses()[http.StatusNotModified]
	if got != want {
		faults = append(faults, fmt.Sprintf("%d answers 304, want %d", got, want))
	}
	if bytes != 0 {
		faults = append(faults, fmt.Sprintf("%d bytes of bodies", bytes))
	}
	return verdict("second run", fmt.Sprintf("%d of %d unchanged pages answered 304, %d bytes of bodies", got, want, bytes), faults)
}

// of returns the requests to the sets.
func (c Case) of(sets []Set) site.Witness {
	return c.Log.Filter(func(a site.Access) bool {
		return slices.ContainsFunc(sets, func(s Set) bool { return s.Name == a.Site })
	})
}

// name is the site of a host.
func (c Case) name(host string) string {
	for name, origin := range c.Origins {
		if origin == "http://"+host {
			return name
		}
	}
	return ""
}

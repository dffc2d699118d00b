package proof

import (
	"context"
	"errors"
	"fmt"

	"github.com/dcq-go/dcq/examples/crawler/internal/fixture"
	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
	"github.com/dcq-go/dcq/examples/crawler/internal/oracle"
	"github.com/dcq-go/dcq/examples/crawler/internal/site"
	"github.com/dcq-go/dcq/examples/crawler/internal/urlnorm"
)

// Set is a site that is a directory, with what a crawl of it must find.
type Set struct {
	Name     string
	Expected *oracle.Expected
}

// Case is a crawl to be judged.
type Case struct {
	Frontier *frontier.Frontier
	Origins  site.Origins
	Log      site.Witness

	// InFlight has the URLs that processes were busy with when they were killed:
	// these may have been asked for once more than otherwise.
	InFlight []string
}

// answers are the oracle's outcomes for ours.
var answers = map[frontier.Outcome]oracle.Outcome{
	frontier.Stored:     oracle.HTML,
	frontier.Other:      oracle.Other,
	frontier.Missing:    oracle.Missing,
	frontier.Redirected: oracle.Redirect,
	frontier.Disallowed: oracle.Disallowed,
}

// Complete checks that the records are those of the sets, each URL once and with
// the right outcome, none missing and none too many.
func (c Case) Complete(ctx context.Context, sets []Set) (Check, error) {
	got := make(map[string]map[string]oracle.Outcome)
	for p, err := range c.Frontier.Pages(ctx) {
		if err != nil {
			return Check{}, fmt.Errorf("read the records: %w", err)
		}
		if got[p.Host] == nil {
			got[p.Host] = make(map[string]oracle.Outcome)
		}
		answer, ok := answers[p.Outcome]
		if !ok {
			answer = oracle.Outcome("crawler: " + string(p.Outcome) + " " + p.Reason)
		}
		got[p.Host][urlnorm.PathQuery(p.URL)] = answer
	}
	var faults []string
	urls, pages := 0, 0
	for _, set := range sets {
		urls += len(set.Expected.Pages)
		pages += set.Expected.Count(oracle.HTML)
		for _, d := range set.Expected.Diff(got[c.Origins[set.Name]]) {
			faults = append(faults, set.Name+": "+d.String())
		}
	}
	return verdict("every page, once", fmt.Sprintf("%d URLs, of them %d pages, as the files say", urls, pages), faults), nil
}

// rightCases are the fixture's outcomes for ours.
var rightCases = map[frontier.Outcome][]fixture.Outcome{
	frontier.Stored:     {fixture.Stored, fixture.RetriedThenStored},
	frontier.Other:      {fixture.FailedPermanent, fixture.Stored},
	frontier.Missing:    {fixture.FailedPermanent},
	frontier.Failed:     {fixture.FailedPermanent},
	frontier.Redirected: {fixture.Redirected},
	frontier.GaveUp:     {fixture.GaveUp},
	frontier.Disallowed: {fixture.SkippedRobots},
	frontier.Skipped:    {fixture.SkippedRobots},
}

// Nasty checks that the hosts of the fixture were dealt with as they deserve, by
// the records and by the requests.
func (c Case) Nasty(ctx context.Context, f *fixture.Fixture) (Check, error) {
	var faults []string
	for _, one := range fixture.Cases {
		p, err := c.Frontier.Page(ctx, c.Origins[one.Host]+one.Path)
		if err != nil && !errors.Is(err, frontier.ErrUnknown) {
			return Check{}, err
		}
		if !right(one, p, err == nil) {
			faults = append(faults, fmt.Sprintf("%s %.80s is recorded as %q (%s), want %q: %s", one.Host, one.Path, p.Outcome, p.Reason, one.Want, one.What))
		}
	}
	for _, fault := range f.Judge(c.withoutKilled()) {
		faults = append(faults, fault.String())
	}
	for _, path := range f.Early() {
		faults = append(faults, "asked for before Retry-After allowed it: "+path)
	}
	return verdict("nasty hosts", fmt.Sprintf("%d cases", len(fixture.Cases)), faults), nil
}

func right(one fixture.Case, p frontier.Page, known bool) bool {
	if !known {
		return one.Right(fixture.NeverFetched)
	}
	for _, o := range rightCases[p.Outcome] {
		if one.Right(o) {
			return true
		}
	}
	return false
}

// withoutKilled returns the log without the first of several requests for each URL
// that a killed process was busy with: the fixture counts on a crawl without kills.
func (c Case) withoutKilled() site.Witness {
	requests := make(map[string]int)
	for _, a := range c.Log {
		requests[urlOf(a)]++
	}
	excuse := make(map[string]bool)
	for _, u := range c.InFlight {
		excuse[u] = requests[u] > 1
	}
	return c.Log.Filter(func(a site.Access) bool {
		excused := excuse[urlOf(a)]
		delete(excuse, urlOf(a))
		return !excused
	})
}

func urlOf(a site.Access) string { return "http://" + a.Host + a.Path }

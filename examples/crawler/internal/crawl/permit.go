package crawl

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
	"github.com/dcq-go/dcq/examples/crawler/internal/robots"
	"github.com/dcq-go/dcq/examples/crawler/internal/urlnorm"
	"github.com/dcq-go/dcq/queue"
)

// maxCrashes is how many processes may die or hang over a job, which may be what kills
// them, until it is given up.
const maxCrashes = 5

// permit is the answer to the question whether a job may send its request now.
type permit struct {
	granted bool
	host    frontier.Host
	delay   time.Duration // until the next request to the host

	// refused and reason say why there will be no request. If they are empty and
	// nothing is granted, the job was given back, for another time.
	refused frontier.Outcome
	reason  string
}

// permit looks at everything that may stand against the request of a job, and
// reserves the host for it.
func (c *Crawler) permit(ctx context.Context, job *queue.Job[frontier.Job]) (p permit, err error) {
	if job.Crashes >= maxCrashes {
		p.refused, p.reason = frontier.GaveUp, fmt.Sprintf("its process died or hung %d times", job.Crashes)
		return p, nil
	}
	if job.Payload.Kind == frontier.PageJob && !c.scope.Holds(job.Payload.URL) {
		p.refused, p.reason = frontier.Skipped, "not in scope"
		return p, nil
	}
	now := c.now()
	if p.host, err = c.frontier.Host(ctx, job.Payload.Host()); err != nil {
		return p, err
	}
	if p.host.ClosedUntil.After(now) {
		p.refused, p.reason = frontier.Skipped, p.host.ClosedWhy
		return p, nil
	}
	rules, host, err := c.rules(ctx, p.host)
	var wait *laterError
	if errors.As(err, &wait) {
		return p, c.stepBack(ctx, job, wait)
	}
	p.host = host
	if p.refused, p.reason, err = c.forbidden(rules, err, host, job.Payload.URL); err != nil || p.refused != "" {
		return p, err
	}
	p.delay = c.delay(p.host)
	p.host, p.granted, err = c.frontier.Reserve(ctx, job, p.delay)
	return p, err
}

// forbidden tells whether the host's robots.txt, or the error in its place, is against a
// request.
func (c *Crawler) forbidden(rules robots.Rules, err error, h frontier.Host, url string) (frontier.Outcome, string, error) {
	switch {
	case errors.Is(err, errNoRobots):
		return frontier.Disallowed, err.Error(), nil
	case err != nil:
		return "", "", err
	case !rules.Allowed(urlnorm.PathQuery(url)):
		return frontier.Disallowed, "", nil
	case h.CrawlDelay > c.settings.MaxDelay:
		return frontier.Skipped, fmt.Sprintf("robots.txt asks for a Crawl-delay of %v, more than %v", h.CrawlDelay, c.settings.MaxDelay), nil
	}
	return "", "", nil
}

// delay is how long to wait between two requests to a host. One that asks for too
// much gets no more requests but for robots.txt.
func (c *Crawler) delay(h frontier.Host) time.Duration {
	if h.CrawlDelay > c.settings.MaxDelay {
		return c.settings.DelayFor(h.Name, 0)
	}
	return c.settings.DelayFor(h.Name, h.CrawlDelay)
}

package crawl

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/fetch"
	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
	"github.com/dcq-go/dcq/examples/crawler/internal/robots"
	"github.com/dcq-go/dcq/examples/crawler/internal/urlnorm"
	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

const (
	robotsTries     = 3
	robotsRedirects = 5
	robotsTime      = 24 * time.Hour // the longest that RFC 9309 allows
	robotsDownTime  = time.Hour      // after which to ask again what could not be had
	robotsSitemaps  = 20             // Sitemap lines that are looked at
)

// robots asks for the robots.txt of a host, where it is or where redirects lead.
func (c *Crawler) robots(ctx context.Context, job *queue.Job[frontier.Job]) error {
	p, err := c.permit(ctx, job)
	if err != nil {
		return err
	}
	if p.refused != "" {
		return c.setRobots(ctx, job, frontier.Robots{Why: p.reason}, nil)
	}
	if !p.granted {
		return nil
	}
	x, err := c.client.Do(ctx, fetch.Request{URL: job.Payload.URL, MaxBody: robots.MaxSize})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	host := c.settled(p, x, err)
	c.log.Debug("asked for robots.txt", "host", job.Payload.For, "url", job.Payload.URL, "status", x.Status, "error", err)
	if err == nil && isRedirect(x.Status) && job.Payload.Redirects < robotsRedirects {
		if target, err := location(job.Payload.URL, x); err == nil {
			return c.moveRobots(ctx, job, target, host)
		}
	}
	r := frontier.Robots{Status: x.Status, Body: x.Body}
	if err != nil {
		r = frontier.Robots{}
	}
	if robots.FromStatus(r.Status) == robots.DisallowEverything {
		r.Why = statusText(x.Status, err)
		final := errors.Is(err, fetch.ErrRefused) || host.ClosedUntil.After(c.now())
		if !final && job.Attempt < robotsTries {
			return c.robotsAgain(ctx, job, r.Why, host)
		}
	}
	return c.setRobots(ctx, job, r, &host)
}

// moveRobots follows a redirect of a robots.txt, by a job: it may lead to another
// host, which is as busy as any.
func (c *Crawler) moveRobots(ctx context.Context, job *queue.Job[frontier.Job], target string, host frontier.Host) error {
	next := job.Payload
	next.URL, next.Redirects = target, next.Redirects+1
	return c.frontier.DB().Batch(ctx, true, func(tx *store.Tx) error {
		if err := job.CheckTx(tx); err != nil {
			return err
		}
		if err := c.settleTx(tx, &host, frontier.Counts{Requests: 1}); err != nil {
			return err
		}
		if err := c.frontier.MoveRobotsTx(tx, next); err != nil {
			return err
		}
		return job.AckTx(tx)
	})
}

// robotsAgain gives the job back. If it asks the host whose file it is, nothing
// else of the host may run before: the host waits, and the job keeps its place.
func (c *Crawler) robotsAgain(ctx context.Context, job *queue.Job[frontier.Job], why string, host frontier.Host) error {
	pause := c.backoff(job.Attempt)
	if job.Payload.Host() == job.Payload.For {
		host.NextStart = later(host.NextStart, c.now().Add(pause))
		pause = 0
	}
	return c.frontier.DB().Batch(ctx, true, func(tx *store.Tx) error {
		if err := job.CheckTx(tx); err != nil {
			return err
		}
		if err := c.settleTx(tx, &host, frontier.Counts{Requests: 1, Retries: 1}); err != nil {
			return err
		}
		return job.NackAfterTx(tx, errReason(why), pause)
	})
}

// setRobots keeps the answer and pushes the sitemaps that it names. Host is the one
// that was asked, nil if none was.
func (c *Crawler) setRobots(ctx context.Context, job *queue.Job[frontier.Job], r frontier.Robots, host *frontier.Host) error {
	now := c.now()
	r.Host, r.Fetched = job.Payload.For, now
	until := now.Add(robotsTime)
	decision := robots.FromStatus(r.Status)
	if decision == robots.DisallowEverything {
		until = now.Add(robotsDownTime)
	}
	if decision != robots.ParseBody {
		r.Body = nil
	}
	delay, _ := decision.Rules(r.Body, c.settings.Agent).CrawlDelay()
	sitemaps := c.sitemapsOf(job.Payload, r.Body)
	if host != nil && host.Name == r.Host && delay <= c.settings.MaxDelay {
		host.Delay = c.settings.DelayFor(host.Name, delay)
		host.NextStart = host.NextStart.Add(max(host.Delay-c.delay(*host), 0)) // the pause it asks for begins now
	}
	return c.frontier.DB().Batch(ctx, true, func(tx *store.Tx) error {
		if err := job.CheckTx(tx); err != nil {
			return err
		}
		counts := frontier.Counts{}
		if host != nil {
			counts = frontier.Counts{Requests: 1, Bytes: int64(len(r.Body))}
		}
		if err := c.settleTx(tx, host, counts); err != nil {
			return err
		}
		if err := c.frontier.SetRobotsTx(tx, r, delay, until); err != nil {
			return err
		}
		for _, j := range sitemaps {
			if err := c.frontier.AdmitSitemapTx(tx, j); err != nil {
				return err
			}
		}
		return job.AckTx(tx)
	})
}

// sitemapsOf returns jobs for the sitemaps that a robots.txt names.
func (c *Crawler) sitemapsOf(j frontier.Job, body []byte) (jobs []frontier.Job) {
	if c.settings.NoSitemaps || len(body) == 0 {
		return nil
	}
	base, err := url.Parse(j.For + "/")
	if err != nil {
		return nil
	}
	named := robots.Parse(body).Sitemaps()
	for _, ref := range named[:min(len(named), robotsSitemaps)] {
		if u, err := urlnorm.Canonical(base, ref); err == nil && c.mayList(u, j.For) {
			jobs = append(jobs, frontier.Job{Kind: frontier.SitemapJob, URL: u, For: j.For})
		}
	}
	return jobs
}

// mayList reports whether a URL may be asked for as a sitemap of a host: it is
// there, or in scope.
func (c *Crawler) mayList(url, host string) bool {
	return urlnorm.GroupKey(url) == host || c.scope.Holds(url)
}

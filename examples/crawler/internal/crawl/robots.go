package crawl

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/fetch"
	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
	"github.com/dcq-go/dcq/examples/crawler/internal/robots"
	"github.com/dcq-go/dcq/examples/crawler/internal/urlnorm"
	"github.com/dcq-go/dcq/memo"
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

// robotsFile is what a server said when it was asked for a robots.txt.
type robotsFile struct {
	Status int       `json:"status"`
	Target string    `json:"target,omitempty"` // of a redirect
	Body   []byte    `json:"body,omitempty"`
	Asked  time.Time `json:"asked"`
}

// openRobots returns the memory of askRobots, by URL, for all processes. Nothing is asked
// for before its time and in the background: that is for those who have a job of the host.
// What was refused as private is no answer for those who may go there.
func (c *Crawler) openRobots(ctx context.Context) (*memo.Func[string, robotsFile], error) {
	name := "crawl/robots"
	if c.settings.Private {
		name += "/private"
	}
	return memo.Open(ctx, c.frontier.DB(), name, c.askRobots, memo.Options[string, robotsFile]{
		TTL: robotsTime, Jitter: -1, Beta: -1,
		Negative: []error{errNoRobots}, NegativeTTL: robotsDownTime,
	})
}

// errNoRobots is the cause of errors that forbid everything, and are remembered.
var errNoRobots = errors.New("robots.txt cannot be had")

// laterError says that a job has to wait for a robots.txt.
type laterError struct {
	until time.Time
	ask   string // what another host is to be asked for; empty for none
}

func (e *laterError) Error() string { return fmt.Sprintf("robots.txt is not known before %v", e.until) }

// askRobots asks for a robots.txt, once. It returns a laterError if the host may not be
// asked now, or did not answer well and is to be asked again.
func (c *Crawler) askRobots(ctx context.Context, url string) (file robotsFile, err error) {
	host, err := c.frontier.Host(ctx, urlnorm.GroupKey(url))
	if err != nil {
		return file, err
	}
	if host.ClosedUntil.After(c.now()) {
		return file, fmt.Errorf("%w: %s", errNoRobots, host.ClosedWhy)
	}
	delay := c.delay(host)
	if host, err = c.reserveRobots(ctx, host.Name, delay); err != nil {
		return file, err
	}
	x, err := c.client.Do(ctx, fetch.Request{URL: url, MaxBody: robots.MaxSize})
	if ctx.Err() != nil {
		return file, context.Cause(ctx)
	}
	c.log.Debug("asked for robots.txt", "url", url, "status", x.Status, "error", err)
	host = c.settled(host, delay, x, err)
	counts := frontier.Counts{Requests: 1, Bytes: int64(len(x.Body))}
	file, err = c.readRobots(url, &host, x, err)
	if errors.As(err, new(*laterError)) {
		counts.Retries = 1
	}
	settleErr := c.frontier.DB().Batch(ctx, true, func(tx *store.Tx) error { return c.settleTx(tx, &host, counts) })
	return file, errors.Join(settleErr, err)
}

// reserveRobots takes the host's throttle, or returns a laterError.
func (c *Crawler) reserveRobots(ctx context.Context, name string, delay time.Duration) (host frontier.Host, err error) {
	err = c.frontier.DB().Batch(ctx, false, func(tx *store.Tx) error {
		var early time.Duration
		host, early, err = c.frontier.ReserveTx(tx, name, delay)
		if err == nil && early > 0 {
			err = &laterError{until: tx.Now().Add(early)}
		}
		return err
	})
	return host, err
}

// readRobots makes of an answer what is to be remembered. What fails for the time being
// is tried again, while the host waits.
func (c *Crawler) readRobots(url string, host *frontier.Host, x *fetch.Exchange, err error) (robotsFile, error) {
	file := robotsFile{Status: x.Status, Asked: x.Reached}
	decision := robots.FromStatus(x.Status)
	switch {
	case err != nil, decision == robots.DisallowEverything:
		host.RobotsTries++
		if host.RobotsTries < robotsTries && !errors.Is(err, fetch.ErrRefused) {
			host.NextStart = later(host.NextStart, c.now().Add(c.backoff(host.RobotsTries)))
			return file, &laterError{until: host.NextStart}
		}
		host.RobotsTries = 0
		return file, fmt.Errorf("%w: %s", errNoRobots, statusText(x.Status, err))
	case isRedirect(x.Status):
		file.Target, _ = location(url, x) // without one it counts as not there
	case decision == robots.ParseBody:
		file.Body = x.Body
	}
	host.RobotsTries = 0
	return file, nil
}

// robotsOf returns the robots.txt of a host, where it is or where redirects lead.
func (c *Crawler) robotsOf(ctx context.Context, host string) (file robotsFile, err error) {
	at := host + "/robots.txt"
	for range 1 + robotsRedirects {
		if urlnorm.GroupKey(at) == host {
			file, err = c.robots.Get(ctx, at)
		} else if file, _, err = c.robots.Peek(ctx, at); errors.Is(err, memo.ErrNotFound) {
			err = &laterError{ask: at}
		}
		if err != nil || file.Target == "" {
			break
		}
		at = file.Target
	}
	return file, err
}

// rules returns what a host's robots.txt says, and the host that goes by it.
func (c *Crawler) rules(ctx context.Context, host frontier.Host) (robots.Rules, frontier.Host, error) {
	file, err := c.robotsOf(ctx, host.Name)
	if err != nil {
		return robots.Rules{}, host, err
	}
	rules := robots.FromStatus(file.Status).Rules(file.Body, c.settings.Agent)
	if !file.Asked.Equal(host.Rules) {
		host, err = c.adopt(ctx, host.Name, file, rules)
	}
	return rules, host, err
}

// adopt makes a host go by a robots.txt that is new: its delay begins now, and the
// sitemaps that it names are to be read.
func (c *Crawler) adopt(ctx context.Context, name string, file robotsFile, rules robots.Rules) (host frontier.Host, err error) {
	sitemaps := c.sitemapsOf(name, file.Body)
	err = c.frontier.DB().Batch(ctx, true, func(tx *store.Tx) error {
		if host, err = c.frontier.HostTx(tx, name); err != nil {
			return err
		}
		before := c.delay(host)
		host.Rules = file.Asked
		host.CrawlDelay, _ = rules.CrawlDelay()
		host.Delay = c.delay(host)
		host.NextStart = host.NextStart.Add(max(host.Delay-before, 0))
		if err := c.frontier.SettleTx(tx, host); err != nil {
			return err
		}
		for _, j := range sitemaps {
			if err := c.frontier.AdmitSitemapTx(tx, j); err != nil {
				return err
			}
		}
		return nil
	})
	return host, err
}

// robotsJob asks a host for what the robots.txt of another leads to.
func (c *Crawler) robotsJob(ctx context.Context, job *queue.Job[frontier.Job]) error {
	_, err := c.robots.Get(ctx, job.Payload.URL)
	var wait *laterError
	switch {
	case errors.As(err, &wait):
		return c.stepBack(ctx, job, wait)
	case err != nil && !errors.Is(err, errNoRobots):
		return err
	}
	return job.Ack(ctx)
}

// stepBack gives a job back that has to wait.
func (c *Crawler) stepBack(ctx context.Context, job *queue.Job[frontier.Job], wait *laterError) error {
	return c.frontier.DB().Batch(ctx, true, func(tx *store.Tx) error {
		if wait.ask != "" {
			return c.frontier.AwaitTx(tx, job, wait.ask)
		}
		return c.frontier.StepBackTx(tx, job, wait.until)
	})
}

// sitemapsOf returns jobs for the sitemaps that the robots.txt of a host names.
func (c *Crawler) sitemapsOf(host string, body []byte) (jobs []frontier.Job) {
	if c.settings.NoSitemaps || len(body) == 0 {
		return nil
	}
	base, err := url.Parse(host + "/")
	if err != nil {
		return nil
	}
	named := robots.Parse(body).Sitemaps()
	for _, ref := range named[:min(len(named), robotsSitemaps)] {
		if u, err := urlnorm.Canonical(base, ref); err == nil && c.mayList(u, host) {
			jobs = append(jobs, frontier.Job{Kind: frontier.SitemapJob, URL: u, For: host})
		}
	}
	return jobs
}

// mayList reports whether a URL may be asked for as a sitemap of a host: it is
// there, or in scope.
func (c *Crawler) mayList(url, host string) bool {
	return urlnorm.GroupKey(url) == host || c.scope.Holds(url)
}

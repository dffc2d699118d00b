package crawl

import (
	"context"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/dcq-go/dcq/examples/crawler/internal/fetch"
	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
	"github.com/dcq-go/dcq/examples/crawler/internal/settings"
	"github.com/dcq-go/dcq/memo"
	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/worker"
)

// Crawler does the jobs of a crawl by the settings that the store had when it was
// made. Its methods may be called from any goroutine.
type Crawler struct {
	frontier *frontier.Frontier
	settings settings.Settings
	scope    *settings.Scope
	client   *fetch.Client
	robots   *memo.Func[string, robotsFile]
	log      hclog.Logger
}

// New returns a crawler for the crawl in the store. It returns
// frontier.ErrNoCrawl if there is none. Close it when done.
func New(ctx context.Context, f *frontier.Frontier) (*Crawler, error) {
	s, seeds, err := f.Settings(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.Validate(); err != nil {
		return nil, err
	}
	scope, err := settings.NewScope(s, seeds)
	if err != nil {
		return nil, err
	}
	client := fetch.New(fetch.Options{
		UserAgent: s.UserAgent(), Timeout: s.Timeout, MaxBody: s.MaxBody, Private: s.Private,
		Now: f.DB().Clock().Now,
	})
	c := &Crawler{frontier: f, settings: s, scope: scope, client: client, log: f.DB().Logger().Named("crawl")}
	if c.robots, err = c.openRobots(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// Close closes the connections that are kept.
func (c *Crawler) Close() { c.client.Close() }

// Pool returns a worker pool that does the crawl's jobs, so many at a time.
func (c *Crawler) Pool(concurrency int) (*worker.Pool, error) {
	p, err := worker.New(c.frontier.DB(), worker.Options{
		Concurrency: concurrency,
		Ahead:       -1, // a job that waits here keeps its host from others
		Grace:       c.settings.Timeout,
	})
	if err != nil {
		return nil, err
	}
	return p, worker.Handle(p, c.frontier.Queue(), c.Handle)
}

// Handle does one job, and ends it. It is a worker.Handler. It returns an error of
// the store, the cause of its context, or, of a job that it gave up, why.
func (c *Crawler) Handle(ctx context.Context, job *queue.Job[frontier.Job]) error {
	switch job.Payload.Kind {
	case frontier.RobotsJob:
		return c.robotsJob(ctx, job)
	case frontier.SitemapJob:
		return c.sitemap(ctx, job)
	}
	return c.page(ctx, job)
}

// now is the time by the store's clock, as the transactions see it.
func (c *Crawler) now() time.Time { return c.frontier.DB().Clock().Now() }

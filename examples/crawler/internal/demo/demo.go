package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/child"
	"github.com/dcq-go/dcq/examples/crawler/internal/fixture"
	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
	"github.com/dcq-go/dcq/examples/crawler/internal/proof"
	"github.com/dcq-go/dcq/examples/crawler/internal/settings"
	"github.com/dcq-go/dcq/examples/crawler/internal/site"
	"github.com/dcq-go/dcq/store"
)

// A demo is a demonstration under way.
type demo struct {
	o        Options
	sites    []site.Site
	sets     []proof.Set
	fixture  *fixture.Fixture
	server   *site.Server
	frontier *frontier.Frontier
	result   Result
}

// Run carries the demonstration through. All processes that it starts have ended
// when it returns.
func Run(ctx context.Context, o Options) (*Result, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	d := &demo{o: o}
	if err := d.prepare(ctx); err != nil {
		return nil, err
	}
	log, err := os.Create(d.logPath())
	if err != nil {
		return nil, err
	}
	defer log.Close()
	d.server, err = site.Serve(append(d.sites, d.fixture.Sites()...), site.Options{Log: log})
	if err != nil {
		return nil, err
	}
	defer d.server.Close()
	if d.sets, err = expect(ctx, d.server, d.sites); err != nil {
		return nil, err
	}
	d.announce()
	db, err := store.Open(ctx, d.storePath(), store.Options{})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	if d.frontier, err = frontier.Open(ctx, db); err != nil {
		return nil, err
	}
	if err := d.crawlTwice(ctx); err != nil {
		return nil, err
	}
	if err := d.server.Shutdown(ctx); err != nil && !errors.Is(err, site.ErrHandlers) {
		return nil, err
	}
	if err := d.judge(ctx); err != nil {
		return nil, err
	}
	return &d.result, d.writeReports(ctx)
}

func (d *demo) logPath() string   { return filepath.Join(d.o.Dir, "access.jsonl") }
func (d *demo) storePath() string { return filepath.Join(d.o.Dir, "store") }

func (d *demo) say(format string, args ...any) { fmt.Fprintf(d.o.Out, format+"\n", args...) }

// prepare finds what to crawl.
func (d *demo) prepare(ctx context.Context) (err error) {
	if d.sites, err = sites(ctx, d.o); err != nil {
		return err
	}
	d.fixture, err = fixture.New(fixture.Options{})
	return err
}

func (d *demo) announce() {
	for i, s := range d.sites {
		e := d.sets[i].Expected
		d.result.URLs += len(e.Pages)
		d.result.Links += e.Links
		d.say("%-14s  %s  %5d URLs, %6d links, Crawl-delay %v, robots.txt forbids %v",
			s.Name, d.server.Origin(s.Name), len(e.Pages), e.Links, s.Robots.CrawlDelay, s.Robots.Disallow)
	}
	d.say("%-14s  %s  and other hosts: %d nasty cases", fixture.Main, d.server.Origin(fixture.Main), len(fixture.Cases))
}

// settings of the crawl. Everything is short, since all the servers are ours.
func (d *demo) settings() settings.Settings {
	timeout := 3 * time.Second
	if d.o.Small {
		timeout = time.Second
	}
	return settings.Settings{
		Delay: ownDelay, Timeout: timeout, Tries: 3, Backoff: 100 * time.Millisecond,
		Snooze: time.Second, MaxWait: time.Minute, MaxDepth: 12, Private: true,
	}.WithDefaults()
}

// crawlTwice makes both runs.
func (d *demo) crawlTwice(ctx context.Context) error {
	d.say("\nFirst run: %d processes, %d requests at a time each. One will be killed half-way.", d.o.Processes, d.o.Concurrency)
	s := d.settings()
	if err := d.begin(ctx, s, false); err != nil {
		return err
	}
	if err := d.crawl(ctx, d.result.URLs/2); err != nil {
		return fmt.Errorf("first run: %w", err)
	}
	d.say("\nSecond run: everything that has not changed is to be answered by 304.")
	// The nasty hosts have done their part: what is out of scope is not visited.
	for _, one := range d.fixture.Sites() {
		if s.Exclude != "" {
			s.Exclude += "|"
		}
		s.Exclude += "^" + regexp.QuoteMeta(d.server.Origin(one.Name)) + "/"
	}
	d.result.second = time.Now()
	if err := d.begin(ctx, s, true); err != nil {
		return err
	}
	if err := d.crawl(ctx, -1); err != nil {
		return fmt.Errorf("second run: %w", err)
	}
	return nil
}

func (d *demo) begin(ctx context.Context, s settings.Settings, refresh bool) error {
	if err := d.frontier.Configure(ctx, s, d.server.Starts()); err != nil {
		return err
	}
	_, err := d.frontier.StartRun(ctx, refresh)
	return err
}

// crawl starts the workers and waits until they have finished the run. When killAt
// URLs have been visited, it kills one of them; negative means never.
func (d *demo) crawl(ctx context.Context, killAt int) error {
	crew := &crew{start: func() (*child.Process, error) { return d.o.Start(d.storePath(), d.o.Concurrency) }}
	defer crew.killAll()
	for range d.o.Processes {
		if err := crew.add(); err != nil {
			return err
		}
	}
	if err := d.lookOn(ctx, crew, killAt); err != nil {
		return err
	}
	d.result.usage(crew)
	if err := d.frontier.EndRun(ctx); err != nil {
		return err
	}
	status, err := d.frontier.Status(ctx)
	if err != nil {
		return err
	}
	d.result.Runs = append(d.result.Runs, status.Run)
	return nil
}

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"runtime"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
	"github.com/dcq-go/dcq/examples/crawler/internal/report"
	"github.com/dcq-go/dcq/examples/crawler/internal/settings"
	"github.com/dcq-go/dcq/examples/crawler/internal/urlnorm"
)

// crawlFlags are the flags of crawl.
type crawlFlags struct {
	storeFlags
	settings settings.Settings

	processes   int
	concurrency int
	refresh     bool
	maxTime     time.Duration
}

const (
	maxProcesses   = 64
	maxConcurrency = 1000
)

func parseCrawl(e env, args []string, base settings.Settings) (*crawlFlags, *flag.FlagSet, error) {
	c := &crawlFlags{settings: base}
	fs := flags(e, "crawl", "[FLAGS] [URL…]")
	c.register(fs)
	fs.IntVar(&c.processes, "processes", 1, "`number` of processes that crawl")
	fs.IntVar(&c.concurrency, "j", 2*runtime.GOMAXPROCS(0), "`number` of requests at a time in each process")
	fs.BoolVar(&c.refresh, "refresh", false, "visit again what is known, and ask whether it has changed")
	fs.DurationVar(&c.maxTime, "max-time", 0, "stop after this `time`; 0 means never")
	settingFlags(fs, &c.settings)
	if err := parse(fs, args, true); err != nil {
		return nil, fs, err
	}
	switch {
	case c.processes < 1 || c.processes > maxProcesses:
		return nil, fs, misuse(fs, "-processes %d is not between 1 and %d", c.processes, maxProcesses)
	case c.concurrency < 1 || c.concurrency > maxConcurrency:
		return nil, fs, misuse(fs, "-j %d is not between 1 and %d", c.concurrency, maxConcurrency)
	case c.maxTime < 0:
		return nil, fs, misuse(fs, "-max-time %v is negative", c.maxTime)
	}
	if zero := zeroSetting(fs); zero != nil {
		return nil, fs, misuse(fs, "-%s %s would stand for the default; give more", zero.Name, zero.Value)
	}
	if err := c.settings.Validate(); err != nil {
		return nil, fs, misuse(fs, "%v", err)
	}
	return c, fs, nil
}

// zeroSetting returns a flag that was given as zero, nil if there is none: the settings
// would take the default instead, and -max-depth 0 would crawl the whole host.
func zeroSetting(fs *flag.FlagSet) (zero *flag.Flag) {
	fs.Visit(func(f *flag.Flag) {
		switch f.Value.(flag.Getter).Get() {
		case 0, int64(0), time.Duration(0):
			if f.Name != "max-time" {
				zero = f
			}
		}
	})
	return zero
}

// settingFlags makes a flag of each setting. Its default is what the setting has
// now: of a crawl that goes on, what was given when it began.
func settingFlags(fs *flag.FlagSet, s *settings.Settings) {
	fs.StringVar(&s.Agent, "agent", s.Agent, "product `token`: what robots.txt knows the crawler by")
	fs.StringVar(&s.Contact, "contact", s.Contact, "`URL` for the owners of servers to turn to")
	fs.StringVar(&s.Scope, "scope", s.Scope, "where to go from the seeds: host, domain or prefix")
	fs.StringVar(&s.Include, "include", s.Include, "visit only URLs that match this regular `expression`")
	fs.StringVar(&s.Exclude, "exclude", s.Exclude, "visit no URLs that match this regular `expression`")
	fs.DurationVar(&s.Delay, "delay", s.Delay, "least `time` between two requests to a host; below 1s for private addresses only")
	fs.DurationVar(&s.MaxDelay, "max-delay", s.MaxDelay, "skip hosts that ask for a longer Crawl-delay")
	fs.DurationVar(&s.MaxWait, "max-wait", s.MaxWait, "skip hosts that make the crawl wait for longer")
	fs.DurationVar(&s.Timeout, "timeout", s.Timeout, "longest `time` for one request and its answer")
	fs.IntVar(&s.Tries, "tries", s.Tries, "how often to try a page that fails for the time being")
	fs.DurationVar(&s.Backoff, "backoff", s.Backoff, "pause before the second try; it doubles each time")
	fs.DurationVar(&s.Snooze, "snooze", s.Snooze, "how long to leave a host alone that does not answer")
	fs.IntVar(&s.MaxPages, "max-pages", s.MaxPages, "most URLs to take into the crawl")
	fs.IntVar(&s.MaxHostPages, "max-host-pages", s.MaxHostPages, "most URLs of one host")
	fs.IntVar(&s.MaxDepth, "max-depth", s.MaxDepth, "most links away from a seed")
	fs.Int64Var(&s.MaxBody, "max-body", s.MaxBody, "most `bytes` to read of a page")
	fs.IntVar(&s.MaxRedirects, "max-redirects", s.MaxRedirects, "most redirects in succession")
	fs.BoolVar(&s.Private, "allow-private", s.Private, "allow addresses of private networks and of this host")
	fs.BoolVar(&s.NoBodies, "no-bodies", s.NoBodies, "do not keep the bodies of pages")
	fs.BoolVar(&s.NoSitemaps, "no-sitemaps", s.NoSitemaps, "do not read sitemaps")
}

// crawlCommand starts a run, or goes on with one, and works until it is finished.
func crawlCommand(ctx context.Context, e env, args []string) error {
	c, fs, err := parseCrawl(e, args, settings.Settings{}.WithDefaults())
	if err != nil {
		return err
	}
	seeds, err := canonical(fs)
	if err != nil {
		return err
	}
	f, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	defer f.DB().Close()
	stored, known, err := f.Settings(ctx)
	switch {
	case errors.Is(err, frontier.ErrNoCrawl) && len(seeds) == 0:
		return misuse(fs, "no crawl in %s yet: give the URLs to begin at", c.dir)
	case err == nil:
		if c, fs, err = parseCrawl(e, args, stored); err != nil {
			return err
		}
	case !errors.Is(err, frontier.ErrNoCrawl):
		return err
	}
	if _, err := settings.NewScope(c.settings, append(known, seeds...)); err != nil {
		return err
	}
	if err := f.Configure(ctx, c.settings, seeds); err != nil {
		return err
	}
	run, err := f.StartRun(ctx, c.refresh)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stderr, "run %d in %s; interrupt to stop, run again to go on\n", run.Number, c.dir)
	return c.work(ctx, e, f)
}

// canonical returns the seeds on the command line.
func canonical(fs *flag.FlagSet) ([]string, error) {
	var seeds []string
	for _, arg := range fs.Args() {
		u, err := urlnorm.Canonical(nil, arg)
		if err != nil {
			return nil, misuse(fs, "%v", err)
		}
		seeds = append(seeds, u)
	}
	return seeds, nil
}

// work crawls until the run is finished, the time is over, or ctx ends.
func (c *crawlFlags) work(ctx context.Context, e env, f *frontier.Frontier) error {
	working, cancel := ctx, context.CancelFunc(func() {})
	if c.maxTime > 0 {
		working, cancel = context.WithTimeout(ctx, c.maxTime)
	}
	defer cancel()
	stopWatch := watch(e.stderr, f)
	var err error
	if c.processes == 1 {
		err = workHere(working, f, c.concurrency, false)
	} else {
		err = workThere(working, e, c.storeFlags, c.processes, c.concurrency)
	}
	stopWatch()
	return c.end(context.WithoutCancel(ctx), e, f, err)
}

// end ends the run if it is finished, and says how it stands. That a worker failed
// does not matter then: others have taken over.
func (c *crawlFlags) end(ctx context.Context, e env, f *frontier.Frontier, workErr error) error {
	err := f.EndRun(ctx)
	switch {
	case errors.Is(err, frontier.ErrBusy) && workErr != nil:
		return workErr
	case errors.Is(err, frontier.ErrBusy):
		fmt.Fprintln(e.stderr, "stopped before the end; run again to go on")
	case err != nil:
		return errors.Join(workErr, err)
	case workErr != nil:
		fmt.Fprintf(e.stderr, "crawler: %v; the others did its work\n", workErr)
	}
	s, err := f.Status(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(e.stdout, report.Line(s, frontier.Status{}))
	return nil
}

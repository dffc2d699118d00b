package demo

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/dcq-go/dcq/examples/crawler/internal/proof"
	"github.com/dcq-go/dcq/examples/crawler/internal/report"
	"github.com/dcq-go/dcq/examples/crawler/internal/site"
)

// judge compares what the crawl has recorded, and what the servers saw, with what
// should have been. The servers have been stopped, so their log is complete.
func (d *demo) judge(ctx context.Context) error {
	log, err := d.readLog()
	if err != nil {
		return err
	}
	second := d.result.second.UnixNano()
	c := proof.Case{Frontier: d.frontier, Origins: d.server.Origins(), Log: log}
	if d.result.Kill != nil {
		c.InFlight = d.result.Kill.Jobs
	}
	complete, err := c.Complete(ctx, d.sets)
	if err != nil {
		return err
	}
	first, again := c, c
	first.Log = log.Filter(func(a site.Access) bool { return a.WallNS < second })
	again.Log = log.Filter(func(a site.Access) bool { return a.WallNS >= second })
	nasty, err := first.Nasty(ctx, d.fixture)
	if err != nil {
		return err
	}
	whole, err := d.checkStore(ctx)
	if err != nil {
		return err
	}
	d.result.Checks = []proof.Check{
		complete,
		first.Once(d.sets),
		c.Spaced(delays(d.server, d.sites)),
		c.OneAtATime(),
		c.Allowed(forbidden(d.sites)),
		nasty,
		again.Unchanged(d.sets),
		whole,
	}
	return nil
}

func (d *demo) readLog() (site.Witness, error) {
	f, err := os.Open(d.logPath())
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return site.ReadLog(f)
}

// checkStore looks for what is wrong in the store, and for jobs and pages that were
// left over.
func (d *demo) checkStore(ctx context.Context) (proof.Check, error) {
	problems, err := d.frontier.DB().Check(ctx)
	if err != nil {
		return proof.Check{}, err
	}
	c := proof.Check{Name: "store", Pass: len(problems) == 0, Detail: "consistent, nothing left over"}
	for _, p := range problems {
		c.Faults = append(c.Faults, p.String())
	}
	status, err := d.frontier.Status(ctx)
	if err != nil {
		return c, err
	}
	if live := status.Queue.Live(); live != 0 {
		c.Pass, c.Faults = false, append(c.Faults, fmt.Sprintf("%d jobs are left", live))
	}
	for p, err := range d.frontier.Pages(ctx) {
		if err != nil {
			return c, err
		}
		if p.Pending {
			c.Pass, c.Faults = false, append(c.Faults, "no outcome: "+p.URL)
		}
	}
	return c, nil
}

// writeReports writes report.html and pages.jsonl.
func (d *demo) writeReports(ctx context.Context) error {
	summary, err := report.Summarize(ctx, d.frontier)
	if err != nil {
		return err
	}
	err = writeFile(filepath.Join(d.o.Reports, "report.html"), func(w io.Writer) error { return report.HTML(w, summary) })
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(d.o.Reports, "pages.jsonl"), func(w io.Writer) error {
		_, err := report.JSONLines(ctx, d.frontier, w, false)
		return err
	})
}

func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	err = write(f)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}

package demo

import (
	"context"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
	"github.com/dcq-go/dcq/examples/crawler/internal/report"
)

const (
	lookEvery = 20 * time.Millisecond
	lineEvery = 2 * time.Second
)

// lookOn shows the state of the crawl until the workers have ended, and kills one
// of them when it is time.
func (d *demo) lookOn(ctx context.Context, crew *crew, killAt int) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var shown frontier.Status
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
		now, err := d.frontier.Status(ctx)
		if err != nil {
			return err
		}
		if killAt >= 0 && d.visited(now) >= killAt {
			killAt = -1
			if err := d.killOne(ctx, crew, now); err != nil {
				return err
			}
		}
		shown = d.show(now, shown)
		if finished, err := crew.finished(); finished || err != nil {
			d.show(now, frontier.Status{})
			return err
		}
	}
}

// visited is how many URLs have an outcome.
func (d *demo) visited(s frontier.Status) int { return int(s.Run.Counts.Decided()) }

// show shows a line, if it is time for one, and returns the state that it compared
// with.
func (d *demo) show(now, before frontier.Status) frontier.Status {
	if d.o.Show != nil {
		d.o.Show(report.Line(now, before))
	}
	if before.At.IsZero() {
		return now
	}
	if now.At.Sub(before.At) < lineEvery {
		return before
	}
	if d.o.Show == nil {
		d.say("  %s", report.Line(now, before))
	}
	return now
}

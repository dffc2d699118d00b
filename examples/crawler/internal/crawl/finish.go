package crawl

import (
	"context"
	"fmt"

	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

// finish ends a page's job with all that came of it, in one transaction. Host is
// nil if no request was made.
func (c *Crawler) finish(ctx context.Context, job *queue.Job[frontier.Job], v visit, host *frontier.Host, bytes int64) error {
	counts := frontier.Counts{Bytes: bytes}
	if host != nil {
		counts.Requests = 1
	}
	if v.unchanged {
		counts.Unchanged = 1
	} else {
		counts.Count(v.page.Outcome)
	}
	links, inScope, err := c.candidates(ctx, v.links)
	if err != nil {
		return err
	}
	counts.Duplicates = int64(inScope - len(links))
	if links, err = c.admitMost(ctx, job, links, &counts); err != nil {
		return err
	}
	var body *kv.Staged
	if v.body != nil && !c.settings.NoBodies {
		if body, err = c.frontier.StageBody(v.body); err != nil {
			return err
		}
	}
	defer body.Discard()
	err = c.frontier.DB().Batch(ctx, true, func(tx *store.Tx) error {
		if err := job.CheckTx(tx); err != nil {
			return err
		}
		admitted, err := c.frontier.AdmitTx(tx, c.settings, links)
		if err != nil {
			return err
		}
		counts.Links, counts.Duplicates = int64(inScope), counts.Duplicates+int64(admitted.Known)
		if !v.followed {
			counts.Links, counts.Duplicates = 0, 0
		}
		return c.commitVisit(tx, job, v, body, host, counts)
	})
	if err != nil {
		return err
	}
	if v.page.Outcome == frontier.GaveUp {
		return fmt.Errorf("%s: %w", v.page.URL, errReason(v.page.Reason)) // for the pool's log
	}
	return nil
}

// commitVisit records a visit, and ends its job.
func (c *Crawler) commitVisit(tx *store.Tx, job *queue.Job[frontier.Job], v visit, body *kv.Staged, host *frontier.Host, counts frontier.Counts) error {
	var err error
	if v.unchanged || v.kept {
		err = c.frontier.KeepTx(tx, v.page.URL, v.page.Reason)
	} else {
		err = c.frontier.SaveTx(tx, v.page, body)
	}
	if err != nil {
		return err
	}
	if err := c.settleTx(tx, host, counts); err != nil {
		return err
	}
	if v.page.Outcome == frontier.GaveUp {
		return job.KillTx(tx, errReason(v.page.Reason))
	}
	return job.AckTx(tx)
}

type errReason string

func (e errReason) Error() string { return string(e) }

// settleTx records what a request has shown about its host, and counts.
func (c *Crawler) settleTx(tx *store.Tx, host *frontier.Host, counts frontier.Counts) error {
	if host != nil {
		if err := c.frontier.SettleTx(tx, *host); err != nil {
			return err
		}
	}
	return c.frontier.CountTx(tx, counts)
}

// again gives a job back to be tried once more.
func (c *Crawler) again(ctx context.Context, job *queue.Job[frontier.Job], why string, host frontier.Host, bytes int64) error {
	return c.frontier.DB().Batch(ctx, true, func(tx *store.Tx) error {
		if err := job.CheckTx(tx); err != nil {
			return err
		}
		if err := c.settleTx(tx, &host, frontier.Counts{Requests: 1, Retries: 1, Bytes: bytes}); err != nil {
			return err
		}
		return job.NackAfterTx(tx, errReason(why), c.backoff(job.Attempt))
	})
}

// candidates returns those of the links that are in scope and may be unknown, and
// how many are in scope.
func (c *Crawler) candidates(ctx context.Context, links []frontier.Job) (open []frontier.Job, inScope int, err error) {
	byURL := make(map[string]frontier.Job, len(links))
	var urls []string
	for _, l := range links {
		if _, twice := byURL[l.URL]; twice || !c.scope.Holds(l.URL) {
			continue
		}
		byURL[l.URL] = l
		urls = append(urls, l.URL)
	}
	unknown, err := c.frontier.Unknown(ctx, urls)
	for _, u := range unknown {
		open = append(open, byURL[u])
	}
	return open, len(urls), err
}

// admitMost admits what is too much for one transaction, in transactions of their
// own, and returns the rest. A process that dies in between has admitted links of a
// page that will be visited again: nothing is lost, nothing is doubled.
func (c *Crawler) admitMost(ctx context.Context, job *queue.Job[frontier.Job], links []frontier.Job, counts *frontier.Counts) (rest []frontier.Job, err error) {
	for len(links) > frontier.AdmitBatch {
		var admitted frontier.Admitted
		err := c.frontier.DB().Batch(ctx, false, func(tx *store.Tx) (err error) {
			if err := job.CheckTx(tx); err != nil {
				return err
			}
			admitted, err = c.frontier.AdmitTx(tx, c.settings, links[:frontier.AdmitBatch])
			return err
		})
		if err != nil {
			return nil, err
		}
		counts.Duplicates += int64(admitted.Known)
		links = links[frontier.AdmitBatch:]
	}
	return links, nil
}

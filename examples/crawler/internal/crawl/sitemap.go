package crawl

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/dcq-go/dcq/examples/crawler/internal/fetch"
	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
	"github.com/dcq-go/dcq/examples/crawler/internal/sitemap"
	"github.com/dcq-go/dcq/examples/crawler/internal/urlnorm"
	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

// listing is what comes of a sitemap's job.
type listing struct {
	record   frontier.Sitemap
	pages    []frontier.Job
	sitemaps []frontier.Job
	retry    string
}

// sitemap reads a list of URLs.
func (c *Crawler) sitemap(ctx context.Context, job *queue.Job[frontier.Job]) error {
	p, err := c.permit(ctx, job)
	if err != nil || !p.granted && p.refused == "" {
		return err
	}
	known, err := c.frontier.Sitemap(ctx, job.Payload.URL)
	if err != nil {
		return err
	}
	if p.refused != "" {
		known.Reason = string(p.refused) + ": " + p.reason
		return c.finishSitemap(ctx, job, listing{record: known}, nil, 0)
	}
	var list sitemap.Sitemap
	x, err := c.client.Do(ctx, fetch.Request{
		URL: known.URL, ETag: known.ETag, LastModified: known.LastModified, MaxBody: sitemap.DefaultBytes,
		Into: func(r io.Reader) (err error) {
			list, err = sitemap.Parse(r, sitemap.Limits{})
			return err
		},
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	host := c.settled(p.host, p.delay, x, err)
	l := c.list(job.Payload, known, x, list, err)
	l.record.Fetched = x.Reached
	c.log.Debug("asked for a sitemap", "url", known.URL, "status", x.Status, "entries", len(list.Entries), "error", err)
	if l.retry != "" && job.Attempt < c.settings.Tries && !host.ClosedUntil.After(c.now()) {
		return c.again(ctx, job, l.retry, host, x.Size)
	}
	if l.retry != "" {
		l.record.Reason = "gave up: " + l.retry
	}
	return c.finishSitemap(ctx, job, l, &host, x.Size)
}

// list makes of an answer what is to be recorded. A list that breaks off counts as
// far as it goes.
func (c *Crawler) list(j frontier.Job, known frontier.Sitemap, x *fetch.Exchange, list sitemap.Sitemap, err error) listing {
	l := listing{record: known}
	l.record.Status, l.record.Reason = x.Status, ""
	switch {
	case errors.Is(err, fetch.ErrUnreachable), errors.Is(err, fetch.ErrBroken):
		l.retry = err.Error()
	case err != nil && len(list.Entries) == 0:
		l.record.Reason = err.Error()
	case x.Read:
		l.record.ETag, l.record.LastModified = x.Header.Get("ETag"), x.Header.Get("Last-Modified")
		l.record.Entries = len(list.Entries)
		l.pages, l.sitemaps = c.entries(j, list)
		if err != nil {
			l.record.Reason = "broken off: " + err.Error()
		}
	case x.Status == http.StatusNotModified:
	case isTemporary(x.Status):
		l.retry = statusText(x.Status, nil)
	case isRedirect(x.Status):
		l.sitemaps = c.movedSitemap(j, x)
		l.record.Reason = "redirected"
	default:
		l.record.Reason = statusText(x.Status, nil)
	}
	return l
}

// entries makes jobs of what a sitemap lists: pages of the host that it is for, or
// further sitemaps.
func (c *Crawler) entries(j frontier.Job, list sitemap.Sitemap) (pages, sitemaps []frontier.Job) {
	base, err := url.Parse(j.URL)
	if err != nil {
		return nil, nil
	}
	for _, e := range list.Entries {
		u, err := urlnorm.Canonical(base, e.Loc)
		switch {
		case err != nil:
		case list.Kind == sitemap.Index:
			if len(sitemaps) < frontier.MaxSitemaps && c.mayList(u, j.For) {
				sitemaps = append(sitemaps, frontier.Job{Kind: frontier.SitemapJob, URL: u, For: j.For})
			}
		case urlnorm.GroupKey(u) == j.For:
			pages = append(pages, frontier.Job{URL: u, Depth: 1})
		}
	}
	return pages, sitemaps
}

func (c *Crawler) movedSitemap(j frontier.Job, x *fetch.Exchange) []frontier.Job {
	target, err := location(j.URL, x)
	if err != nil || j.Redirects >= c.settings.MaxRedirects || !c.mayList(target, j.For) {
		return nil
	}
	next := j
	next.URL, next.Redirects = target, j.Redirects+1
	return []frontier.Job{next}
}

// finishSitemap ends a sitemap's job with all that came of it.
func (c *Crawler) finishSitemap(ctx context.Context, job *queue.Job[frontier.Job], l listing, host *frontier.Host, bytes int64) error {
	counts := frontier.Counts{Bytes: bytes}
	if host != nil {
		counts.Requests = 1
	}
	pages, _, err := c.candidates(ctx, l.pages)
	if err != nil {
		return err
	}
	var ignored frontier.Counts // what a sitemap lists is no link
	if pages, err = c.admitMost(ctx, job, pages, &ignored); err != nil {
		return err
	}
	return c.frontier.DB().Batch(ctx, true, func(tx *store.Tx) error {
		if err := job.CheckTx(tx); err != nil {
			return err
		}
		if _, err := c.frontier.AdmitTx(tx, c.settings, pages); err != nil {
			return err
		}
		for _, j := range l.sitemaps {
			if err := c.frontier.AdmitSitemapTx(tx, j); err != nil {
				return err
			}
		}
		if err := c.frontier.SaveSitemapTx(tx, l.record); err != nil {
			return err
		}
		if err := c.settleTx(tx, host, counts); err != nil {
			return err
		}
		return job.AckTx(tx)
	})
}

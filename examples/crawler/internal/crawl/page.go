package crawl

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/dcq-go/dcq/examples/crawler/internal/fetch"
	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
	"github.com/dcq-go/dcq/examples/crawler/internal/page"
	"github.com/dcq-go/dcq/examples/crawler/internal/urlnorm"
	"github.com/dcq-go/dcq/queue"
)

// visit is what comes of a page's job.
type visit struct {
	page      frontier.Page
	body      []byte // to keep
	links     []frontier.Job
	followed  bool // links are those of a page, to be counted
	unchanged bool
	kept      bool   // what is known of the page stays, since nothing was learned
	retry     string // why the request has to be made again, if it has
}

// page visits a URL.
func (c *Crawler) page(ctx context.Context, job *queue.Job[frontier.Job]) error {
	p, err := c.permit(ctx, job)
	if err != nil || !p.granted && p.refused == "" {
		return err
	}
	known, err := c.frontier.Page(ctx, job.Payload.URL)
	if err != nil {
		return err
	}
	if p.refused != "" {
		v := visit{page: frontier.Page{URL: known.URL, Outcome: p.refused, Reason: p.reason}}
		v.keep(known)
		return c.finish(ctx, job, v, nil, 0)
	}
	x, err := c.client.Do(ctx, request(known))
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	host := c.settled(p.host, p.delay, x, err)
	v := c.decide(job.Payload, known, x, err)
	v.page.URL, v.page.Fetched = known.URL, x.Reached
	c.log.Debug("visited", "url", known.URL, "status", x.Status, "outcome", v.page.Outcome, "unchanged", v.unchanged, "retry", v.retry)
	if v.retry == "" {
		return c.finish(ctx, job, v, &host, x.Size)
	}
	switch {
	case host.ClosedUntil.After(c.now()):
		v.page.Outcome, v.page.Reason = frontier.Skipped, host.ClosedWhy
	case job.Attempt < c.settings.Tries:
		return c.again(ctx, job, v.retry, host, x.Size)
	default:
		v.page.Outcome = frontier.GaveUp
		v.page.Reason = fmt.Sprintf("failed %d times, the last time: %s", job.Attempt, v.retry)
	}
	v.keep(known)
	return c.finish(ctx, job, v, &host, x.Size)
}

// keep makes a visit that has learned nothing leave what is known as it is.
func (v *visit) keep(known frontier.Page) {
	worthless := []frontier.Outcome{frontier.Undecided, frontier.Skipped}
	switch v.page.Outcome {
	case frontier.Skipped:
	case frontier.GaveUp:
		worthless = append(worthless, frontier.GaveUp)
	case frontier.Disallowed:
		if v.page.Reason == "" {
			return // its robots.txt forbids it; a reason is why there is none to go by
		}
		worthless = append(worthless, frontier.GaveUp, frontier.Disallowed)
	default:
		return
	}
	v.kept = !slices.Contains(worthless, known.Outcome)
}

// request asks for a page, or whether it has changed.
func request(known frontier.Page) fetch.Request {
	r := fetch.Request{URL: known.URL, Wants: isHTML}
	if known.Outcome == frontier.Stored || known.Outcome == frontier.Other {
		r.ETag, r.LastModified = known.ETag, known.LastModified
	}
	return r
}

func isHTML(mediaType string) bool {
	return mediaType == "text/html" || mediaType == "application/xhtml+xml"
}

// decide makes of an answer what is to be recorded.
func (c *Crawler) decide(j frontier.Job, known frontier.Page, x *fetch.Exchange, err error) visit {
	v := visit{page: frontier.Page{Status: x.Status, MediaType: x.MediaType}}
	conditional := request(known).ETag != "" || request(known).LastModified != ""
	switch {
	case errors.Is(err, fetch.ErrRefused):
		v.page.Outcome, v.page.Reason = frontier.Failed, err.Error()
	case err != nil:
		v.retry = err.Error()
	case x.Status == http.StatusNotModified && conditional:
		v.unchanged = true
	case isTemporary(x.Status):
		v.retry = statusText(x.Status, nil)
	case isRedirect(x.Status):
		c.redirected(&v, j, x)
	case x.Status == http.StatusNotFound, x.Status == http.StatusGone:
		v.page.Outcome = frontier.Missing
	case x.Read:
		c.stored(&v, j, x)
	case x.MediaType != "":
		v.page.Outcome, v.page.Reason = frontier.Other, "is "+x.MediaType
		validators(&v.page, x)
	default:
		v.page.Outcome, v.page.Reason = frontier.Failed, statusText(x.Status, nil)
	}
	return v
}

// validators keeps by what to ask whether the page has changed.
func validators(p *frontier.Page, x *fetch.Exchange) {
	p.ETag, p.LastModified = x.Header.Get("ETag"), x.Header.Get("Last-Modified")
	p.Changed = x.Reached
}

// redirected records a redirect, and follows it by a job.
func (c *Crawler) redirected(v *visit, j frontier.Job, x *fetch.Exchange) {
	target, err := location(j.URL, x)
	if err != nil {
		v.page.Outcome, v.page.Reason = frontier.Failed, "redirect leads nowhere: "+err.Error()
		return
	}
	v.page.Outcome, v.page.Target = frontier.Redirected, target
	if j.Redirects >= c.settings.MaxRedirects {
		v.page.Reason = fmt.Sprintf("not followed: the last of %d redirects in succession", j.Redirects+1)
		return
	}
	v.links = []frontier.Job{{URL: target, Depth: j.Depth, Via: j.URL, Redirects: j.Redirects + 1}}
}

var errNoLocation = errors.New("no Location")

// location returns the canonical URL that a redirect leads to.
func location(from string, x *fetch.Exchange) (string, error) {
	ref := x.Header.Get("Location")
	if ref == "" {
		return "", errNoLocation
	}
	base, err := url.Parse(from)
	if err != nil {
		return "", err
	}
	return urlnorm.Canonical(base, ref)
}

// stored reads a page.
func (c *Crawler) stored(v *visit, j frontier.Job, x *fetch.Exchange) {
	found, err := page.Extract(page.Document{
		URL: j.URL, ContentType: x.Header.Get("Content-Type"),
		RobotsTags: x.Header.Values("X-Robots-Tag"), Body: x.Body,
	}, page.Options{Agent: c.settings.Agent})
	if err != nil {
		v.page.Outcome, v.page.Reason = frontier.Failed, err.Error()
		return
	}
	sum := sha256.Sum256(x.Body)
	p := &v.page
	p.Outcome, p.Charset, p.Size, p.Hash, p.Truncated = frontier.Stored, found.Charset, x.Size, sum[:], x.Truncated
	p.NoIndex, p.NoFollow, p.Links = found.NoIndex, found.NoFollow, len(found.Links)
	if found.Canonical != j.URL {
		p.Canonical = found.Canonical
	}
	validators(p, x)
	if !found.NoIndex {
		p.Title = found.Title
		v.body = x.Body
	}
	v.followed = true
	for _, link := range found.Links {
		v.links = append(v.links, frontier.Job{URL: link, Depth: j.Depth + 1, Via: j.URL})
	}
	if p.Canonical != "" && !found.NoFollow {
		v.links = append(v.links, frontier.Job{URL: p.Canonical, Depth: j.Depth + 1, Via: j.URL})
	}
}

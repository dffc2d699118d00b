package crawl

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/fetch"
	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
)

const (
	snoozeAfter = 5 // requests in succession without an answer
	maxSnoozes  = 3 // before the host is closed
	closedTime  = time.Hour
)

// settled returns the host as an exchange with it has left it.
func (c *Crawler) settled(h frontier.Host, delay time.Duration, x *fetch.Exchange, err error) frontier.Host {
	h.Requests++
	h.Bytes += x.Size
	h.NextStart, h.Delay = x.Reached.Add(delay), delay
	if !x.Over {
		h.NextStart = h.NextStart.Add(frontier.Linger)
	}
	if errors.Is(err, fetch.ErrUnreachable) {
		h.Failures++
		c.snooze(&h, err)
		return h
	}
	if x.Status != 0 {
		h.Failures = 0
	}
	c.heed(&h, x)
	return h
}

// snooze leaves a host alone that does not answer, longer each time, and at last
// for good.
func (c *Crawler) snooze(h *frontier.Host, err error) {
	n := h.Failures - snoozeAfter
	if n < 0 {
		return
	}
	now, pause := c.now(), c.settings.Snooze<<min(n, maxSnoozes)
	if n >= maxSnoozes || pause > c.settings.MaxWait {
		h.ClosedUntil = now.Add(closedTime)
		h.ClosedWhy = fmt.Sprintf("host does not answer: %v", err)
		return
	}
	h.NextStart = later(h.NextStart, now.Add(pause))
}

// heed does what a host asks for that has too much to do.
func (c *Crawler) heed(h *frontier.Host, x *fetch.Exchange) {
	if x.Status != http.StatusTooManyRequests && x.Status != http.StatusServiceUnavailable {
		h.Refusals = 0
		return
	}
	now := c.now()
	wait, asked := fetch.RetryAfter(x.Header, now)
	if x.Status == http.StatusTooManyRequests {
		h.Refusals++
		if !asked {
			wait = c.backoff(h.Refusals)
		}
	}
	if wait > c.settings.MaxWait {
		h.ClosedUntil = now.Add(wait)
		h.ClosedWhy = fmt.Sprintf("host asks to be left alone for %v, more than %v", wait, c.settings.MaxWait)
		return
	}
	h.NextStart = later(h.NextStart, now.Add(wait))
}

// backoff is the pause after the n-th failure: it doubles with each, and half of
// it is random, so that what failed together does not come back together.
func (c *Crawler) backoff(n int) time.Duration {
	d := c.settings.Backoff
	for range n - 1 {
		if d >= c.settings.MaxBackoff {
			break
		}
		d = min(2*d, c.settings.MaxBackoff)
	}
	return d/2 + rand.N(d/2+1)
}

// isTemporary reports whether another try may bring another answer.
func isTemporary(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return 500 <= status && status <= 599
}

// isRedirect reports whether a Location is to be followed.
func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// statusText names a status, or the error that came instead of one.
func statusText(status int, err error) string {
	if err != nil {
		return err.Error()
	}
	if name := http.StatusText(status); name != "" {
		return fmt.Sprintf("status %d %s", status, name)
	}
	return fmt.Sprintf("status %d", status)
}

package crawl

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
	"github.com/dcq-go/dcq/examples/crawler/internal/robots"
)

// maxRules bounds the parsed robots.txt files that a process keeps.
const maxRules = 1000

// hostRules are the rules of one host until they expire.
type hostRules struct {
	robots.Rules
	until time.Time
	why   string // everything is forbidden; empty if the file says what is
}

// ruleCache keeps parsed what the store keeps as text.
type ruleCache struct {
	frontier *frontier.Frontier
	agent    string

	mu    sync.Mutex // protects the fields below
	hosts map[string]hostRules
}

func newRuleCache(f *frontier.Frontier, agent string) *ruleCache {
	return &ruleCache{frontier: f, agent: agent, hosts: make(map[string]hostRules)}
}

// of returns the rules of a host whose robots.txt is known.
func (c *ruleCache) of(ctx context.Context, h frontier.Host) (hostRules, error) {
	c.mu.Lock()
	r, ok := c.hosts[h.Name]
	c.mu.Unlock()
	if ok && r.until.Equal(h.RobotsUntil) {
		return r, nil
	}
	kept, err := c.frontier.Robots(ctx, h.Name)
	if err != nil {
		return r, fmt.Errorf("read the robots.txt of %s: %w", h.Name, err)
	}
	decision := robots.FromStatus(kept.Status)
	r = hostRules{Rules: decision.Rules(kept.Body, c.agent), until: h.RobotsUntil}
	if decision == robots.DisallowEverything {
		r.why = "robots.txt cannot be had: " + kept.Why
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for name := range c.hosts {
		if len(c.hosts) < maxRules {
			break
		}
		delete(c.hosts, name)
	}
	c.hosts[h.Name] = r
	return r, nil
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

// errStatus is a status as an error, for the history of a job.
func errStatus(status int, err error) error {
	return errors.New(statusText(status, err))
}

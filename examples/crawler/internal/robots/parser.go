package robots

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// parser holds what one line leaves for the next.
type parser struct {
	file *File

	ruled   bool     // the current group has a rule: the next User-agent starts another
	agents  []string // the User-agent lines since the last delay or group start
	delayed bool     // a Crawl-delay has been taken for agents
}

func (p *parser) line(s string) {
	s, _, _ = strings.Cut(s, "#")
	key, value, ok := strings.Cut(s, ":")
	if !ok {
		return
	}
	value = trim(value)
	switch strings.ToLower(trim(key)) {
	case "user-agent":
		p.userAgent(value)
	case "allow":
		p.rule(true, value)
	case "disallow":
		p.rule(false, value)
	case "crawl-delay":
		p.crawlDelay(value)
	case "sitemap":
		p.sitemap(value)
	}
}

// userAgent joins the agent to the group, or starts one. An empty agent also
// starts one: its rules must not fall to the group before.
func (p *parser) userAgent(value string) {
	f := p.file
	if p.ruled || len(f.groups) == 0 {
		f.groups = append(f.groups, nil)
		p.ruled, p.delayed = false, false
		p.agents = p.agents[:0]
	}
	if p.delayed {
		p.delayed = false
		p.agents = p.agents[:0]
	}
	token := productToken(value)
	p.agents = append(p.agents, token)

	// An agent named twice in a group must not get its rules twice: a hostile
	// file could make that quadratic.
	last := len(f.groups) - 1
	in := f.byAgent[token]
	if len(in) == 0 || in[len(in)-1] != last {
		f.byAgent[token] = append(in, last)
	}
}

// rule adds a rule to the current group. One that can match nothing still ends
// the list of agents: "Disallow:" is a rule, and the usual way to allow all.
func (p *parser) rule(allow bool, value string) {
	f := p.file
	if len(f.groups) == 0 {
		return
	}
	p.ruled = true
	if value == "" || (value[0] != '/' && value[0] != '*') {
		return
	}
	last := len(f.groups) - 1
	f.groups[last] = append(f.groups[last], rule{allow: allow, pattern: newPattern(value)})
}

// crawlDelay takes one delay for each run of agents, so that the work is linear
// in the size of the file.
func (p *parser) crawlDelay(value string) {
	d, ok := parseDelay(value)
	if !ok || p.delayed {
		return
	}
	p.delayed = true
	for _, token := range p.agents {
		old, ok := p.file.delays[token]
		if !ok || d > old {
			p.file.delays[token] = d
		}
	}
}

func (p *parser) sitemap(value string) {
	if value != "" {
		p.file.sitemaps = append(p.file.sitemaps, value)
	}
}

// parseDelay reads decimal seconds. Only digits and a point are let through to
// ParseFloat, which knows more notations than any robots.txt means.
func parseDelay(s string) (time.Duration, bool) {
	if strings.Trim(s, "0123456789.") != "" {
		return 0, false
	}
	seconds, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(seconds, 1) {
		return 0, false
	}
	if seconds >= MaxDelay.Seconds() {
		return MaxDelay, true
	}
	return time.Duration(seconds * float64(time.Second)), true
}

// trim removes what the RFC calls white space; other bytes may belong to a path.
func trim(s string) string {
	return strings.Trim(s, " \t")
}

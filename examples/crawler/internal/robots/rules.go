package robots

import (
	"cmp"
	"strings"
	"time"
)

// AllowAll and DisallowAll are the rules to go by when there is no robots.txt to
// parse: see [FromStatus]. They carry no Crawl-delay.
var (
	AllowAll    = Rules{}
	DisallowAll = Rules{nothing: true}
)

// Rules is what one crawler may fetch from one host. The zero value allows all.
// Rules do not change and may be used by several goroutines at once.
type Rules struct {
	rules   []rule // most specific first
	nothing bool
	delay   time.Duration
	delayed bool
}

type rule struct {
	allow   bool
	pattern pattern
}

// mostSpecificFirst orders rules so that the first match decides.
func mostSpecificFirst(a, b rule) int {
	if c := cmp.Compare(b.pattern.octets, a.pattern.octets); c != 0 {
		return c
	}
	switch {
	case a.allow == b.allow:
		return 0
	case a.allow:
		return -1
	}
	return 1
}

// Allowed reports whether the URL with that path and query may be fetched. The
// argument is what stands in the request line: "/dir/page?x=1". A missing leading
// slash is added, a fragment is ignored.
func (r Rules) Allowed(pathAndQuery string) bool {
	path, _, _ := strings.Cut(pathAndQuery, "#")
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	if path == "/robots.txt" {
		return true
	}
	if r.nothing {
		return false
	}
	t := newTarget(path)
	for _, rule := range r.rules {
		if rule.pattern.match(t) {
			return rule.allow
		}
	}
	return true
}

// CrawlDelay returns the time that the host asks to leave between two requests,
// between 0 and [MaxDelay], and whether it asks at all. A caller should take it as
// a lower bound beside its own delay, and give up a host that asks for too much.
func (r Rules) CrawlDelay() (time.Duration, bool) {
	return r.delay, r.delayed
}

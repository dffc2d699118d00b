package settings

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/urlnorm"
)

// The ways to say by the seeds where a crawl goes.
const (
	ScopeHost   = "host"   // scheme, host and port of a seed
	ScopeDomain = "domain" // the registrable domain of a seed, with its subdomains
	ScopePrefix = "prefix" // what starts like a seed up to its last slash
)

// Defaults. The meaning is that of the field of the same name.
const (
	DefaultAgent        = "dcqbot"
	DefaultContact      = "https://github.com/dcq-go/dcq/tree/main/examples/crawler"
	DefaultDelay        = time.Second
	DefaultMaxDelay     = 30 * time.Second
	DefaultMaxWait      = 10 * time.Minute
	DefaultTimeout      = time.Minute
	DefaultTries        = 5
	DefaultBackoff      = time.Second
	DefaultMaxBackoff   = 5 * time.Minute
	DefaultSnooze       = time.Minute
	DefaultMaxPages     = 100_000
	DefaultMaxHostPages = 50_000
	DefaultMaxDepth     = 50
	DefaultMaxBody      = 10 << 20
	DefaultMaxRedirects = 20
)

// Settings says what a crawl may do. The zero value stands for the default in
// each field. Durations are nanoseconds in JSON.
type Settings struct {
	// Agent is the product token: what robots.txt knows the crawler by.
	Agent string `json:"agent"`

	// Contact is the URL, or mail address, for the owners of crawled servers to
	// turn to. It goes into the User-Agent header.
	Contact string `json:"contact"`

	// Scope is ScopeHost (the default), ScopeDomain or ScopePrefix.
	Scope string `json:"scope"`

	// Include and Exclude are regular expressions on the whole URL: only what
	// matches Include and does not match Exclude is in scope. Empty means no
	// such limit.
	Include string `json:"include,omitempty"`
	Exclude string `json:"exclude,omitempty"`

	// Delay is the least time between the starts of two requests to a host.
	Delay time.Duration `json:"delay"`

	// MaxDelay is the longest Crawl-delay to go along with; a host that asks for
	// more is skipped.
	MaxDelay time.Duration `json:"max_delay"`

	// MaxWait is the longest time that a host may make the crawl wait, by
	// Retry-After or by being out of reach. Beyond it the host is skipped.
	MaxWait time.Duration `json:"max_wait"`

	// Timeout bounds one exchange, from the connection to the end of the body;
	// the header has to come in half of it.
	Timeout time.Duration `json:"timeout"`

	// Tries is how often a page is asked for that fails for the time being.
	Tries int `json:"tries"`

	// Backoff is the pause before the second try. It doubles with each further
	// one until it has reached MaxBackoff, and half of it is random.
	Backoff    time.Duration `json:"backoff"`
	MaxBackoff time.Duration `json:"max_backoff"`

	// Snooze is how long a host is left alone after five connections in
	// succession have failed; it doubles with each further failure.
	Snooze time.Duration `json:"snooze"`

	// MaxPages is how many URLs are taken into the crawl at most, MaxHostPages
	// how many of one host, MaxDepth how many links away from a seed.
	MaxPages     int `json:"max_pages"`
	MaxHostPages int `json:"max_host_pages"`
	MaxDepth     int `json:"max_depth"`

	// MaxBody is how many bytes of a page are read; the rest is cut off.
	MaxBody int64 `json:"max_body"`

	// MaxRedirects is how many redirects in succession are followed.
	MaxRedirects int `json:"max_redirects"`

	// URLs says how intricate a URL may be; see package urlnorm.
	URLs urlnorm.Limits `json:"urls"`

	// Private allows addresses of private networks and of this host.
	Private bool `json:"private,omitempty"`

	// NoBodies keeps the bodies of the pages out of the store.
	NoBodies bool `json:"no_bodies,omitempty"`

	// NoSitemaps ignores the sitemaps that robots.txt names.
	NoSitemaps bool `json:"no_sitemaps,omitempty"`
}

// WithDefaults returns the settings with the defaults filled in.
func (s Settings) WithDefaults() Settings {
	defaultTo(&s.Agent, DefaultAgent)
	defaultTo(&s.Contact, DefaultContact)
	defaultTo(&s.Scope, ScopeHost)
	defaultTo(&s.Delay, DefaultDelay)
	defaultTo(&s.MaxDelay, DefaultMaxDelay)
	defaultTo(&s.MaxWait, DefaultMaxWait)
	defaultTo(&s.Timeout, DefaultTimeout)
	defaultTo(&s.Tries, DefaultTries)
	defaultTo(&s.Backoff, DefaultBackoff)
	defaultTo(&s.MaxBackoff, DefaultMaxBackoff)
	defaultTo(&s.Snooze, DefaultSnooze)
	defaultTo(&s.MaxPages, DefaultMaxPages)
	defaultTo(&s.MaxHostPages, DefaultMaxHostPages)
	defaultTo(&s.MaxDepth, DefaultMaxDepth)
	defaultTo(&s.MaxBody, DefaultMaxBody)
	defaultTo(&s.MaxRedirects, DefaultMaxRedirects)
	return s
}

func defaultTo[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

var productToken = regexp.MustCompile(`^[A-Za-z_-]{1,64}$`)

// Validate reports every field that is out of range, by its name. The error wraps
// ErrSettings.
func (s Settings) Validate() error {
	var faults []error
	fault := func(field, format string, args ...any) {
		faults = append(faults, fmt.Errorf("%w: %s: %s", ErrSettings, field, fmt.Sprintf(format, args...)))
	}
	if s.Agent != "" && !productToken.MatchString(s.Agent) {
		fault("Agent", "%q is not a product token: letters, - and _ only", s.Agent)
	}
	if strings.ContainsFunc(s.Contact, func(r rune) bool { return r <= ' ' || r > '~' || r == '(' || r == ')' }) {
		fault("Contact", "%q has characters that cannot stand in a header's comment", s.Contact)
	}
	switch s.Scope {
	case "", ScopeHost, ScopeDomain, ScopePrefix:
	default:
		fault("Scope", "%q is none of host, domain, prefix", s.Scope)
	}
	for _, e := range []struct{ field, expr string }{{"Include", s.Include}, {"Exclude", s.Exclude}} {
		if _, err := regexp.Compile(e.expr); err != nil {
			fault(e.field, "%v", err)
		}
	}
	for _, n := range s.numbers() {
		if n.value < 0 {
			fault(n.field, "%d is negative", n.value)
		}
	}
	if s.Timeout != 0 && s.Timeout < 10*time.Millisecond {
		fault("Timeout", "%v is less than 10ms", s.Timeout)
	}
	if s.MaxBody > maxBody {
		fault("MaxBody", "%d is more than %d", s.MaxBody, int64(maxBody))
	}
	if err := s.URLs.Validate(); err != nil {
		fault("URLs", "%v", err)
	}
	return errors.Join(faults...)
}

// maxBody bounds what a handler may hold in memory.
const maxBody = 256 << 20

type number struct {
	field string
	value int64
}

func (s Settings) numbers() []number {
	return []number{
		{"Delay", int64(s.Delay)}, {"MaxDelay", int64(s.MaxDelay)}, {"MaxWait", int64(s.MaxWait)},
		{"Timeout", int64(s.Timeout)}, {"Tries", int64(s.Tries)}, {"Backoff", int64(s.Backoff)},
		{"MaxBackoff", int64(s.MaxBackoff)}, {"Snooze", int64(s.Snooze)},
		{"MaxPages", int64(s.MaxPages)}, {"MaxHostPages", int64(s.MaxHostPages)}, {"MaxDepth", int64(s.MaxDepth)},
		{"MaxBody", s.MaxBody}, {"MaxRedirects", int64(s.MaxRedirects)},
	}
}

// UserAgent is the value of the User-Agent header.
func (s Settings) UserAgent() string {
	return s.Agent + "/1.0 (+" + s.Contact + ")"
}

package settings

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/dcq-go/dcq/examples/crawler/internal/urlnorm"
)

// Scope tells which URLs belong to a crawl. It does not change and may be used by
// several goroutines at once.
type Scope struct {
	kind             string
	keys             map[string]struct{} // hosts or domains
	prefixes         []string
	include, exclude *regexp.Regexp // nil: no limit
	urls             urlnorm.Limits
}

// NewScope returns the scope that the settings and the seeds make up. The error
// wraps ErrSeed or ErrSettings.
func NewScope(s Settings, seeds []string) (*Scope, error) {
	scope := &Scope{kind: s.Scope, keys: make(map[string]struct{}), urls: s.URLs}
	for _, seed := range seeds {
		if err := scope.addSeed(seed); err != nil {
			return nil, err
		}
	}
	var err error
	if scope.include, err = compile(s.Include); err != nil {
		return nil, fmt.Errorf("%w: Include: %w", ErrSettings, err)
	}
	if scope.exclude, err = compile(s.Exclude); err != nil {
		return nil, fmt.Errorf("%w: Exclude: %w", ErrSettings, err)
	}
	return scope, nil
}

func compile(expr string) (*regexp.Regexp, error) {
	if expr == "" {
		return nil, nil
	}
	return regexp.Compile(expr)
}

func (s *Scope) addSeed(seed string) error {
	canonical, err := urlnorm.Canonical(nil, seed)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSeed, err)
	}
	if s.kind == ScopePrefix {
		path, _, _ := strings.Cut(canonical, "?")
		s.prefixes = append(s.prefixes, path[:strings.LastIndexByte(path, '/')+1])
		return nil
	}
	s.keys[s.key(canonical)] = struct{}{}
	return nil
}

// key is what a URL has in common with the others of its scope.
func (s *Scope) key(canonical string) string {
	origin := urlnorm.GroupKey(canonical)
	if s.kind != ScopeDomain {
		return origin
	}
	u, err := url.Parse(origin)
	if err != nil {
		return origin
	}
	host := u.Hostname()
	if _, err := netip.ParseAddr(host); err == nil {
		return host
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return host // a public suffix itself, or a name without dots
	}
	return domain
}

// Holds reports whether a canonical URL is in scope. Seeds are not exempt from
// the expressions, nor from the limits on URLs.
func (s *Scope) Holds(canonical string) bool {
	return s.near(canonical) &&
		(s.include == nil || s.include.MatchString(canonical)) &&
		(s.exclude == nil || !s.exclude.MatchString(canonical)) &&
		urlnorm.Trap(canonical, s.urls) == nil
}

func (s *Scope) near(canonical string) bool {
	if s.kind == ScopePrefix {
		for _, p := range s.prefixes {
			if strings.HasPrefix(canonical, p) {
				return true
			}
		}
		return false
	}
	_, ok := s.keys[s.key(canonical)]
	return ok
}

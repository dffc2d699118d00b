package site

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"
)

// maxSites keeps the addresses inside 127.0.0.0/24.
const maxSites = 200

// A Site is one web site: a directory, or a handler, under a name.
type Site struct {
	// Name identifies the site in the log, in errors and in Origins. It must
	// not be empty and not occur twice.
	Name string

	// Dir is the directory whose files are served. It is opened once, at
	// Serve. Required unless Handler is set.
	Dir string

	// Start is the path a crawl begins at; empty means "/".
	Start string

	// Robots says what the generated /robots.txt contains.
	Robots Robots

	// Sitemap adds a /sitemap.xml with every HTML file of the directory, as it
	// was when Serve was called, and names it in /robots.txt. At most 50,000
	// files, the format's limit.
	Sitemap bool

	// Handler makes the handler of a site that is not a directory. It is called
	// once, after the addresses of all the sites are known. Such a site answers
	// /robots.txt itself: Dir, Robots and Sitemap must be zero.
	Handler func(Origins) http.Handler
}

// Origins maps the name of a site to its origin, "http://127.0.0.2:8080",
// without a slash at the end.
type Origins map[string]string

// A Robots says what a generated /robots.txt contains. The zero value allows
// everything.
type Robots struct {
	// Disallow has path prefixes for all user agents; each begins with "/".
	Disallow []string

	// CrawlDelay is the Crawl-delay line, in seconds with a fraction where
	// needed; zero means no such line.
	CrawlDelay time.Duration
}

// startPath returns Start with its default.
func (s Site) startPath() string {
	if s.Start == "" {
		return "/"
	}
	return s.Start
}

func (s Site) validate() error {
	var faults []error
	if s.Name == "" {
		faults = append(faults, errors.New("Name is empty"))
	}
	if !strings.HasPrefix(s.startPath(), "/") {
		faults = append(faults, fmt.Errorf("Start %q does not begin with a slash", s.Start))
	}
	if s.Handler != nil {
		faults = append(faults, s.validateHandler())
	} else {
		faults = append(faults, s.validateDir())
	}
	faults = append(faults, s.Robots.validate())
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("site %q: %w", s.Name, err)
	}
	return nil
}

func (s Site) validateHandler() error {
	if s.Dir != "" || s.Sitemap || s.Robots.Disallow != nil || s.Robots.CrawlDelay != 0 {
		return errors.New("Dir, Robots and Sitemap do not go with Handler")
	}
	return nil
}

func (s Site) validateDir() error {
	info, err := os.Stat(s.Dir)
	if err != nil {
		return fmt.Errorf("Dir: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("Dir %q is not a directory", s.Dir)
	}
	return nil
}

func (r Robots) validate() error {
	var faults []error
	for _, prefix := range r.Disallow {
		if !strings.HasPrefix(prefix, "/") || strings.ContainsAny(prefix, "\r\n#") {
			faults = append(faults, fmt.Errorf("Robots.Disallow %q is not a path on one line", prefix))
		}
	}
	if r.CrawlDelay < 0 {
		faults = append(faults, fmt.Errorf("Robots.CrawlDelay %v is negative", r.CrawlDelay))
	}
	return errors.Join(faults...)
}

// validateSites reports the faults of all sites together.
func validateSites(sites []Site) error {
	var faults []error
	if len(sites) == 0 || len(sites) > maxSites {
		faults = append(faults, fmt.Errorf("%d sites; want 1 to %d", len(sites), maxSites))
	}
	seen := make(map[string]bool, len(sites))
	for _, s := range sites {
		if seen[s.Name] {
			faults = append(faults, fmt.Errorf("site %q occurs twice", s.Name))
		}
		seen[s.Name] = true
		faults = append(faults, s.validate())
	}
	return errors.Join(faults...)
}

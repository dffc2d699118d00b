package corpus

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
)

// Options of a Fetch. The zero value fetches DefaultPackages, says nothing, and
// is content with less.
type Options struct {
	// Site is a directory of HTML files to use instead of the packages; empty
	// means the value of the environment variable SITE, if there is one.
	Site string

	// Packages are what to fetch; nil means DefaultPackages.
	Packages []Package

	// Require makes it an error if a package cannot be had. Otherwise the others
	// do, and if there are none, the pages of the Go installation.
	Require bool

	// Log receives a line on each step that takes time and on what is used
	// instead of what; nil means no log.
	Log io.Writer
}

// A Package is documentation in a Debian package.
type Package struct {
	// Name becomes the name of the site and that of a directory in the cache.
	Name string

	// Debs are the names that the package has in different releases, the
	// preferred one first.
	Debs []string
}

// DefaultPackages returns the packages that are fetched by default.
func DefaultPackages() []Package {
	return []Package{
		{"sqlite3-doc", []string{"sqlite3-doc"}},
		{"postgresql-doc", []string{"postgresql-doc-15", "postgresql-doc-17", "postgresql-doc-16", "postgresql-doc-14"}},
		{"python-doc", []string{"python3.11-doc", "python3.13-doc", "python3.12-doc"}},
	}
}

// debName is what Debian allows; nothing in it means anything to a shell, an
// option parser or a file system.
var debName = regexp.MustCompile(`^[a-z0-9][a-z0-9.+-]+$`)

func (o Options) withDefaults() Options {
	if o.Site == "" {
		o.Site = os.Getenv("SITE")
	}
	if o.Packages == nil {
		o.Packages = DefaultPackages()
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	return o
}

func (o Options) validate() error {
	var faults []error
	seen := map[string]bool{}
	for _, p := range o.Packages {
		if !debName.MatchString(p.Name) || seen[p.Name] {
			faults = append(faults, fmt.Errorf("Packages: name %q is not a package name of its own", p.Name))
		}
		seen[p.Name] = true
		if len(p.Debs) == 0 {
			faults = append(faults, fmt.Errorf("Packages: %q has no Debs", p.Name))
		}
		for _, deb := range p.Debs {
			if !debName.MatchString(deb) {
				faults = append(faults, fmt.Errorf("Packages: %q of %q is not a package name", deb, p.Name))
			}
		}
	}
	return errors.Join(faults...)
}

// say writes a line to the log. An unwritable log is no reason to stop.
func (o Options) say(format string, args ...any) {
	_, _ = fmt.Fprintf(o.Log, format+"\n", args...)
}

package corpus

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/site"
)

const (
	// partPrefix begins the names of directories that are being filled.
	partPrefix = ".part-"

	// partAge is how old such a directory has to be to have been given up: no
	// fetch takes that long.
	partAge = 24 * time.Hour
)

// Fetch returns sites to crawl, and puts into cacheDir what it has to download or
// to write for that; an empty cacheDir means the directory dcq-demo in the user's
// cache. The error wraps ErrOptions, ErrNoTools, ErrPackage, ErrNoPages, or that of
// the context or of the file system; packages that were complete by then stay in
// the cache.
func Fetch(ctx context.Context, cacheDir string, o Options) ([]site.Site, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOptions, err)
	}
	if o.Site != "" {
		return givenSite(o)
	}
	cacheDir, err := prepare(cacheDir)
	if err != nil {
		return nil, err
	}
	sites, err := fetchPackages(ctx, cacheDir, o)
	switch {
	case err == nil:
		return sites, nil
	case o.Require || ctx.Err() != nil:
		return nil, err
	case len(sites) > 0:
		o.say("Going on with %d of %d packages: %v", len(sites), len(o.Packages), err)
		return sites, nil
	}
	o.say("No packages: %v", err)
	o.say("Taking the HTML files of the Go installation instead: they are few, and mostly not meant to be read.")
	fallback, fallbackErr := goPages(ctx, cacheDir)
	if fallbackErr != nil {
		return nil, errors.Join(err, fallbackErr)
	}
	return []site.Site{fallback}, nil
}

// givenSite makes a site of a directory. It need not have an index.html: the
// first page is then the start.
func givenSite(o Options) ([]site.Site, error) {
	dir, err := filepath.Abs(o.Site)
	if err != nil {
		return nil, fmt.Errorf("%w: Site: %w", ErrOptions, err)
	}
	start, err := firstPage(dir)
	if err != nil {
		return nil, fmt.Errorf("%w: Site: %w", ErrOptions, err)
	}
	o.say("Using the pages in %s.", dir)
	return []site.Site{{Name: "site", Dir: dir, Start: start}}, nil
}

// prepare makes the cache directory and removes what was left in it half-way.
func prepare(cacheDir string) (string, error) {
	if cacheDir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("find the cache directory: %w", err)
		}
		cacheDir = filepath.Join(base, "dcq-demo")
	}
	cacheDir, err := filepath.Abs(cacheDir)
	if err != nil {
		return "", fmt.Errorf("find the cache directory: %w", err)
	}
	if err := os.MkdirAll(cacheDir, 0o755); err != nil {
		return "", fmt.Errorf("make the cache directory: %w", err)
	}
	parts, err := filepath.Glob(filepath.Join(cacheDir, partPrefix+"*"))
	if err != nil {
		return "", fmt.Errorf("look for old downloads: %w", err)
	}
	for _, part := range parts {
		if info, err := os.Stat(part); err == nil && time.Since(info.ModTime()) > partAge {
			_ = os.RemoveAll(part) // what cannot be removed does no harm
		}
	}
	return cacheDir, nil
}

// fill makes dir by letting build fill a directory beside it, unless dir is there
// already. It is atomic: dir is absent or whole, whoever else does the same.
func fill(dir string, build func(part string) error) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	part, err := os.MkdirTemp(filepath.Dir(dir), partPrefix)
	if err != nil {
		return fmt.Errorf("make a directory to fill: %w", err)
	}
	defer os.RemoveAll(part)
	tree := filepath.Join(part, "tree")
	if err := os.Mkdir(tree, 0o755); err != nil {
		return fmt.Errorf("make a directory to fill: %w", err)
	}
	if err := build(tree); err != nil {
		return err
	}
	err = os.Rename(tree, dir)
	if _, statErr := os.Stat(dir); err != nil && statErr == nil {
		return nil // another process was faster
	}
	if err != nil {
		return fmt.Errorf("put the directory into its place: %w", err)
	}
	return nil
}

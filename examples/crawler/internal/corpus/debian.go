package corpus

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/dcq-go/dcq/examples/crawler/internal/site"
)

// fetchPackages returns the sites of the packages that can be had, and what is
// wrong with the others.
func fetchPackages(ctx context.Context, cacheDir string, o Options) ([]site.Site, error) {
	apt := &apt{dir: filepath.Join(cacheDir, "apt"), o: o}
	var sites []site.Site
	var errs []error
	for _, p := range o.Packages {
		s, err := fetchPackage(ctx, filepath.Join(cacheDir, p.Name), apt, p)
		if ctx.Err() != nil {
			return nil, fmt.Errorf("fetch packages: %w", ctx.Err())
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		sites = append(sites, s)
	}
	return sites, errors.Join(errs...)
}

func fetchPackage(ctx context.Context, dir string, apt *apt, p Package) (site.Site, error) {
	if err := fill(dir, func(part string) error { return apt.unpack(ctx, p, part) }); err != nil {
		return site.Site{}, err
	}
	root, err := shallowestIndex(dir)
	if err != nil {
		return site.Site{}, fmt.Errorf("%w: %s: %w; remove %s to fetch it again", ErrPackage, p.Name, err, dir)
	}
	return site.Site{Name: p.Name, Dir: root, Start: "/"}, nil
}

// An apt runs the package tools for one Fetch.
type apt struct {
	dir string // its own state, below the cache
	o   Options

	updated   bool  // it has tried to fetch lists of its own
	updateErr error // how that ended
}

// unpack downloads a package under the first of its names that works and unpacks
// it into an empty directory.
func (a *apt) unpack(ctx context.Context, p Package, into string) error {
	for _, tool := range []string{"apt-get", "dpkg-deb"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("%w: to fetch %s: %w", ErrNoTools, p.Name, err)
		}
	}
	deb, err := a.download(ctx, p, into)
	if err != nil {
		return err
	}
	if err := run(ctx, into, "dpkg-deb", "-x", deb, into); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrPackage, p.Name, err)
	}
	if err := os.Remove(deb); err != nil {
		return fmt.Errorf("remove the unpacked package: %w", err)
	}
	if _, err := shallowestIndex(into); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrPackage, p.Name, err)
	}
	return nil
}

// download tries the system's lists and then, once they did not do, lists of its
// own. Without a network those may be empty, so the system's always come first.
func (a *apt) download(ctx context.Context, p Package, into string) (deb string, err error) {
	a.o.say("Downloading %s.", p.Name)
	if err := a.makeDirs(); err != nil {
		return "", err
	}
	deb, err = a.try(ctx, p, into, a.options())
	if err == nil || ctx.Err() != nil {
		return deb, err
	}
	if updateErr := a.update(ctx); updateErr != nil {
		return "", errors.Join(err, updateErr)
	}
	return a.try(ctx, p, into, a.ownLists())
}

// try returns the file of the first name that can be downloaded.
func (a *apt) try(ctx context.Context, p Package, into string, options []string) (deb string, err error) {
	var errs []error
	for _, name := range p.Debs {
		if err := run(ctx, into, "apt-get", append(options, "download", name)...); err != nil {
			errs = append(errs, err)
			continue
		}
		files, err := filepath.Glob(filepath.Join(into, "*.deb"))
		if err != nil || len(files) != 1 {
			errs = append(errs, fmt.Errorf("apt-get download %s left %d files", name, len(files)))
			continue
		}
		return files[0], nil
	}
	return "", fmt.Errorf("%w: %s: %w; if the package lists are old or empty, apt-get update helps",
		ErrPackage, p.Name, errors.Join(errs...))
}

// options keep apt-get from writing outside the cache and from waiting for long.
func (a *apt) options() []string {
	return []string{
		"-q",
		"-o", "Dir::Cache=" + filepath.Join(a.dir, "cache"),
		"-o", "Acquire::http::Timeout=20",
		"-o", "Acquire::https::Timeout=20",
		"-o", "Acquire::Languages=none",
	}
}

// ownLists are options that also replace the system's package lists. The list of
// what is installed stays the system's.
func (a *apt) ownLists() []string {
	return append(a.options(),
		"-o", "Dir::State="+filepath.Join(a.dir, "state"),
		"-o", "Dir::State::status=/var/lib/dpkg/status")
}

// update fetches package lists for this program alone, once.
func (a *apt) update(ctx context.Context) error {
	if a.updated {
		return a.updateErr
	}
	a.updated = true
	a.o.say("Not found; fetching package lists into %s.", a.dir)
	if err := run(ctx, a.dir, "apt-get", append(a.ownLists(), "update")...); err != nil {
		a.updateErr = fmt.Errorf("fetch package lists: %w", err)
	}
	return a.updateErr
}

// makeDirs makes the directories that apt-get expects to find.
func (a *apt) makeDirs() error {
	for _, dir := range []string{"state/lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(a.dir, dir), 0o755); err != nil {
			return fmt.Errorf("make a directory for apt-get: %w", err)
		}
	}
	return nil
}

package corpus

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// maxPages bounds a walk over a directory that holds more than documentation.
const maxPages = 100_000

// isPage reports whether a file name is that of an HTML page.
func isPage(name string) bool {
	ext := strings.ToLower(path.Ext(name))
	return ext == ".html" || ext == ".htm"
}

// pages returns the HTML files below a directory by their slash-separated names,
// in order, without following symbolic links.
func pages(dir string) ([]string, error) {
	var names []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || !isPage(name) {
			return err
		}
		if len(names) == maxPages {
			return fmt.Errorf("%w: more than %d of them", ErrNoPages, maxPages)
		}
		names = append(names, name)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for HTML pages: %w", err)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%w below %s", ErrNoPages, dir)
	}
	return names, nil
}

// shallowestIndex returns the directory with an index.html that is closest to the
// top: in a package, that of the whole documentation.
func shallowestIndex(dir string) (string, error) {
	names, err := pages(dir)
	if err != nil {
		return "", err
	}
	best, found := "", false
	for _, name := range names {
		if path.Base(name) != "index.html" {
			continue
		}
		if !found || strings.Count(name, "/") < strings.Count(best, "/") {
			best, found = name, true
		}
	}
	if !found {
		return "", fmt.Errorf("%w: no index.html below %s", ErrNoPages, dir)
	}
	return filepath.Join(dir, filepath.FromSlash(path.Dir(best))), nil
}

// firstPage returns the path of the page to begin with: "/" if the directory has
// an index.html, else the first page by name.
func firstPage(dir string) (string, error) {
	if _, err := os.Stat(filepath.Join(dir, "index.html")); err == nil {
		return "/", nil
	}
	names, err := pages(dir)
	if err != nil {
		return "", err
	}
	return urlPath(names[0]), nil
}

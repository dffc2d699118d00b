package corpus

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/dcq-go/dcq/examples/crawler/internal/site"
)

// maxGoPages bounds what is copied from a Go installation.
const maxGoPages = 2000

// goPages copies the HTML files of the Go installation, which do not link to one
// another, below an index that links to all of them.
func goPages(ctx context.Context, cacheDir string) (site.Site, error) {
	root, version, err := goEnv(ctx)
	if err != nil {
		return site.Site{}, err
	}
	dir := filepath.Join(cacheDir, "goroot-"+version)
	if err := fill(dir, func(part string) error { return copyPages(root, part) }); err != nil {
		return site.Site{}, err
	}
	return site.Site{Name: "goroot", Dir: dir, Start: "/"}, nil
}

// goEnv asks the go command, or the environment if there is none, for the
// installation and its version.
func goEnv(ctx context.Context) (root, version string, err error) {
	if _, err := exec.LookPath("go"); err != nil {
		if root := os.Getenv("GOROOT"); root != "" {
			return root, "unknown", nil
		}
		return "", "", fmt.Errorf("%w: no Go installation: %w", ErrNoPages, err)
	}
	out, err := output(ctx, "", "go", "env", "GOROOT", "GOVERSION")
	if err != nil {
		return "", "", err
	}
	lines := strings.Split(strings.ReplaceAll(out, "\r\n", "\n"), "\n")
	if len(lines) < 2 || lines[0] == "" || strings.ContainsAny(lines[1], `/\ `) {
		return "", "", fmt.Errorf("%w: go env printed %q", ErrNoPages, out)
	}
	return lines[0], lines[1], nil
}

// copyPages copies the pages below from, test data excepted, and writes an index.
func copyPages(from, to string) error {
	names, err := pages(from)
	if err != nil {
		return err
	}
	var list strings.Builder
	copied := 0
	for _, name := range names {
		if name == "index.html" || strings.Contains("/"+name, "/testdata/") || copied == maxGoPages {
			continue
		}
		if err := copyFile(filepath.Join(from, filepath.FromSlash(name)), filepath.Join(to, filepath.FromSlash(name))); err != nil {
			return err
		}
		copied++
		fmt.Fprintf(&list, "<li><a href=\"%s\">%s</a>\n", html.EscapeString(urlPath(name)), html.EscapeString(name))
	}
	if copied == 0 {
		return fmt.Errorf("%w below %s", ErrNoPages, from)
	}
	index := "<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<title>Go</title>\n<ul>\n" + list.String() + "</ul>\n"
	if err := os.WriteFile(filepath.Join(to, "index.html"), []byte(index), 0o644); err != nil {
		return fmt.Errorf("write an index: %w", err)
	}
	return nil
}

func copyFile(from, to string) error {
	body, err := os.ReadFile(from)
	err = errors.Join(err, os.MkdirAll(filepath.Dir(to), 0o755))
	if err == nil {
		err = os.WriteFile(to, body, 0o644)
	}
	if err != nil {
		return fmt.Errorf("copy a page: %w", err)
	}
	return nil
}

// urlPath returns the escaped path of a page on its site.
func urlPath(name string) string {
	return (&url.URL{Path: "/" + name}).EscapedPath()
}

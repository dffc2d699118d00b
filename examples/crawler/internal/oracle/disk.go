package oracle

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
)

var (
	htmlName = regexp.MustCompile(`(?i)\.html?$`)
	escape   = regexp.MustCompile(`%[0-9A-F]{2}`)
)

// A disk knows what the files below a root answer to.
type disk struct {
	root *os.Root // which does not follow links out of itself
	o    Options
}

// answer returns the page at a canonical URL and, if it is HTML, the name of its
// file.
func (d disk) answer(url ref) (Page, string) {
	for _, prefix := range d.o.Disallow {
		if strings.HasPrefix(url.String(), prefix) && url.path != "/robots.txt" {
			return Page{Outcome: Disallowed}, ""
		}
	}
	if url.path == "/robots.txt" || url.path == "/sitemap.xml" && d.o.Sitemap {
		return Page{Outcome: Other}, ""
	}
	decoded := escape.ReplaceAllStringFunc(url.path, func(o string) string {
		return string([]byte{unhex(o[1])<<4 | unhex(o[2])})
	})
	return d.file(url, decoded)
}

// file applies the rules of a file server to a decoded path.
func (d disk) file(url ref, decoded string) (Page, string) {
	if strings.HasSuffix(decoded, "/index.html") {
		return redirectTo(url, "./"), ""
	}
	name := strings.Trim(path.Clean(decoded), "/")
	if name == "" {
		name = "."
	}
	last := path.Base(url.path) // a redirect keeps the spelling
	slash := strings.HasSuffix(decoded, "/")
	switch {
	case d.isFile(name) && slash:
		return redirectTo(url, "../"+last), ""
	case d.isFile(name):
		return pageOf(name), name
	case d.isFile(path.Join(name, "index.html")) && !slash:
		return redirectTo(url, last+"/"), ""
	case d.isFile(path.Join(name, "index.html")):
		index := path.Join(name, "index.html")
		return pageOf(index), index
	}
	return Page{Outcome: Missing}, ""
}

func pageOf(name string) Page {
	if htmlName.MatchString(name) {
		return Page{Outcome: HTML}
	}
	return Page{Outcome: Other}
}

// redirectTo makes the redirect to a relative target; the query goes along.
func redirectTo(url ref, target string) Page {
	to := ref{path: target, query: url.query, hasQuery: url.query != ""}.relativeTo(url)
	to.path = removeDotSegments(to.path)
	return Page{Outcome: Redirect, Target: to.String()}
}

var notInPaths = strings.NewReplacer("%", "%25", "?", "%3F", "#", "%23", "[", "%5B", "]", "%5D")

// normalizeName escapes the name of a file for use as a path.
func normalizeName(name string) string {
	return normalize(notInPaths.Replace(name))
}

func (d disk) isFile(name string) bool {
	info, err := d.root.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// read returns the part of a file that the crawler looks at.
func (d disk) read(name string) (string, error) {
	f, err := d.root.Open(name)
	if err != nil {
		return "", fmt.Errorf("read a page: %w", err)
	}
	defer f.Close()
	page, err := io.ReadAll(io.LimitReader(f, d.o.MaxBody))
	if err != nil {
		return "", fmt.Errorf("read a page: %w", err)
	}
	return string(page), nil
}

// sitemap returns the URLs of all HTML files that are not below a linked
// directory, an index.html as its directory.
func (d disk) sitemap() ([]ref, error) {
	var found []ref
	err := fs.WalkDir(d.root.FS(), ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || !htmlName.MatchString(name) || !d.isFile(name) {
			return err
		}
		if path.Base(name) == "index.html" {
			name = strings.TrimSuffix(name, "index.html")
		}
		found = append(found, ref{path: "/" + normalizeName(name)})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the pages: %w", err)
	}
	return found, nil
}

package oracle

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dcq-go/dcq/examples/crawler/internal/site"
)

// tree writes files, named by slash paths, into a new directory.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, body := range files {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func walkOK(t *testing.T, dir string, o Options) *Expected {
	t.Helper()
	e, err := Walk(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// outcomes writes a set as "URL outcome" lines, the target of a redirect last.
func outcomes(e *Expected) string {
	var b strings.Builder
	for _, url := range slices.Sorted(maps.Keys(e.Pages)) {
		p := e.Pages[url]
		fmt.Fprintf(&b, "%s %s %s\n", url, p.Outcome, p.Target)
	}
	return strings.ReplaceAll(b.String(), " \n", "\n")
}

// lines joins lines as outcomes writes them.
func lines(l ...string) string {
	return strings.Join(l, "\n") + "\n"
}

var smallSite = map[string]string{
	"index.html": `<a href="a.html">a</a> <a href=index.html#x>self</a> <a href=sub>dir</a> <a href="none.html">gone</a>
		<a href="sub/index.html?q=1">q</a> <a href="bare/">no index</a> <a href='mailto:x'>m</a> <a href="//else/">e</a>`,
	"a.html":             `<a href="paper.pdf">p</a><a href="b%20c.html?x=1&amp;y=2">b</a><a href="a.html/">slash</a>`,
	"b c.html":           `<a href="/a.html">back</a><area href="d%C3%A9.HTM"><link href=z.html><img src=z.png>`,
	"dé.HTM":             `<a href="robots.txt">r</a><a href="deep/index.html">no such</a>`,
	"paper.pdf":          `<a href="never.html">not HTML</a>`,
	"sub/index.html":     `<a href="../a.html">up</a><a href="p(1).html">par</a><a href="q%3Fd">odd</a>`,
	"sub/p(1).html":      "",
	"sub/q?d/index.html": `<a href="./">self</a>`,
	"bare/x.html":        "",
	"orphan.html":        `<a href="from-orphan.html">x</a>`,
}

func TestWalk(t *testing.T) {
	dir := tree(t, smallSite)
	e := walkOK(t, dir, Options{})
	want := lines(
		"/ html",
		"/a.html html",
		"/a.html/ redirect /a.html",
		"/b%20c.html?x=1&y=2 html",
		"/bare/ missing",
		"/d%C3%A9.HTM html",
		"/deep/ missing",
		"/deep/index.html redirect /deep/",
		"/index.html redirect /",
		"/none.html missing",
		"/paper.pdf other",
		"/robots.txt other",
		"/sub redirect /sub/",
		"/sub/ html",
		"/sub/?q=1 html",
		"/sub/index.html?q=1 redirect /sub/?q=1",
		"/sub/p(1).html html",
		"/sub/q%3Fd redirect /sub/q%3Fd/",
		"/sub/q%3Fd/ html",
	)
	if got := outcomes(e); got != want {
		t.Errorf("Walk() =\n%s, want\n%s", got, want)
	}
	if p := e.Pages["/"]; p.Links != 6 {
		t.Errorf("the home page has %d links, want 6", p.Links)
	}
	if e.Links != 20 {
		t.Errorf("Links = %d, want 20", e.Links)
	}
}

// TestWalkAgreesWithServer asks package site for every URL of a walk.
func TestWalkAgreesWithServer(t *testing.T) {
	dir := tree(t, smallSite)
	s, err := site.Serve([]site.Site{{Name: "s", Dir: dir, Sitemap: true}}, site.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	e := walkOK(t, dir, Options{Origin: s.Origin("s"), Sitemap: true})
	for path, p := range e.Pages {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Origin("s")+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := served(t, resp); got != p.Outcome {
			t.Errorf("GET %s: the server says %q, the walk %q", path, got, p.Outcome)
		}
		if to, err := resp.Location(); err == nil && pathQuery(to) != p.Target {
			t.Errorf("GET %s leads to %q, in the walk to %q", path, pathQuery(to), p.Target)
		}
	}
}

func served(t *testing.T, resp *http.Response) Outcome {
	t.Helper()
	switch {
	case resp.StatusCode == http.StatusMovedPermanently:
		return Redirect
	case resp.StatusCode == http.StatusNotFound:
		return Missing
	case strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html"):
		return HTML
	}
	return Other
}

func pathQuery(u *url.URL) string {
	if u.RawQuery != "" {
		return u.EscapedPath() + "?" + u.RawQuery
	}
	return u.EscapedPath()
}

func TestWalkOptions(t *testing.T) {
	dir := tree(t, map[string]string{
		"index.html": `<a href=a.html><a href="//site:1/b.html"><a rel="UGC NoFollow" href=c.html>`,
		"a.html":     `<meta name=Robots content="noindex,NoFollow"><a href=e.html>`,
		"b.html":     `<base target=x><base href=/sub/deep/><base href=/no/><a href=f.html>`,
		"i.html":     `<meta http-equiv=Refresh content="0; url=gone"><frame src=d.html><iframe src=e.html></iframe><img src=p.png>`,
		"g.html":     strings.Repeat(" ", 100) + `<a href=h.html>`,
	})
	base := []string{"/ html", "/a.html html"}
	tests := []struct {
		name string
		o    Options
		want []string
	}{
		{"defaults", Options{}, base},
		{"origin", Options{Origin: "http://Site:1"}, append(base, "/b.html html", "/sub/deep/f.html missing")},
		{"disallow", Options{Disallow: []string{"/x", "/a"}}, []string{"/ html", "/a.html disallowed"}},
		{"disallow all", Options{Disallow: []string{"/"}}, []string{"/ disallowed"}},
		{"disallow but robots", Options{Start: "/robots.txt", Disallow: []string{"/"}}, []string{"/robots.txt other"}},
		{"empty query", Options{Start: "/index.html?"}, append([]string{base[0], base[1]}, "/index.html? redirect /")},
		{"follow", Options{FollowNofollow: true}, append(base, "/c.html missing", "/e.html missing")},
		{"elements", Options{Start: "/i.html", Elements: map[string]string{"img": "src"}}, []string{"/gone missing", "/i.html html", "/p.png missing"}},
		{"frames", Options{Start: "/i.html", NoRefresh: true}, []string{"/d.html missing", "/e.html missing", "/i.html html"}},
		{"refresh", Options{Start: "/i.html"}, []string{"/d.html missing", "/e.html missing", "/gone missing", "/i.html html"}},
		{"start", Options{Start: "/g.html#x"}, []string{"/g.html html", "/h.html missing"}},
		{"body", Options{Start: "/g.html", MaxBody: 110}, []string{"/g.html html"}},
		{"sitemap", Options{Sitemap: true}, append(base, "/b.html html", "/d.html missing", "/e.html missing",
			"/g.html html", "/gone missing", "/h.html missing", "/i.html html", "/sub/deep/f.html missing")},
	}
	for _, tt := range tests {
		if got, want := outcomes(walkOK(t, dir, tt.o)), lines(tt.want...); got != want {
			t.Errorf("%s: Walk() =\n%s, want\n%s", tt.name, got, want)
		}
	}
}

func TestWalkErrors(t *testing.T) {
	_, err := Walk(t.Context(), t.TempDir(), Options{Start: "x", Origin: "y/", MaxBody: -1, MaxURLs: -1})
	if !errors.Is(err, ErrOptions) {
		t.Fatalf("Walk(bad options) = %v, want ErrOptions", err)
	}
	for _, field := range []string{"Start", "Origin", "MaxBody", "MaxURLs"} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("Walk(bad options) = %v, want it to name %s", err, field)
		}
	}
	if _, err := Walk(t.Context(), filepath.Join(t.TempDir(), "none"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Walk(no directory) = %v, want ErrNotExist", err)
	}
	dir := tree(t, smallSite)
	if _, err := Walk(t.Context(), dir, Options{MaxURLs: 3}); !errors.Is(err, ErrTooMany) {
		t.Errorf("Walk with MaxURLs 3 = %v, want ErrTooMany", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Walk(ctx, dir, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Walk(canceled) = %v, want context.Canceled", err)
	}
}

func TestDiff(t *testing.T) {
	e := &Expected{Pages: map[string]Page{
		"/":  {Outcome: HTML},
		"/a": {Outcome: Missing},
		"/b": {Outcome: Redirect, Target: "/"},
	}}
	if got := e.Diff(map[string]Outcome{"/": HTML, "/a": Missing, "/b": Redirect}); got != nil {
		t.Errorf("Diff(the same) = %v, want none", got)
	}
	got := e.Diff(map[string]Outcome{"/": HTML, "/b": HTML, "/c": Other})
	want := []Difference{{"/a", "", Missing}, {"/b", HTML, Redirect}, {"/c", Other, ""}}
	if !slices.Equal(got, want) {
		t.Errorf("Diff() = %v, want %v", got, want)
	}
	if got, want := want[1].String(), `/b: got "html", want "redirect"`; got != want {
		t.Errorf("String() = %s, want %s", got, want)
	}
	if got := e.Count(HTML); got != 1 {
		t.Errorf("Count(HTML) = %d, want 1", got)
	}
}

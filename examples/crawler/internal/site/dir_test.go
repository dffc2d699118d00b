package site

import (
	"net/http"
	"strings"
	"testing"
)

func TestDirAnswers(t *testing.T) {
	dir := tree(t, map[string]string{
		"index.html":         "home",
		"a.html":             "page a",
		"sub/index.html":     "sub home",
		"sub/b c.html":       "page b c",
		"bare/file.txt":      "text",
		"q?d#/index.html":    "odd directory",
		"100%/index.html":    "percent",
		"(c:d)/index.html":   "parentheses and a colon",
		"note":               "<html>not by its name</html>",
		"robots.txt":         "hidden by the generated one",
		"deep/index.html/x":  "index.html is a directory",
		"sub/image/IMG.PNG":  "\x89PNG",
		"sub/image/page.HTM": "old",
	})
	s := serve(t, Options{}, Site{Name: "s", Dir: dir})
	tests := []struct {
		path, location, mime, body string
		status                     int
	}{
		{path: "/", status: 200, mime: "text/html; charset=utf-8", body: "home"},
		{path: "/a.html", status: 200, mime: "text/html; charset=utf-8", body: "page a"},
		{path: "/a.html?x=1", status: 200, body: "page a"},
		{path: "//a.html", status: 200, body: "page a"},
		{path: "/sub/../a.html", status: 200, body: "page a"},
		{path: "/../../a.html", status: 200, body: "page a"},
		{path: "/sub/b%20c.html", status: 200, body: "page b c"},
		{path: "/bare/file.txt", status: 200, mime: "text/plain; charset=utf-8", body: "text"},
		{path: "/note", status: 200, mime: "application/octet-stream"},
		{path: "/sub/image/IMG.PNG", status: 200, mime: "image/png"},
		{path: "/sub/image/page.HTM", status: 200, mime: "text/html; charset=utf-8"},
		{path: "/index.html", status: 301, location: "./"},
		{path: "/sub/index.html?q=1", status: 301, location: "./?q=1"},
		{path: "/none/index.html", status: 301, location: "./"},
		{path: "/sub", status: 301, location: "./sub/"},
		{path: "/sub?q=1", status: 301, location: "./sub/?q=1"},
		{path: "/q%3Fd%23", status: 301, location: "./q%3Fd%23/"},
		{path: "/100%25", status: 301, location: "./100%25/"},
		{path: "/(c:d)", status: 301, location: "./(c:d)/"},
		{path: "/%28c:d%29", status: 301, location: "./%28c:d%29/"},
		{path: "/a.html/", status: 301, location: "../a.html"},
		{path: "/bare", status: 404},
		{path: "/bare/", status: 404},
		{path: "/deep/", status: 404},
		{path: "/a.html/b", status: 404},
		{path: "/none", status: 404},
		{path: "/a%00b", status: 404},
		{path: "/" + strings.Repeat("long", 100), status: 404},
		{path: "/sitemap.xml", status: 404},
	}
	for _, tt := range tests {
		got := get(t, s.Origin("s")+tt.path)
		if got.status != tt.status {
			t.Errorf("GET %s = %d, want %d", tt.path, got.status, tt.status)
		}
		if l := got.header.Get("Location"); l != tt.location {
			t.Errorf("GET %s: Location = %q, want %q", tt.path, l, tt.location)
		}
		if m := got.header.Get("Content-Type"); tt.mime != "" && m != tt.mime {
			t.Errorf("GET %s: Content-Type = %q, want %q", tt.path, m, tt.mime)
		}
		if tt.body != "" && got.body != tt.body {
			t.Errorf("GET %s: body = %q, want %q", tt.path, got.body, tt.body)
		}
	}
}

func TestDirRevalidates(t *testing.T) {
	s := serve(t, Options{}, Site{Name: "s", Dir: tree(t, map[string]string{"index.html": "home"})})
	for _, path := range []string{"/", "/robots.txt"} {
		url := s.Origin("s") + path
		first := get(t, url)
		tag := first.header.Get("ETag")
		if tag == "" {
			t.Fatalf("GET %s: no ETag", path)
		}
		if got := get(t, url, "If-None-Match", tag); got.status != 304 || got.body != "" {
			t.Errorf("GET %s with its ETag = %d, %d bytes, want 304 and none", path, got.status, len(got.body))
		}
		if got := get(t, url, "If-None-Match", `"other"`); got.status != 200 {
			t.Errorf("GET %s with another ETag = %d, want 200", path, got.status)
		}
	}
	home := s.Origin("s") + "/"
	modified := get(t, home).header.Get("Last-Modified")
	if got := get(t, home, "If-Modified-Since", modified); got.status != 304 {
		t.Errorf("GET / with its Last-Modified %q = %d, want 304", modified, got.status)
	}
}

func TestDirMethods(t *testing.T) {
	s := serve(t, Options{}, Site{Name: "s", Dir: tree(t, map[string]string{"index.html": "home"})})
	if got := do(t, http.MethodHead, s.Origin("s")+"/"); got.status != 200 || got.body != "" {
		t.Errorf("HEAD / = %d, body %q, want 200 and none", got.status, got.body)
	}
	if got := do(t, http.MethodPost, s.Origin("s")+"/"); got.status != 405 {
		t.Errorf("POST / = %d, want 405", got.status)
	}
}

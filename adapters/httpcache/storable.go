package httpcache

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// statusesUnderstood are those whose rules are followed, as must-understand asks for.
var statusesUnderstood = append([]int{302, 303, 307}, heuristicStatuses...)

// storable reports whether RFC 9111, section 3 lets a response be kept.
func storable(req *http.Request, status int, h http.Header, d directives, shared bool) bool {
	understand := d.has("must-understand")
	switch {
	case status < 200, status == http.StatusPartialContent, status == http.StatusNotModified:
		return false
	case understand && !slices.Contains(statusesUnderstood, status), d.has("no-store") && !understand:
		return false
	case shared && !shareable(req, h, d):
		return false
	}
	explicit := d.any("public", "max-age") || len(h["Expires"]) > 0
	return explicit || d.has("private") || shared && d.has("s-maxage") || slices.Contains(heuristicStatuses, status)
}

// shareable reports whether what one user got is for others. RFC 9111 lets a cookie be
// kept; here somebody must say that it is meant.
func shareable(req *http.Request, h http.Header, d directives) bool {
	open := d.any("public", "s-maxage")
	switch {
	case d.has("private"):
		return false
	case len(req.Header["Authorization"]) > 0 && !open && !d.has("must-revalidate"):
		return false
	case len(h["Set-Cookie"]) > 0 && !open:
		return false
	}
	return true
}

// useful reports whether a response that is kept will ever save anything.
func useful(h http.Header, status int, d directives, shared bool) bool {
	if h.Get("Etag") != "" || h.Get("Last-Modified") != "" {
		return true
	}
	fresh := lifetime(h, status, d, shared) > 0 || d.any("stale-while-revalidate", "stale-if-error")
	return fresh && !d.has("no-cache")
}

// newEntry returns the entry for a response, without its body, or nil if it must not be
// kept or there is no use in it.
func newEntry(req *http.Request, status int, h http.Header, asked, received time.Time, shared bool) *entry {
	d := parseControl(h)
	vary, ok := varyOf(req, h, shared)
	if !ok || !storable(req, status, h, d, shared) || !useful(h, status, d, shared) {
		return nil
	}
	e := &entry{
		Vary: vary, Variant: variant(req, vary), Status: status,
		Received: received, InitialAge: initialAge(h, asked, received), asked: asked,
	}
	h.Del("Age")
	e.setHeader(h)
	if len(e.Header) > maxHeader {
		return nil
	}
	return e
}

// hopByHop are headers of a connection, not of what comes through it.
var hopByHop = []string{
	"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization",
	"Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade", FromCache,
}

// endToEnd returns a copy of a header as it is kept, with the Date that it came without.
func endToEnd(h http.Header, received time.Time) http.Header {
	kept := http.Header{}
	maps.Copy(kept, h.Clone())
	for _, line := range h["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			kept.Del(trim(name))
		}
	}
	for _, name := range hopByHop {
		kept.Del(name)
	}
	if _, err := http.ParseTime(kept.Get("Date")); err != nil {
		kept.Set("Date", received.UTC().Format(http.TimeFormat))
	}
	return kept
}

// ofContent are headers that describe the body, which a 304 does not change.
var ofContent = []string{"Content-Length", "Content-Encoding", "Content-Range"}

// merge returns a stored header with what a 304 says anew, by RFC 9111, section 3.2.
func merge(stored, update http.Header) http.Header {
	h := stored.Clone()
	for name, values := range update {
		if !slices.Contains(ofContent, name) {
			h[name] = values
		}
	}
	return h
}

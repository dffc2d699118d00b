package httpcache_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/dcq-go/dcq/adapters/httpcache"
)

func TestInvalidation(t *testing.T) {
	f := newFixture(t, httpcache.Options{})
	for i, c := range []struct {
		method string
		status int
		header string
		gone   string // the paths that are invalidated
	}{
		{method: http.MethodPost, gone: "/a"},
		{method: http.MethodPut, status: 204, gone: "/a"},
		{method: http.MethodDelete, status: 302, gone: "/a"},
		{method: "PROPFIND", gone: "/a"},
		{method: http.MethodPost, status: 400},
		{method: http.MethodPost, status: 500},
		{method: http.MethodOptions},
		{method: http.MethodPost, status: 201, header: "Location: /%d/b", gone: "/a /b"},
		{method: http.MethodPost, header: "Content-Location: b", gone: "/a /b"},
		{method: http.MethodPost, header: "Location: http://elsewhere/%d/b", gone: "/a"},
	} {
		t.Run(c.method+" "+c.header, func(t *testing.T) {
			f.T = t
			dir := fmt.Sprint("/", i)
			f.answers(text("one", minute))
			for _, path := range []string{"/a", "/b"} {
				f.do(http.MethodGet, dir+path)
			}
			f.answers(func(w http.ResponseWriter, _ *http.Request) {
				addLines(w.Header(), lines(strings.Replace(c.header, "/%d", dir, 1)))
				w.WriteHeader(max(200, c.status))
			})
			f.do(c.method, dir+"/a")
			gone := ""
			for _, path := range []string{"/a", "/b"} {
				if a := f.do(http.MethodGet, dir+path, "Cache-Control: only-if-cached"); a.status == http.StatusGatewayTimeout {
					gone += " " + path
				}
			}
			if want := c.gone; gone != "" && gone[1:] != want || gone == "" && want != "" {
				t.Errorf("invalidated:%s, want %s", gone, want)
			}
		})
	}
}

// Nobody knows whether a request without an answer did what it was to do.
func TestInvalidationWithoutAnswer(t *testing.T) {
	f := newFixture(t, httpcache.Options{})
	f.answers(text("one", minute))
	f.get()
	f.answers(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if resp, err := f.transport.RoundTrip(f.request(http.MethodPost, "/")); err == nil {
		resp.Body.Close()
		t.Fatal("RoundTrip() = no error")
	}
	if a := f.get("Cache-Control: only-if-cached"); a.cached {
		t.Error("what may have changed is still served")
	}
}

// A caller that gave up has changed what is there all the same.
func TestInvalidationCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f := newFixture(t, httpcache.Options{Base: roundTrip(func(req *http.Request) (*http.Response, error) {
		resp, err := http.DefaultTransport.RoundTrip(req)
		if req.Method == http.MethodPost {
			cancel()
		}
		return resp, err
	})})
	f.answers(text("one", minute))
	f.get()
	resp, err := f.transport.RoundTrip(f.request(http.MethodPost, "/").WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	f.want(f.get("Cache-Control: only-if-cached"), false, "")
	f.wantItems(1)
	f.clock.Step(time.Hour) // what was under way is over
	f.wantItems(0)
}

// What was asked for before an invalidation, here or in another process, and comes after
// it, is not kept: nor a body, nor a validation.
func TestInvalidatedMeanwhile(t *testing.T) {
	f := newFixture(t, httpcache.Options{})
	f.answers(text("old", minute, etag))
	slow := f.open(http.MethodGet, "/")
	other := &fixture{T: t, origin: f.origin, clock: f.clock, cache: f.cache, transport: newTransport(t, f.cache, httpcache.Options{})}
	other.do(http.MethodPost, "/")
	readAll(t, slow)
	f.wantItems(1)
	f.answers(text("new", minute))
	f.want(f.get(), false, "new")
	f.want(f.get(), true, "new")

	f.answers(func(w http.ResponseWriter, r *http.Request) {
		f.answers(text("post"))
		other.do(http.MethodPost, "/")
		text("old", minute)(w, r)
	})
	f.want(f.get("Cache-Control: no-cache"), false, "old")
	f.want(other.get("Cache-Control: only-if-cached"), false, "")
}

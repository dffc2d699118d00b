package httpcache_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/dcq-go/dcq/adapters/httpcache"
)

// Who answers the second of two requests.
const (
	byCache   = "cache"
	byOrigin  = "origin"
	validated = "cache, after the origin said that it holds"
	stale     = "cache, after the origin failed"
	nobody    = "nobody"
	failure   = "origin, with its failure"
)

// rule is two requests, and who answers the second.
type rule struct {
	name   string
	shared bool
	status int           // of the first response; 0 is 200
	kept   []string      // header lines of the first response
	asked  []string      // of the first request
	after  time.Duration // between the requests
	again  []string      // header lines of the second request
	fails  bool          // the origin, when it is asked the second time
	want   string
}

const etag = `ETag: "one"`

func lines(l ...string) []string { return l }

var rules = []rule{
	{name: "max-age", kept: lines("Cache-Control: max-age=60"), after: 59 * time.Second, want: byCache},
	{name: "max-age over", kept: lines("Cache-Control: max-age=60"), after: 60 * time.Second, want: byOrigin},
	{name: "max-age over, with a validator", kept: lines("Cache-Control: max-age=60", etag), after: 60 * time.Second, want: validated},
	{name: "max-age before Expires", kept: lines("Cache-Control: max-age=60", "Expires: Thu, 01 Jan 1970 00:00:00 GMT"), want: byCache},
	{name: "max-age quoted", kept: lines(`Cache-Control: max-age="60"`), after: 59 * time.Second, want: byCache},
	{name: "max-age twice, not the same", kept: lines("Cache-Control: max-age=60, max-age=70", etag), want: validated},
	{name: "max-age that is no number", kept: lines("Cache-Control: max-age=many", etag), want: validated},
	{name: "max-age too large", kept: lines("Cache-Control: max-age=99999999999999999999"), after: 24 * time.Hour, want: byCache},
	{name: "Cache-Control on two lines", kept: lines("Cache-Control: max-age=60", "Cache-Control: no-store"), want: byOrigin},
	{name: "Expires", kept: lines("Expires: Tue, 01 Jan 2030 12:01:00 GMT"), after: 59 * time.Second, want: byCache},
	{name: "Expires over", kept: lines("Expires: Tue, 01 Jan 2030 12:01:00 GMT", etag), after: 60 * time.Second, want: validated},
	{name: "Expires that is no date", kept: lines("Expires: 0", etag), want: validated},
	{name: "Expires twice, not the same", kept: lines("Expires: Tue, 01 Jan 2030 12:01:00 GMT", "Expires: Tue, 01 Jan 2030 12:02:00 GMT", etag), want: validated},
	{name: "a tenth of the age", kept: lines("Last-Modified: Tue, 01 Jan 2030 11:50:00 GMT"), after: 59 * time.Second, want: byCache},
	{name: "more than a tenth of the age", kept: lines("Last-Modified: Tue, 01 Jan 2030 11:50:00 GMT"), after: 60 * time.Second, want: validated},
	{name: "a tenth of an age of years", kept: lines("Last-Modified: Tue, 01 Jan 2020 12:00:00 GMT"), after: 24 * time.Hour, want: validated},
	{name: "no heuristics for a 302", status: 302, kept: lines("Last-Modified: Tue, 01 Jan 2030 11:50:00 GMT"), want: byOrigin},
	{name: "no heuristics for a private 302", status: 302, kept: lines("Cache-Control: private", "Last-Modified: Tue, 01 Jan 2030 11:50:00 GMT"), want: validated},
	{name: "heuristics for a public 302", status: 302, kept: lines("Cache-Control: public", "Last-Modified: Tue, 01 Jan 2030 11:50:00 GMT"), want: byCache},
	{name: "nothing that helps", kept: lines("X-Else: 1"), want: byOrigin},
	{name: "Age", kept: lines("Cache-Control: max-age=60", "Age: 50", etag), after: 10 * time.Second, want: validated},
	{name: "Age as a list", kept: lines("Cache-Control: max-age=60", "Age: 50, 1", etag), after: 10 * time.Second, want: validated},
	{name: "Age young enough", kept: lines("Cache-Control: max-age=60", "Age: 50"), after: 9 * time.Second, want: byCache},
	{name: "Date in the past", kept: lines("Cache-Control: max-age=60", "Date: Tue, 01 Jan 2030 11:59:00 GMT", etag), want: validated},
	{name: "Date of no time", kept: lines("Cache-Control: max-age=60", "Date: Mon, 01 Jan 0001 00:00:00 GMT", etag), after: 2 * time.Minute, want: validated},
	{name: "Date of no time, Expires over", kept: lines("Expires: Mon, 01 Jan 2029 12:00:00 GMT", "Date: Mon, 01 Jan 0001 00:00:00 GMT", etag), after: time.Second, want: validated},
	{name: "Expires in thousands of years", kept: lines("Expires: Fri, 31 Dec 9999 23:59:59 GMT"), after: 24 * time.Hour, want: byCache},
	{name: "clock set back", kept: lines("Cache-Control: max-age=60", etag), after: -time.Minute, want: validated},
	{name: "Date that is no date", kept: lines("Cache-Control: max-age=60", "Date: yesterday"), after: 59 * time.Second, want: byCache},
	{name: "Expires of a 302", status: 302, kept: lines("Expires: Tue, 01 Jan 2030 12:01:00 GMT"), want: byCache},
	{name: "304 that nobody asked for", status: 304, kept: lines("Cache-Control: max-age=60", etag), want: byOrigin},
	{name: "404", status: 404, kept: lines("Cache-Control: max-age=60"), want: byCache},
	{name: "500 that says so", status: 500, kept: lines("Cache-Control: max-age=60"), want: byCache},
	{name: "206", status: 206, kept: lines("Cache-Control: max-age=60", "Content-Range: bytes 0-2/10"), want: byOrigin},

	{name: "no-store", kept: lines("Cache-Control: no-store, max-age=60", etag), want: byOrigin},
	{name: "no-store after a broken quote", kept: lines(`Cache-Control: max-age=60, x="y, no-store`), want: byOrigin},
	{name: "no-store asked for", kept: lines("Cache-Control: max-age=60"), asked: lines("Cache-Control: no-store"), want: byOrigin},
	{name: "no-store with must-understand", kept: lines("Cache-Control: max-age=60, no-store, must-understand"), want: byCache},
	{name: "must-understand what is not", status: 499, kept: lines("Cache-Control: max-age=60, must-understand"), want: byOrigin},
	{name: "no-cache", kept: lines("Cache-Control: no-cache, max-age=60", etag), want: validated},
	{name: "no-cache of a field", kept: lines(`Cache-Control: max-age=60, no-cache="X-Y"`, etag), want: validated},
	{name: "no-cache, failing", kept: lines("Cache-Control: no-cache, stale-if-error=60", etag), fails: true, want: failure},
	{name: "Vary: *", kept: lines("Cache-Control: max-age=60", "Vary: *"), want: byOrigin},
	{name: "Range", kept: lines("Cache-Control: max-age=60"), again: lines("Range: bytes=0-1"), want: byOrigin},
	{name: "If-None-Match", kept: lines("Cache-Control: max-age=60"), again: lines(`If-None-Match: "x"`), want: byOrigin},

	{name: "request no-cache", kept: lines("Cache-Control: max-age=60", etag), again: lines("Cache-Control: no-cache"), want: validated},
	{name: "request Pragma", kept: lines("Cache-Control: max-age=60", etag), again: lines("Pragma: no-cache"), want: validated},
	{name: "request Pragma beside Cache-Control", kept: lines("Cache-Control: max-age=60", etag), again: lines("Pragma: no-cache", "Cache-Control: max-age=9"), want: byCache},
	{name: "request max-age", kept: lines("Cache-Control: max-age=60", etag), after: 6 * time.Second, again: lines("Cache-Control: max-age=5"), want: validated},
	{name: "request max-age young enough", kept: lines("Cache-Control: max-age=60", etag), after: 5 * time.Second, again: lines("Cache-Control: max-age=5"), want: byCache},
	{name: "request min-fresh", kept: lines("Cache-Control: max-age=60", etag), after: 51 * time.Second, again: lines("Cache-Control: min-fresh=10"), want: validated},
	{name: "request min-fresh fresh enough", kept: lines("Cache-Control: max-age=60", etag), after: 49 * time.Second, again: lines("Cache-Control: min-fresh=10"), want: byCache},
	{name: "request min-fresh, stale-while-revalidate", kept: lines("Cache-Control: max-age=60, stale-while-revalidate=60", etag), after: 51 * time.Second, again: lines("Cache-Control: min-fresh=10"), want: validated},
	{name: "request max-stale", kept: lines("Cache-Control: max-age=60", etag), after: time.Hour, again: lines("Cache-Control: max-stale"), want: byCache},
	{name: "request max-stale=", kept: lines("Cache-Control: max-age=60", etag), after: time.Hour, again: lines("Cache-Control: max-stale="), want: validated},
	{name: "request max-stale within", kept: lines("Cache-Control: max-age=60", etag), after: 70 * time.Second, again: lines("Cache-Control: max-stale=10"), want: byCache},
	{name: "request max-stale beyond", kept: lines("Cache-Control: max-age=60", etag), after: 71 * time.Second, again: lines("Cache-Control: max-stale=10"), want: validated},
	{name: "request max-stale of what is to be fresh", kept: lines("Cache-Control: max-age=60", etag), after: 66 * time.Second, again: lines("Cache-Control: max-stale=10, min-fresh=5"), want: validated},
	{name: "request max-stale, must-revalidate", kept: lines("Cache-Control: max-age=60, must-revalidate", etag), after: 70 * time.Second, again: lines("Cache-Control: max-stale"), want: validated},
	{name: "only-if-cached", kept: lines("Cache-Control: max-age=60"), again: lines("Cache-Control: only-if-cached"), want: byCache},
	{name: "only-if-cached, stale", kept: lines("Cache-Control: max-age=60", etag), after: time.Minute, again: lines("Cache-Control: only-if-cached"), want: nobody},
	{name: "only-if-cached, not there", kept: lines("Cache-Control: no-store"), again: lines("Cache-Control: only-if-cached"), want: nobody},
	{name: "only-if-cached, a part", kept: lines("Cache-Control: max-age=60"), again: lines("Cache-Control: only-if-cached", "Range: bytes=0-1"), want: nobody},

	{name: "stale-if-error", kept: lines("Cache-Control: max-age=60, stale-if-error=60"), after: 2 * time.Minute, fails: true, want: stale},
	{name: "stale-if-error of what is never fresh", kept: lines("Cache-Control: max-age=0, stale-if-error=60"), fails: true, want: stale},
	{name: "stale-if-error over", kept: lines("Cache-Control: max-age=60, stale-if-error=60"), after: 121 * time.Second, fails: true, want: failure},
	{name: "stale-while-revalidate for no time", kept: lines("Cache-Control: max-age=60, stale-while-revalidate=0", etag), after: time.Minute, want: validated},
	{name: "stale-if-error asked for", kept: lines("Cache-Control: max-age=60", etag), after: 2 * time.Minute, again: lines("Cache-Control: stale-if-error=60"), fails: true, want: stale},
	{name: "stale-if-error, must-revalidate", kept: lines("Cache-Control: max-age=60, must-revalidate, stale-if-error=60"), after: 2 * time.Minute, fails: true, want: failure},
	{name: "no stale-if-error", kept: lines("Cache-Control: max-age=60", etag), after: time.Minute, fails: true, want: failure},

	{name: "private", kept: lines("Cache-Control: private, max-age=60"), want: byCache},
	{name: "private, of a shared cache", shared: true, kept: lines("Cache-Control: private, max-age=60"), want: byOrigin},
	{name: "private of a field, of a shared cache", shared: true, kept: lines(`Cache-Control: private="X-Y", max-age=60`), want: byOrigin},
	{name: "s-maxage", kept: lines("Cache-Control: s-maxage=60, max-age=0", etag), want: validated},
	{name: "s-maxage, of a shared cache", shared: true, kept: lines("Cache-Control: s-maxage=60, max-age=0", etag), want: byCache},
	{name: "s-maxage of a 302, of a shared cache", shared: true, status: 302, kept: lines("Cache-Control: s-maxage=60"), want: byCache},
	{name: "s-maxage is proxy-revalidate", shared: true, kept: lines("Cache-Control: s-maxage=60", etag), after: time.Minute, again: lines("Cache-Control: max-stale"), want: validated},
	{name: "proxy-revalidate", kept: lines("Cache-Control: max-age=60, proxy-revalidate", etag), after: time.Minute, again: lines("Cache-Control: max-stale"), want: byCache},
	{name: "proxy-revalidate, of a shared cache", shared: true, kept: lines("Cache-Control: max-age=60, proxy-revalidate", etag), after: time.Minute, again: lines("Cache-Control: max-stale"), want: validated},
	{name: "Set-Cookie", kept: lines("Cache-Control: max-age=60", "Set-Cookie: a=b"), want: byCache},
	{name: "Set-Cookie, of a shared cache", shared: true, kept: lines("Cache-Control: max-age=60", "Set-Cookie: a=b"), want: byOrigin},
	{name: "Set-Cookie in public", shared: true, kept: lines("Cache-Control: max-age=60, public", "Set-Cookie: a=b"), want: byCache},
	{name: "Authorization", kept: lines("Cache-Control: max-age=60"), asked: lines("Authorization: a"), again: lines("Authorization: a"), want: byCache},
	{name: "Authorization of another", kept: lines("Cache-Control: max-age=60"), asked: lines("Authorization: a"), again: lines("Authorization: b"), want: byOrigin},
	{name: "Authorization in other letters", kept: lines("Cache-Control: max-age=60"), asked: lines("!authorization: a"), want: byOrigin},
	{name: "Range in other letters", kept: lines("Cache-Control: max-age=60"), again: lines("!range: bytes=0-1"), want: byOrigin},
	{name: "Authorization of nobody", kept: lines("Cache-Control: max-age=60"), asked: lines("Authorization: a"), want: byOrigin},
	{name: "Authorization, of a shared cache", shared: true, kept: lines("Cache-Control: max-age=60"), asked: lines("Authorization: a"), again: lines("Authorization: a"), want: byOrigin},
	{name: "Authorization and public", shared: true, kept: lines("Cache-Control: max-age=60, public"), asked: lines("Authorization: a"), again: lines("Authorization: b"), want: byCache},
	{name: "Authorization and s-maxage", shared: true, kept: lines("Cache-Control: s-maxage=60"), asked: lines("Authorization: a"), want: byCache},
	{name: "Authorization and must-revalidate", shared: true, kept: lines("Cache-Control: max-age=60, must-revalidate"), asked: lines("Authorization: a"), want: byCache},
}

func TestRules(t *testing.T) {
	f := newFixture(t, httpcache.Options{})
	for i, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			f.transport, f.T = newTransport(t, f.cache, httpcache.Options{Shared: r.shared}), t
			f.forget()
			path := fmt.Sprint("/", i)
			f.answers(func(w http.ResponseWriter, req *http.Request) {
				if r.status != 0 {
					addLines(w.Header(), r.kept)
					w.WriteHeader(r.status)
					return
				}
				text("one", r.kept...)(w, req)
			})
			f.do(http.MethodGet, path, r.asked...)
			f.clock.Step(r.after)
			defer f.clock.Step(-r.after)
			f.answers(func(w http.ResponseWriter, req *http.Request) {
				switch {
				case r.fails:
					w.WriteHeader(http.StatusServiceUnavailable)
				case req.Header.Get("If-None-Match") == `"one"`, req.Header.Get("If-Modified-Since") != "":
					w.WriteHeader(http.StatusNotModified)
				default:
					text("two")(w, req)
				}
			})
			if got := whoAnswered(f, f.do(http.MethodGet, path, r.again...)); got != r.want {
				t.Errorf("answered by %s, want %s", got, r.want)
			}
		})
	}
}

func whoAnswered(f *fixture, a answer) string {
	asked := len(f.requests()) > 1
	switch {
	case a.cached && !asked:
		return byCache
	case a.cached && f.requests()[1].Header.Get("If-None-Match")+f.requests()[1].Header.Get("If-Modified-Since") != "" && a.header.Get("Age") == "":
		return validated
	case a.cached:
		return stale
	case a.status == http.StatusGatewayTimeout && !asked:
		return nobody
	case a.status == http.StatusServiceUnavailable:
		return failure
	}
	return byOrigin
}

package httpcache_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/dcq-go/dcq/adapters/httpcache"
	"github.com/dcq-go/dcq/kv"
)

// notModified answers 304 with header lines.
func notModified(l ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		addLines(w.Header(), l)
		w.WriteHeader(http.StatusNotModified)
	}
}

// A 304 changes the headers that are kept, and not the body.
func TestValidationUpdates(t *testing.T) {
	f := newFixture(t, httpcache.Options{})
	body := strings.Repeat("one ", 1000)
	f.answers(text(body, minute, etag, "Last-Modified: Tue, 01 Jan 2030 11:00:00 GMT", "X-A: 1", "X-B: 1", "Content-Length: 4000"))
	f.get()
	f.clock.Step(time.Minute)
	f.answers(notModified("Cache-Control: max-age=100", etag, "X-A: 2", "Content-Encoding: nonsense"))
	a := f.get()
	f.want(a, true, body)
	asked := f.requests()[1].Header
	if asked.Get("If-None-Match") != `"one"` || asked.Get("If-Modified-Since") == "" {
		t.Errorf("the origin was asked with %v", asked)
	}
	f.clock.Step(99 * time.Second)
	b := f.get()
	f.want(b, true, body)
	f.wantAsked(2)
	f.wantItems(2)
	for name, want := range map[string]string{
		"X-A": "2", "X-B": "1", "Content-Encoding": "", "Date": httpDate(start.Add(time.Minute)), "Age": "99", "Content-Length": "4000",
	} {
		if name != "Age" && a.header.Get(name) != want || b.header.Get(name) != want {
			t.Errorf("header %s = %q, then %q; want %q", name, a.header.Get(name), b.header.Get(name), want)
		}
	}
}

// A 304 that forbids to keep the response ends it, after it was served once more.
func TestValidationForbids(t *testing.T) {
	f := newFixture(t, httpcache.Options{})
	f.answers(text("one", minute, etag))
	f.get()
	f.clock.Step(time.Minute)
	f.answers(notModified("Cache-Control: no-store", etag))
	f.want(f.get(), true, "one")
	f.wantItems(1)
}

// A failure of the origin leaves what there is to the next validation.
func TestValidationFails(t *testing.T) {
	f := newFixture(t, httpcache.Options{})
	f.answers(text("one", minute, etag))
	f.get()
	f.clock.Step(time.Minute)
	f.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	f.want(f.get(), false, "")
	f.answers(notModified(etag, "Age: 7"))
	a := f.get()
	f.want(a, true, "one")
	if got := a.header.Get("Age"); got != "7" {
		t.Errorf("Age = %q, want that of the 304", got)
	}
}

// What comes for a request with no-store is not kept, nor is a 304.
func TestValidationNoStore(t *testing.T) {
	f := newFixture(t, httpcache.Options{})
	f.answers(text("one", minute, etag))
	f.get()
	f.clock.Step(time.Minute)
	f.answers(notModified(minute, etag))
	f.want(f.get("Cache-Control: no-store"), true, "one")
	f.want(f.get(), true, "one")
	f.wantAsked(3)
}

// A validation lets the body live on, and not only the headers, in a cache with lifetimes.
func TestValidationProlongs(t *testing.T) {
	f := newFixture(t, httpcache.Options{})
	f.cache = openCache(t, f.cache.DB(), kv.CacheOptions[string, []byte]{TTL: 100 * time.Second})
	f.transport = newTransport(t, f.cache, httpcache.Options{})
	f.answers(text("one", minute, etag))
	f.get()
	f.clock.Step(time.Minute)
	f.answers(notModified(minute, etag))
	f.get()
	f.clock.Step(59 * time.Second)
	f.want(f.get(), true, "one")
	f.wantAsked(2)
}

// Headers do not grow for ever by what each 304 adds, nor is a response kept that has too
// many from the start.
func TestHeadersAreBounded(t *testing.T) {
	f := newFixture(t, httpcache.Options{})
	large := strings.Repeat("x", 40<<10)
	f.answers(text("one", minute, etag, "X-A: "+large))
	f.get()
	f.clock.Step(time.Minute)
	f.answers(notModified(minute, etag, "X-B: "+large))
	f.want(f.get(), true, "one")
	f.answers(text("two", minute, "X-A: "+large, "X-B: "+large))
	f.want(f.get(), false, "two")
	f.want(f.get(), false, "two")
}

// A 304 about another response is no answer: the origin is asked without a condition.
func TestValidationOfAnother(t *testing.T) {
	f := newFixture(t, httpcache.Options{})
	f.answers(text("one", minute, etag))
	f.get()
	f.clock.Step(time.Minute)
	f.answers(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") != "" {
			notModified(`ETag: "two"`)(w, r)
			return
		}
		text("two", minute, `ETag: "two"`)(w, r)
	})
	f.want(f.get(), false, "two")
	f.want(f.get(), true, "two")
	f.wantAsked(3)
	f.clock.Step(time.Minute)
	f.answers(notModified(`ETag: W/"two"`))
	f.want(f.get(), true, "two")
}

// A full answer that must not be kept takes the place of what was there: nothing is there.
func TestReplacedByNothing(t *testing.T) {
	f := newFixture(t, httpcache.Options{})
	f.answers(text("one", "Cache-Control: max-age=60, stale-if-error=600", etag))
	f.get()
	f.clock.Step(time.Minute)
	f.answers(text("two", "Cache-Control: no-store"))
	f.want(f.get(), false, "two")
	f.wantItems(1)
	f.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	f.want(f.get(), false, "")
}

// An answer that is older than what is there, but came later, does not take its place.
func TestOlderAnswer(t *testing.T) {
	f := newFixture(t, httpcache.Options{})
	f.answers(text("old", minute))
	slow := f.open(http.MethodGet, "/")
	f.clock.Step(time.Second)
	f.answers(text("new", minute))
	f.want(f.get(), false, "new")
	readAll(t, slow)
	f.want(f.get(), true, "new")
	f.wantItems(2)
}

// An origin whose clock was wrong does not keep what comes later out.
func TestDateInTheFuture(t *testing.T) {
	f := newFixture(t, httpcache.Options{})
	f.answers(text("one", minute, "Date: Tue, 01 Jan 2099 12:00:00 GMT"))
	f.get()
	f.want(f.get(), true, "one")
	f.clock.Step(time.Minute)
	f.answers(text("two", minute))
	f.want(f.get(), false, "two")
	f.want(f.get(), true, "two")
}

func TestVary(t *testing.T) {
	f := newFixture(t, httpcache.Options{})
	f.answers(func(w http.ResponseWriter, r *http.Request) {
		text(r.Header.Get("Accept-Language"), minute, "Vary: accept-language", "Vary: X-Any, x-other")(w, r)
	})
	for _, language := range []string{"de", "en"} {
		f.want(f.get("Accept-Language: "+language), false, language)
	}
	f.want(f.get(), false, "")
	for _, language := range []string{"de", "en"} {
		f.want(f.get("Accept-Language:  "+language+" "), true, language)
	}
	f.want(f.get(), true, "")
	f.want(f.get("Accept-Language: de", "X-Other: 1"), false, "de")
	f.wantAsked(4)
	f.do(http.MethodPost, "/")
	f.wantItems(1)
}

// Of two that fit, in a second in which Vary was changed, the one that came last is served.
func TestVaryChanges(t *testing.T) {
	f := newFixture(t, httpcache.Options{})
	f.answers(text("one", minute, "Vary: X-A"))
	f.want(f.get(), false, "one")
	f.answers(text("two", minute, "Vary: X-B"))
	f.want(f.get("Cache-Control: no-cache"), false, "two")
	f.want(f.get(), true, "two")
}

// A client that sends another value each time does not make the record grow for ever.
func TestVariantsAreBounded(t *testing.T) {
	f := newFixture(t, httpcache.Options{})
	f.answers(func(w http.ResponseWriter, r *http.Request) { text(r.Header.Get("X-N"), minute, "Vary: X-N")(w, r) })
	for n := range httpcache.MaxVariants + 3 {
		f.get(fmt.Sprint("X-N: ", n))
	}
	f.wantItems(1 + httpcache.MaxVariants)
	f.want(f.get("X-N: 2"), false, "2")
	f.want(f.get("X-N: 4"), true, "4")
}

func TestStaleWhileRevalidate(t *testing.T) {
	f := newFixture(t, httpcache.Options{})
	release := make(chan struct{})
	f.answers(text("one", "Cache-Control: max-age=60, stale-while-revalidate=60", etag))
	f.get()
	f.answers(func(w http.ResponseWriter, r *http.Request) {
		<-release
		text("two", minute)(w, r)
	})
	f.clock.Step(90 * time.Second)
	other := newTransport(t, f.cache, httpcache.Options{}) // as another process has it
	f.want(f.get("Cache-Control: only-if-cached"), true, "one")
	first := f.transport
	for range 3 {
		f.want(f.get(), true, "one")
		f.transport, other = other, f.transport
	}
	close(release)
	first.Wait()
	f.transport.Wait()
	other.Wait()
	f.wantAsked(2)
	f.want(f.get(), true, "two")
	f.wantItems(2)
}

// A HEAD that is answered with what is stale brings what is new by a GET.
func TestStaleWhileRevalidateHead(t *testing.T) {
	f := newFixture(t, httpcache.Options{})
	f.answers(text("one", "Cache-Control: max-age=60, stale-while-revalidate=60"))
	f.get()
	f.clock.Step(90 * time.Second)
	f.answers(text("two", minute))
	f.want(f.do(http.MethodHead, "/"), true, "")
	f.transport.Wait()
	f.want(f.get(), true, "two")
	f.wantAsked(2)
}

func TestStaleWhileRevalidateOver(t *testing.T) {
	f := newFixture(t, httpcache.Options{})
	f.answers(text("one", "Cache-Control: max-age=60, stale-while-revalidate=60"))
	f.get()
	f.clock.Step(2*time.Minute + time.Second)
	f.answers(text("two", minute))
	f.want(f.get(), false, "two")
}

// After Close there is no background; what is stale is served as before.
func TestClosed(t *testing.T) {
	f := newFixture(t, httpcache.Options{})
	f.answers(text("one", "Cache-Control: max-age=60, stale-while-revalidate=60"))
	f.get()
	f.clock.Step(90 * time.Second)
	f.transport.Close()
	f.want(f.get(), true, "one")
	f.transport.Wait()
	f.wantAsked(1)
}

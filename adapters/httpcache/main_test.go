package httpcache_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dcq-go/dcq/adapters/httpcache"
	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// children are the parts of tests that run in processes of their own.
var children = map[string]func(*proctest.Child) error{}

func TestMain(m *testing.M) { proctest.Main(m, children) }

// blobThreshold is low, so that small bodies are files.
const blobThreshold = 512

// start is when the tests begin. HTTP dates have no fractions of seconds.
var start = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)

// origin is a server whose answers a test writes, which counts what it is asked.
type origin struct {
	*httptest.Server
	clock *storetest.Clock

	mu     sync.Mutex // protects the fields below
	asked  []*http.Request
	answer http.HandlerFunc
}

func newOrigin(t testing.TB, clock *storetest.Clock) *origin {
	o := &origin{clock: clock}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		o.asked = append(o.asked, r)
		answer := o.answer
		o.mu.Unlock()
		w.Header().Set("Date", httpDate(clock.Now()))
		answer(w, r)
	}))
	t.Cleanup(o.Close)
	return o
}

func (o *origin) answers(h http.HandlerFunc) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.answer = h
}

// requests returns what it was asked so far.
func (o *origin) requests() []*http.Request {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.asked
}

// fixture is a client with a cache before an origin.
type fixture struct {
	*testing.T
	*origin
	clock     *storetest.Clock
	cache     *kv.Cache[string, []byte]
	transport *httpcache.Transport
}

func newFixture(t *testing.T, opts httpcache.Options) *fixture {
	t.Helper()
	clock := storetest.NewClock(start)
	db := storetest.Open(t, store.Options{Clock: clock, BlobThreshold: blobThreshold})
	f := &fixture{T: t, origin: newOrigin(t, clock), clock: clock}
	f.cache = openCache(t, db, kv.CacheOptions[string, []byte]{})
	f.transport = newTransport(t, f.cache, opts)
	return f
}

func openCache(t testing.TB, db *store.DB, opts kv.CacheOptions[string, []byte]) *kv.Cache[string, []byte] {
	t.Helper()
	c, err := kv.OpenCache(t.Context(), db, "http", opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newTransport(t testing.TB, c *kv.Cache[string, []byte], opts httpcache.Options) *httpcache.Transport {
	t.Helper()
	transport, err := httpcache.New(c, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { transport.Close() })
	return transport
}

// answer is a response as a test sees it.
type answer struct {
	status int
	body   string
	cached bool
	header http.Header
	length int64
}

// do sends a request with header lines, and reads the answer to its end.
func (f *fixture) do(method, path string, lines ...string) answer {
	f.Helper()
	resp := f.open(method, path, lines...)
	body, err := io.ReadAll(resp.Body)
	if closed := resp.Body.Close(); err != nil || closed != nil {
		f.Fatalf("%s %s: read the body: %v, %v", method, path, err, closed)
	}
	return answer{resp.StatusCode, string(body), resp.Header.Get(httpcache.FromCache) == "1", resp.Header, resp.ContentLength}
}

func (f *fixture) open(method, path string, lines ...string) *http.Response {
	f.Helper()
	resp, err := f.transport.RoundTrip(f.request(method, path, lines...))
	if err != nil {
		f.Fatalf("%s %s: %v", method, path, err)
	}
	return resp
}

// forget lets the origin count from 0.
func (o *origin) forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = nil
}

func (f *fixture) request(method, path string, lines ...string) *http.Request {
	f.Helper()
	req, err := http.NewRequestWithContext(f.Context(), method, f.URL+path, nil)
	if err != nil {
		f.Fatal(err)
	}
	addLines(req.Header, lines)
	return req
}

// readAll reads a body to its end.
func readAll(t testing.TB, resp *http.Response) {
	t.Helper()
	_, err := io.ReadAll(resp.Body)
	if closed := resp.Body.Close(); err != nil || closed != nil {
		t.Errorf("read a body: %v, %v", err, closed)
	}
}

// get is do for a GET of /.
func (f *fixture) get(lines ...string) answer {
	f.Helper()
	return f.do(http.MethodGet, "/", lines...)
}

// want checks who answered: the cache or the origin, and with what body.
func (f *fixture) want(a answer, cached bool, body string) {
	f.Helper()
	if a.cached != cached || a.body != body {
		f.Errorf("answer: from the cache %v, body %.40q; want %v, %.40q", a.cached, a.body, cached, body)
	}
}

// wantAsked checks how often the origin was asked so far.
func (f *fixture) wantAsked(n int) {
	f.Helper()
	if got := len(f.requests()); got != n {
		f.Errorf("the origin was asked %d times, want %d", got, n)
	}
}

// wantItems checks how many items the cache has.
func (f *fixture) wantItems(n int) {
	f.Helper()
	if got, err := f.cache.Len(f.Context()); err != nil || got != n {
		f.Errorf("Len() = %d, %v; want %d", got, err, n)
	}
}

// text answers with a body and header lines.
func text(body string, lines ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		addLines(w.Header(), lines)
		_, _ = io.WriteString(w, body)
	}
}

func addLines(h http.Header, lines []string) {
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		if raw, ok := strings.CutPrefix(name, "!"); ok { // as it stands, where Add makes it canonical
			h[raw] = []string{value}
			continue
		}
		if name == "Date" {
			h.Del(name)
		}
		h.Add(name, value)
	}
}

func httpDate(t time.Time) string { return t.UTC().Format(http.TimeFormat) }

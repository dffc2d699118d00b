package httpcache_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dcq-go/dcq/adapters/httpcache"
	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

const minute = "Cache-Control: max-age=60"

// What comes out of the cache is what the origin sent, but for what is of the connection.
func TestHitIsTheResponse(t *testing.T) {
	f := newFixture(t, httpcache.Options{})
	f.answers(text("one", minute, "X-Two: a", "X-Two: b", "X-Latin: \xe9", "Connection: X-Hop", "X-Hop: 1", "Keep-Alive: x", "X-From-Cache: 1", "Age: 3"))
	first := f.get()
	f.clock.Step(2 * time.Second)
	second := f.get()
	f.want(first, false, "one")
	f.want(second, true, "one")
	f.wantAsked(1)
	for name, want := range map[string]string{
		"X-Two": "a|b", "X-Latin": "\xe9", "X-Hop": "", "Connection": "", "Keep-Alive": "", "Age": "5",
		"Date": httpDate(start), "Content-Length": "3", httpcache.FromCache: "1",
	} {
		if got := strings.Join(second.header[name], "|"); got != want {
			t.Errorf("header %s = %q, want %q", name, got, want)
		}
	}
	if second.length != 3 || second.status != http.StatusOK {
		t.Errorf("ContentLength = %d, status %d", second.length, second.status)
	}
}

func TestHead(t *testing.T) {
	f := newFixture(t, httpcache.Options{})
	f.answers(text("one", minute))
	f.want(f.do(http.MethodHead, "/"), false, "")
	f.wantItems(0)
	f.get()
	a := f.do(http.MethodHead, "/")
	f.want(a, true, "")
	if a.length != 3 {
		t.Errorf("ContentLength of HEAD = %d, want 3", a.length)
	}
	f.clock.Step(time.Minute)
	f.want(f.do(http.MethodHead, "/"), false, "")
	f.wantAsked(3)
}

func TestEmptyBodyIsKeptUnread(t *testing.T) {
	f := newFixture(t, httpcache.Options{})
	f.answers(func(w http.ResponseWriter, _ *http.Request) {
		addLines(w.Header(), lines(minute))
		w.WriteHeader(http.StatusNoContent)
	})
	resp := f.open(http.MethodGet, "/")
	if a := f.get(); !a.cached || a.status != http.StatusNoContent {
		t.Errorf("answer: from the cache %v, status %d", a.cached, a.status)
	}
	resp.Body.Close()
}

// A body is kept when all of its Content-Length was read, or its end was seen; not before.
func TestBodyReadInPart(t *testing.T) {
	for _, c := range []struct {
		name    string
		chunked bool
		read    int
		kept    bool
	}{
		{"nothing", false, 0, false},
		{"almost all", false, 1999, false},
		{"all, without the end", false, 2000, true},
		{"all of unknown length, without the end", true, 2000, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t, httpcache.Options{})
			f.answers(text(strings.Repeat("x", 2000), minute))
			if c.chunked {
				f.answers(chunked(2000))
			}
			resp := f.open(http.MethodGet, "/")
			if _, err := io.ReadFull(resp.Body, make([]byte, c.read)); err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			want := 0
			if c.kept {
				want = 2
			}
			f.wantItems(want)
		})
	}
}

// chunked sends n bytes, but the end of the body only when the client has gone.
func chunked(n int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		addLines(w.Header(), lines(minute))
		_, _ = io.WriteString(w, strings.Repeat("x", n))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
}

// A body that was cut short, or whose end cannot be told, is not kept.
func TestBodyCutShort(t *testing.T) {
	for name, raw := range map[string]string{
		"of its length":       "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 10\r\n\r\nabc",
		"of its chunks":       "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
		"perhaps, by the end": "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n\r\nabc",
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, httpcache.Options{})
			f.answers(func(w http.ResponseWriter, _ *http.Request) {
				conn, _, err := w.(http.Hijacker).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.WriteString(conn, raw)
				conn.Close()
			})
			resp := f.open(http.MethodGet, "/")
			if b, _ := io.ReadAll(resp.Body); string(b) != "abc" {
				t.Errorf("body %q, want abc", b)
			}
			resp.Body.Close()
			f.wantItems(0)
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (rt roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return rt(req) }

// A transport other than Go's may end a body without an error where it should not, and
// may tell its end only to who reads on.
func TestLengthOfAnotherTransport(t *testing.T) {
	for length, kept := range map[int64]bool{-1: false, 2: false, 3: true, 4: false} {
		base := roundTrip(func(req *http.Request) (*http.Response, error) {
			body := io.NopCloser(strings.NewReader("one"))
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Cache-Control": {"max-age=60"}}, Body: body, ContentLength: length, Request: req}, nil
		})
		f := newFixture(t, httpcache.Options{Base: base})
		resp := f.open(http.MethodGet, "/")
		if b, err := io.ReadAll(io.LimitReader(resp.Body, 3)); string(b) != "one" || err != nil {
			t.Fatalf("body %q, %v", b, err)
		}
		if length > 3 {
			readAll(t, resp)
		}
		resp.Body.Close()
		want := 0
		if kept {
			want = 2
		}
		f.wantItems(want)
	}
}

func TestLargeBody(t *testing.T) {
	body := strings.Repeat("0123456789", 100_000)
	for name, c := range map[string]struct {
		opts  httpcache.Options
		limit int64
		kept  bool
	}{
		"kept as a file":        {kept: true},
		"as large as may be":    {opts: httpcache.Options{MaxBody: 1_000_000}, kept: true},
		"above MaxBody":         {opts: httpcache.Options{MaxBody: 999_999}},
		"larger than the cache": {limit: 500_000},
	} {
		for _, length := range []string{"Content-Length: 1000000", "X-Length: unknown"} {
			t.Run(name+", "+length, func(t *testing.T) {
				f := newFixture(t, httpcache.Options{})
				if c.limit > 0 {
					if err := f.cache.SetSizeLimit(t.Context(), c.limit); err != nil {
						t.Fatal(err)
					}
				}
				f.transport = newTransport(t, f.cache, c.opts)
				f.answers(text(body, minute, length))
				f.want(f.get(), false, body)
				f.want(f.get(), c.kept, body)
			})
		}
	}
}

// Go's transport takes the compression off; what it gives is kept, and given as it was.
func TestUncompressed(t *testing.T) {
	f := newFixture(t, httpcache.Options{})
	f.answers(gzipped("one", minute, "Vary: Accept-Encoding"))
	f.want(f.get(), false, "one")
	resp := f.open(http.MethodGet, "/")
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if !resp.Uncompressed || string(b) != "one" || err != nil || resp.Header.Get("Content-Encoding") != "" || resp.ContentLength != 3 {
		t.Errorf("Uncompressed %v, body %q, %v, header %v, length %d", resp.Uncompressed, b, err, resp.Header, resp.ContentLength)
	}
	f.wantAsked(1)
	if a := f.get("Accept-Encoding: gzip"); a.cached {
		t.Error("who takes the compression off himself got what has none")
	}
}

// What a reader has got stays whole when it is replaced meanwhile.
func TestReplacedWhileRead(t *testing.T) {
	f := newFixture(t, httpcache.Options{})
	one, two := strings.Repeat("1", 5000), strings.Repeat("2", 5000)
	f.answers(text(one, minute))
	f.get()
	resp := f.open(http.MethodGet, "/")
	defer resp.Body.Close()
	f.answers(text(two, minute))
	f.want(f.get("Cache-Control: no-cache"), false, two)
	f.want(f.get(), true, two)
	f.wantItems(2)
	if b, err := io.ReadAll(resp.Body); string(b) != one || err != nil {
		t.Errorf("read %.10q… of %d bytes, %v", b, len(b), err)
	}
}

// Without a store there is no cache, but there are answers.
func TestStoreFails(t *testing.T) {
	db, err := store.Open(t.Context(), t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{T: t, origin: newOrigin(t, storetest.NewClock(start)), cache: openCache(t, db, kv.CacheOptions[string, []byte]{})}
	f.transport = newTransport(t, f.cache, httpcache.Options{})
	f.answers(text("one", minute))
	f.get()
	resp := f.open(http.MethodGet, "/other")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(resp.Body); string(b) != "one" || err != nil {
		t.Errorf("body %q, %v", b, err)
	}
	resp.Body.Close()
	f.want(f.get(), false, "one")
	f.want(f.do(http.MethodPost, "/"), false, "one")
	if a := f.get("Cache-Control: only-if-cached"); a.status != http.StatusGatewayTimeout {
		t.Errorf("status %d, want 504", a.status)
	}
}

// A body that the cache gave up is a miss, and so is a record that cannot be read.
func TestGivenUp(t *testing.T) {
	for _, prefix := range []string{"b", "r"} {
		f := newFixture(t, httpcache.Options{})
		f.answers(text("one", minute))
		f.get()
		for i, err := range f.cache.Items(t.Context()) {
			if err == nil && strings.HasPrefix(i.Key, prefix) {
				if prefix == "r" {
					err = f.cache.Set(t.Context(), i.Key, []byte(`{"Target":"another"}`), kv.SetOptions{})
				} else {
					_, err = f.cache.Delete(t.Context(), i.Key)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		f.want(f.get(), false, "one")
		f.want(f.get(), true, "one")
	}
}

// A record that stands under the key of another URL is not used: keys are hashes, and
// nobody is to be served by chance.
func TestRecordOfAnother(t *testing.T) {
	f := newFixture(t, httpcache.Options{})
	records := func() (keys []string, values [][]byte) {
		for i, err := range f.cache.Items(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(i.Key, "r") {
				keys, values = append(keys, i.Key), append(values, i.Value)
			}
		}
		return keys, values
	}
	f.answers(text("a", minute))
	f.do(http.MethodGet, "/a")
	_, ofA := records()
	f.answers(text("b", minute))
	f.do(http.MethodGet, "/b")
	keys, _ := records()
	for _, key := range keys {
		if err := f.cache.Set(t.Context(), key, ofA[0], kv.SetOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	f.want(f.do(http.MethodGet, "/a"), true, "a")
	f.want(f.do(http.MethodGet, "/b"), false, "b")
}

func TestNewFaults(t *testing.T) {
	f := newFixture(t, httpcache.Options{})
	if _, err := httpcache.New(nil, httpcache.Options{}); err == nil {
		t.Error("New(nil) = no error")
	}
	if _, err := httpcache.New(f.cache, httpcache.Options{MaxBody: -1}); err == nil {
		t.Error("New() with a negative MaxBody = no error")
	}
}

// A request with a body is another one, whatever its method.
func TestRequestWithBody(t *testing.T) {
	f := newFixture(t, httpcache.Options{})
	f.answers(text("one", minute))
	f.get()
	f.answers(text("two", minute))
	req := f.request(http.MethodGet, "/")
	req.Body = io.NopCloser(strings.NewReader("which"))
	resp, err := f.transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	readAll(t, resp)
	f.wantAsked(2)
	f.want(f.get(), true, "one")
}

// body counts those that are open.
type body struct {
	io.Reader
	open *atomic.Int32
}

func (b body) Close() error { b.open.Add(-1); return nil }

// Whatever becomes of an answer or of a request that is not passed on, its body is closed.
func TestBodiesAreClosed(t *testing.T) {
	var open atomic.Int32
	count := func(b io.Reader) io.ReadCloser { open.Add(1); return body{b, &open} }
	f := newFixture(t, httpcache.Options{Base: roundTrip(func(req *http.Request) (*http.Response, error) {
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err == nil {
			resp.Body = count(resp.Body)
		}
		return resp, err
	})})
	wantClosed := func(what string) {
		t.Helper()
		if n := open.Load(); n != 0 {
			t.Errorf("%s: %d bodies are open", what, n)
		}
	}
	control := "Cache-Control: max-age=60, stale-while-revalidate=60, stale-if-error=600"
	f.answers(text("one", control, etag))
	f.get()
	wantClosed("kept")
	f.clock.Step(90 * time.Second)
	f.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	f.want(f.get(), true, "one")
	f.transport.Wait()
	wantClosed("failed in the background")
	f.clock.Step(time.Minute)
	f.want(f.get(), true, "one")
	wantClosed("failed")
	f.answers(notModified(etag))
	f.want(f.get(), true, "one")
	wantClosed("validated")
	req := f.request(http.MethodGet, "/", "Cache-Control: only-if-cached", "Range: bytes=0-1")
	req.Body = count(strings.NewReader("x"))
	resp, err := f.transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	wantClosed("not passed on")
}

// Where the end of a body is told apart from that of a connection, its length need not be
// known.
func TestUnknownLength(t *testing.T) {
	for major, kept := range map[int]int{1: 0, 2: 2} {
		base := roundTrip(func(req *http.Request) (*http.Response, error) {
			h := http.Header{"Cache-Control": {"max-age=60"}}
			return &http.Response{StatusCode: http.StatusOK, ProtoMajor: major, Header: h, Body: io.NopCloser(strings.NewReader("one")), ContentLength: -1}, nil
		})
		f := newFixture(t, httpcache.Options{Base: base})
		f.want(f.get(), false, "one")
		f.wantItems(kept)
	}
}

// A caller that gave up gets his error, not what is stale.
func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f := newFixture(t, httpcache.Options{Base: roundTrip(func(req *http.Request) (*http.Response, error) {
		if req.Context() == ctx {
			cancel()
			return nil, ctx.Err()
		}
		return http.DefaultTransport.RoundTrip(req)
	})})
	f.answers(text("one", "Cache-Control: max-age=60, stale-if-error=60"))
	f.get()
	f.clock.Step(time.Minute)
	f.Server.Close()
	f.want(f.get(), true, "one")
	req := f.request(http.MethodGet, "/")
	if resp, err := f.transport.RoundTrip(req.WithContext(ctx)); err == nil {
		resp.Body.Close()
		t.Error("RoundTrip() of a canceled request = no error")
	}
	f.clock.Step(2 * time.Minute)
	var opError interface{ Timeout() bool }
	if resp, err := f.transport.RoundTrip(req); !errors.As(err, &opError) {
		t.Errorf("RoundTrip() without an origin = %v, %v", resp, err)
	}
}

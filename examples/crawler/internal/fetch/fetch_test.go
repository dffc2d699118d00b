package fetch_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/fetch"
)

func client(t *testing.T, change func(*fetch.Options)) *fetch.Client {
	t.Helper()
	o := fetch.Options{UserAgent: "test/1.0 (+https://example.org)", Timeout: 10 * time.Second, MaxBody: 1000, Private: true}
	if change != nil {
		change(&o)
	}
	c := fetch.New(o)
	t.Cleanup(c.Close)
	return c
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL + "/"
}

func isHTML(mediaType string) bool { return mediaType == "text/html" }

func TestPage(t *testing.T) {
	before := time.Now()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "Text/HTML; charset=utf-8")
		w.Header().Set("ETag", `"x"`)
		io.WriteString(w, "<p>"+r.UserAgent()+" "+r.Header.Get("If-None-Match")+" "+r.Header.Get("If-Modified-Since"))
	})
	x, err := client(t, nil).Do(context.Background(), fetch.Request{URL: url, ETag: `"e"`, LastModified: "then", Wants: isHTML})
	if err != nil {
		t.Fatalf("Do() = %v", err)
	}
	if want := `<p>test/1.0 (+https://example.org) "e" then`; string(x.Body) != want || x.Size != int64(len(want)) {
		t.Errorf("Body = %q of %d bytes, want %q", x.Body, x.Size, want)
	}
	if x.Status != 200 || x.MediaType != "text/html" || !x.Read || x.Truncated || !x.Over || x.Header.Get("ETag") != `"x"` {
		t.Errorf("Exchange = %+v, want a whole page", x)
	}
	if x.Reached.Before(before) || x.Reached.After(time.Now()) {
		t.Errorf("Reached = %v, want a time during the call", x.Reached)
	}
}

func TestBodies(t *testing.T) {
	page := "<!DOCTYPE html><title>x</title>"
	for _, test := range []struct {
		name, kind, body string
		status           int
		read, truncated  bool
		media            string
	}{
		{"html", "text/html", page, 200, true, false, "text/html"},
		{"undeclared", "", page, 200, true, false, "text/html"},
		{"nonsense in the declaration", "text/html;;; charset", page, 200, true, false, "text/html"},
		{"image as html", "text/html", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", 200, false, false, "image/png"},
		{"html as image", "image/png", page, 200, false, false, "image/png"},
		{"binary as html", "text/html", "\x00\x01\x02", 200, true, false, "text/html"},
		{"utf-16", "text/html", "\xff\xfe<\x00p\x00>\x00", 200, true, false, "text/html"},
		{"empty", "text/html", "", 200, true, false, "text/html"},
		{"as long as the limit", "text/html", strings.Repeat("x", 1000), 200, true, false, "text/html"},
		{"too long", "text/html", strings.Repeat("x", 1001), 200, true, true, "text/html"},
		{"not found", "text/html", page, 404, false, false, ""},
		{"redirect", "text/html", page, 302, false, false, ""},
		{"other success", "text/html", page, 206, false, false, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Content-Type"] = nil
				if test.kind != "" {
					w.Header().Set("Content-Type", test.kind)
				}
				w.WriteHeader(test.status)
				io.WriteString(w, test.body)
			})
			x, err := client(t, nil).Do(context.Background(), fetch.Request{URL: url, Wants: isHTML})
			if err != nil || x.Status != test.status {
				t.Fatalf("Do() = %d, %v, want %d", x.Status, err, test.status)
			}
			if x.Read != test.read || x.Truncated != test.truncated || x.MediaType != test.media {
				t.Errorf("Read, Truncated, MediaType = %v, %v, %q, want %v, %v, %q",
					x.Read, x.Truncated, x.MediaType, test.read, test.truncated, test.media)
			}
			if x.Over == test.truncated {
				t.Errorf("Over = %v, want %v", x.Over, !test.truncated)
			}
			if want := test.body[:min(len(test.body), 1000)]; test.read && string(x.Body) != want {
				t.Errorf("Body = %.20q of %d bytes, want %.20q of %d", x.Body, len(x.Body), want, len(want))
			}
		})
	}
}

func TestInto(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, strings.Repeat("line\n", 1000))
	})
	var got int
	x, err := client(t, nil).Do(context.Background(), fetch.Request{URL: url, MaxBody: 2000, Into: func(r io.Reader) error {
		b, err := io.ReadAll(r)
		got = len(b)
		return err
	}})
	if err != nil || got != 2000 || x.Size != 2000 || !x.Truncated || x.Body != nil {
		t.Errorf("Do() into a reader = %d bytes, %v, %+v, want 2000 and the rest cut off", got, err, x)
	}
	enough := errors.New("enough")
	if _, err = client(t, nil).Do(context.Background(), fetch.Request{URL: url, Into: func(io.Reader) error { return enough }}); !errors.Is(err, enough) {
		t.Errorf("Do() whose reader fails = %v, want its error", err)
	}
}

// What is unwanted is not read to its end, and the server is not known to be done.
func TestUnwantedBody(t *testing.T) {
	for _, length := range []string{"", strconv.Itoa(64 << 20)} {
		sent := make(chan error, 1)
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "image/png")
			if length != "" {
				w.Header().Set("Content-Length", length)
			}
			_, err := w.Write(make([]byte, 64<<20))
			sent <- err
		})
		x, err := client(t, nil).Do(context.Background(), fetch.Request{URL: url, Wants: isHTML})
		if err != nil || x.Read || x.Over {
			t.Errorf("Do() = %+v, %v, want an answer that is neither read nor over", x, err)
		}
		if <-sent == nil {
			t.Errorf("length %q: the server could send all of 64 MiB, want it cut off", length)
		}
	}
}

// That a body takes long does not make the request later.
func TestReached(t *testing.T) {
	began := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	var late atomic.Bool
	c := client(t, func(o *fetch.Options) {
		o.Now = func() time.Time {
			if late.Load() {
				return began.Add(time.Hour)
			}
			return began
		}
	})
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "x") })
	x, err := c.Do(context.Background(), fetch.Request{URL: url, Into: func(io.Reader) error {
		late.Store(true)
		return nil
	}})
	if err != nil || !x.Reached.Equal(began) {
		t.Errorf("Reached = %v, %v, want when the first byte came", x.Reached, err)
	}
}

func TestErrors(t *testing.T) {
	stuck := make(chan struct{})
	t.Cleanup(func() { close(stuck) })
	refusing, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refusing.Close()
	for _, test := range []struct {
		name  string
		serve http.HandlerFunc // nil: nobody listens
		opts  func(*fetch.Options)
		want  error
	}{
		{"nobody listens", nil, nil, fetch.ErrUnreachable},
		{"private", func(http.ResponseWriter, *http.Request) {}, func(o *fetch.Options) { o.Private = false }, fetch.ErrRefused},
		{"dropped", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, nil, fetch.ErrUnreachable},
		{"no header in time", func(_ http.ResponseWriter, r *http.Request) { wait(r, stuck) },
			func(o *fetch.Options) { o.Timeout = 100 * time.Millisecond }, fetch.ErrUnreachable},
		{"no body in time", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "x")
			w.(http.Flusher).Flush()
			wait(r, stuck)
		}, func(o *fetch.Options) { o.Timeout = 2 * time.Second }, fetch.ErrBroken},
		{"short", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "<p>")
		}, nil, fetch.ErrBroken},
		{"huge header", func(w http.ResponseWriter, _ *http.Request) {
			for range 200 {
				w.Header().Add("X", strings.Repeat("x", 8<<10))
			}
		}, nil, fetch.ErrUnreachable},
		{"not gzip", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			io.WriteString(w, "plain text, long enough")
		}, nil, fetch.ErrRefused},
		{"damaged gzip", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			io.WriteString(w, "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x07\xff\xff\xff\xff\xff")
		}, nil, fetch.ErrRefused},
		{"encoding not asked for", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "br")
			io.WriteString(w, "x")
		}, nil, fetch.ErrRefused},
	} {
		t.Run(test.name, func(t *testing.T) {
			url := "http://" + refusing.Addr().String() + "/"
			if test.serve != nil {
				url = serve(t, test.serve)
			}
			x, err := client(t, test.opts).Do(context.Background(), fetch.Request{URL: url})
			if !errors.Is(err, test.want) {
				t.Errorf("Do() = %v, want %v", err, test.want)
			}
			if x == nil || x.Reached.IsZero() || x.Over && test.name != "encoding not asked for" {
				t.Errorf("Exchange = %+v, want one that is not over", x)
			}
		})
	}
}

// Another try will not make a bad certificate good.
func TestBadCertificate(t *testing.T) {
	s := httptest.NewUnstartedServer(nil)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // the handshake that fails
	s.StartTLS()
	t.Cleanup(s.Close)
	if _, err := client(t, nil).Do(context.Background(), fetch.Request{URL: s.URL}); !errors.Is(err, fetch.ErrRefused) {
		t.Errorf("Do() = %v, want ErrRefused", err)
	}
}

func wait(r *http.Request, stuck chan struct{}) {
	select {
	case <-stuck:
	case <-r.Context().Done():
	}
}

func TestCallerGivesUp(t *testing.T) {
	asked := make(chan struct{})
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	})
	stopped := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(context.Background())
	go func() {
		<-asked
		cancel(stopped)
	}()
	if _, err := client(t, nil).Do(ctx, fetch.Request{URL: url}); !errors.Is(err, stopped) || errors.Is(err, fetch.ErrUnreachable) {
		t.Errorf("Do() = %v, want the caller's cause alone", err)
	}
}

func TestGzip(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "gzip" {
			http.Error(w, "no gzip", http.StatusNotAcceptable)
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		io.WriteString(z, strings.Repeat("a", 1<<20))
		z.Close()
	})
	x, err := client(t, nil).Do(context.Background(), fetch.Request{URL: url})
	if err != nil || len(x.Body) != 1000 || !x.Truncated {
		t.Errorf("Do() = %d bytes, truncated %v, %v, want the first 1000 of what it unpacks to", len(x.Body), x.Truncated, err)
	}
}

// A kept connection that the server closes after it has read the next request
// makes net/http send the request again.
func TestNoReplay(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	var requests, connections atomic.Int64
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			go func() {
				defer conn.Close()
				br := bufio.NewReader(conn)
				for n := 0; ; n++ {
					if _, err := http.ReadRequest(br); err != nil {
						return
					}
					requests.Add(1)
					if n == 1 {
						return // the second request of a connection gets no answer
					}
					io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
				}
			}()
		}
	}()
	c, url := client(t, nil), "http://"+l.Addr().String()+"/"
	for i, want := range []error{nil, fetch.ErrUnreachable, nil} {
		if _, err := c.Do(context.Background(), fetch.Request{URL: url}); !errors.Is(err, want) {
			t.Errorf("Do() number %d = %v, want %v", i+1, err, want)
		}
		if got := requests.Load(); got != int64(i+1) {
			t.Errorf("after %d calls the server has read %d requests", i+1, got)
		}
	}
	if got := connections.Load(); got != 2 {
		t.Errorf("%d connections were made, want 2: they are kept while they work", got)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		value string
		want  time.Duration
		ok    bool
	}{
		{"", 0, false},
		{"soon", 0, false},
		{"-1", 0, false},
		{"1.5", 0, false},
		{"0", 0, true},
		{" 120 ", 2 * time.Minute, true},
		{"4000000000", 365 * 24 * time.Hour, true},
		{now.Add(90 * time.Second).Format(http.TimeFormat), 90 * time.Second, true},
		{now.Add(-time.Hour).Format(http.TimeFormat), 0, true},
		{strconv.FormatUint(1<<63, 10), 0, false},
	} {
		d, ok := fetch.RetryAfter(http.Header{"Retry-After": {test.value}}, now)
		if d != test.want || ok != test.ok {
			t.Errorf("RetryAfter(%q) = %v, %v, want %v, %v", test.value, d, ok, test.want, test.ok)
		}
	}
}

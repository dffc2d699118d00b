package crawl_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/crawl"
	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
	"github.com/dcq-go/dcq/examples/crawler/internal/settings"
	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

var epoch = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)

// A web is a server whose answers a test chooses, and which remembers the requests.
type web struct {
	*httptest.Server

	mu       sync.Mutex // protects the fields below
	pages    map[string]http.HandlerFunc
	requests []string
}

func newWeb(t *testing.T) *web {
	w := &web{pages: make(map[string]http.HandlerFunc)}
	w.Server = httptest.NewServer(w)
	t.Cleanup(w.Close)
	return w
}

func (w *web) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	w.requests = append(w.requests, r.URL.RequestURI())
	page := w.pages[r.URL.RequestURI()]
	w.mu.Unlock()
	if page == nil {
		http.NotFound(rw, r)
		return
	}
	page(rw, r)
}

func (w *web) on(path string, h http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pages[path] = h
}

// asked returns the requests since the last call.
func (w *web) asked() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := w.requests
	w.requests = nil
	return list
}

func html(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, body)
	}
}

func plain(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }
}

func status(code int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
	}
}

// A lab is a crawl under a clock that moves only when told, one job at a time.
type lab struct {
	t     *testing.T
	clock *storetest.Clock
	f     *frontier.Frontier
	c     *crawl.Crawler
}

// newLab makes a crawl with the given seeds.
func newLab(t *testing.T, s settings.Settings, seeds ...string) *lab {
	t.Helper()
	l := &lab{t: t, clock: storetest.NewClock(epoch)}
	db := storetest.Open(t, store.Options{Clock: l.clock})
	var err error
	if l.f, err = frontier.Open(context.Background(), db); err != nil {
		t.Fatalf("frontier.Open() = %v", err)
	}
	s.Private = true
	if s.Delay == 0 {
		s.Delay = time.Second
	}
	l.start(s, false, seeds...)
	return l
}

// start starts a run.
func (l *lab) start(s settings.Settings, refresh bool, seeds ...string) {
	l.t.Helper()
	ctx := context.Background()
	if err := l.f.Configure(ctx, s.WithDefaults(), seeds); err != nil {
		l.t.Fatalf("Configure() = %v", err)
	}
	if _, err := l.f.StartRun(ctx, refresh); err != nil {
		l.t.Fatalf("StartRun() = %v", err)
	}
	var err error
	if l.c, err = crawl.New(ctx, l.f); err != nil {
		l.t.Fatalf("crawl.New() = %v", err)
	}
	l.t.Cleanup(l.c.Close)
}

// step does the next job that is ready, and reports false if none is.
func (l *lab) step() bool {
	l.t.Helper()
	ctx := context.Background()
	job, err := l.f.Queue().TryReceive(ctx)
	if errors.Is(err, queue.ErrEmpty) {
		return false
	}
	if err != nil {
		l.t.Fatalf("TryReceive() = %v", err)
	}
	if err := l.c.Handle(ctx, job); !job.Ended() {
		l.t.Fatalf("Handle(%+v) = %v, and left the job's end to others", job.Payload, err)
	} else if err != nil && !job.Dead() {
		l.t.Fatalf("Handle(%+v) = %v, want no error but that it gave up", job.Payload, err)
	}
	return true
}

// drain does every job that is ready without time going by.
func (l *lab) drain() {
	l.t.Helper()
	for n := 0; l.step(); n++ {
		if n > 1000 {
			l.t.Fatal("jobs are given back without end")
		}
	}
}

// finish does all jobs, letting time go by as they need it, and returns how much
// did.
func (l *lab) finish() time.Duration {
	l.t.Helper()
	began := l.clock.Now()
	for n := 0; ; n++ {
		l.drain()
		due, ok := l.nextDue()
		if !ok {
			break
		}
		if n > 1000 {
			l.t.Fatal("the crawl does not come to an end")
		}
		l.clock.Advance(max(due.Sub(l.clock.Now()), 0))
	}
	if err := l.f.EndRun(context.Background()); err != nil {
		l.t.Fatalf("EndRun() = %v", err)
	}
	return l.clock.Now().Sub(began)
}

// nextDue is when the first delayed job is due.
func (l *lab) nextDue() (time.Time, bool) {
	l.t.Helper()
	jobs, err := queue.Jobs(context.Background(), l.f.DB(), queue.Filter{State: []queue.State{queue.Delayed}, Limit: 1000})
	if err != nil {
		l.t.Fatalf("queue.Jobs() = %v", err)
	}
	var first time.Time
	for _, j := range jobs {
		if first.IsZero() || j.Due.Before(first) {
			first = j.Due
		}
	}
	return first, len(jobs) > 0
}

// page returns the record of a URL.
func (l *lab) page(url string) frontier.Page {
	l.t.Helper()
	p, err := l.f.Page(context.Background(), url)
	if err != nil {
		l.t.Fatalf("Page(%q) = %v", url, err)
	}
	return p
}

func (l *lab) host(origin string) frontier.Host {
	l.t.Helper()
	h, err := l.f.Host(context.Background(), origin)
	if err != nil {
		l.t.Fatalf("Host(%q) = %v", origin, err)
	}
	return h
}

func (l *lab) status() frontier.Status {
	l.t.Helper()
	s, err := l.f.Status(context.Background())
	if err != nil {
		l.t.Fatalf("Status() = %v", err)
	}
	return s
}

// wantOutcome checks what became of a URL, and returns its record.
func (l *lab) wantOutcome(url string, want frontier.Outcome) frontier.Page {
	l.t.Helper()
	p := l.page(url)
	if p.Outcome != want || p.Pending {
		l.t.Errorf("%s is %q (%s), pending %v, want %q", url, p.Outcome, p.Reason, p.Pending, want)
	}
	return p
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.Errorf("%s = %v, want %v", what, g, w)
	}
}

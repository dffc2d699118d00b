package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
	"github.com/dcq-go/dcq/examples/crawler/internal/report"
	"github.com/dcq-go/dcq/examples/crawler/internal/site"
)

// The commands start this program once more as a worker.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "work" {
		os.Exit(run(context.Background(), env{os.Stdin, os.Stdout, os.Stderr}, os.Args[1:]))
	}
	os.Exit(m.Run())
}

// buffer may be written to by several goroutines.
type buffer struct {
	mu sync.Mutex // protects the field below
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// crawler runs a command line, which must exit with the given code.
func crawler(t *testing.T, ctx context.Context, code int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs buffer
	if got := run(ctx, env{strings.NewReader(""), &out, &errs}, args); got != code {
		t.Fatalf("crawler %s: exit code %d, want %d; it said\n%s%s", strings.Join(args, " "), got, code, out.String(), errs.String())
	}
	return out.String(), errs.String()
}

// pages serves n pages that each link to the next, and calls each before a page is
// answered.
func pages(t *testing.T, n int, each func(number int64)) (start string) {
	t.Helper()
	var served atomic.Int64
	h := func(site.Origins) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var i int
			if _, err := fmt.Sscanf(r.URL.Path, "/%d", &i); err != nil || i >= n {
				http.NotFound(w, r)
				return
			}
			if each != nil {
				each(served.Add(1))
			}
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("ETag", `"x"`)
			if r.Header.Get("If-None-Match") == `"x"` {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			fmt.Fprintf(w, `<title>page %d</title><a href="/%d">next</a>`, i, i+1)
		})
	}
	s, err := site.Serve([]site.Site{{Name: "pages", Handler: h, Start: "/0"}}, site.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s.Starts()[0]
}

func status(t *testing.T, dir string) (s frontier.Status) {
	t.Helper()
	out, _ := crawler(t, context.Background(), 0, "status", "-store", dir, "-json")
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatalf("status -json printed %q: %v", out, err)
	}
	return s
}

func TestUsage(t *testing.T) {
	dir := t.TempDir()
	ctx := context.Background()
	for _, test := range []struct {
		code int
		args []string
		says string
	}{
		{2, nil, "usage: crawler COMMAND"},
		{0, []string{"help"}, "usage: crawler COMMAND"},
		{0, []string{"crawl", "-h"}, "-max-pages"},
		{2, []string{"fly"}, `no command "fly"`},
		{2, []string{"crawl", "-no-such-flag"}, "no-such-flag"},
		{2, []string{"crawl", "-store", dir}, "give the URLs to begin at"},
		{2, []string{"crawl", "-store", dir, "ftp://example.org/"}, "neither http nor https"},
		{2, []string{"crawl", "-store", dir, "-scope", "world", "http://example.org/"}, "Scope"},
		{2, []string{"crawl", "-store", dir, "-processes", "0", "http://example.org/"}, "-processes"},
		{2, []string{"crawl", "-store", dir, "-j", "-1", "http://example.org/"}, "-j"},
		{2, []string{"crawl", "-store", dir, "-max-time", "-1s", "http://example.org/"}, "-max-time"},
		{2, []string{"crawl", "-store", dir, "-max-depth", "0", "http://example.org/"}, "-max-depth 0"},
		{2, []string{"crawl", "-store", dir, "-delay", "0", "http://example.org/"}, "-delay 0s"},
		{2, []string{"status", "extra"}, "takes no arguments"},
		{2, []string{"demo", "-processes", "1"}, "-processes"},
		{2, []string{"demo", "a", "b"}, "give one directory"},
		{1, []string{"status", "-store", filepath.Join(dir, "none")}, "there is no store in"},
		{1, []string{"status", "-store", dir}, "no crawl in this store"},
	} {
		out, errs := crawler(t, ctx, test.code, test.args...)
		if !strings.Contains(out+errs, test.says) {
			t.Errorf("crawler %v said %q, want it to say %q", test.args, out+errs, test.says)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "none")); err == nil {
		t.Error("a command that only looks has made a store")
	}
}

func TestCrawl(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	start := pages(t, 12, nil)
	out, _ := crawler(t, ctx, 0, "crawl", "-store", dir, "-allow-private", "-delay", "1ms", start)
	if !strings.Contains(out, "run 1: 13 visited, 0 queued, 0 in flight;") || !strings.Contains(out, "finished") {
		t.Errorf("crawl printed %q, want 13 visited and finished", out)
	}
	s := status(t, dir)
	if s.Known != 13 || s.Run.Counts.Stored != 12 || s.Run.Counts.Missing != 1 || s.Run.Ended.IsZero() {
		t.Errorf("status = %+v, want 12 pages and one missing", s)
	}
	// A crawl that goes on has the settings that it began with: otherwise the
	// private address would be refused now.
	out, _ = crawler(t, ctx, 0, "crawl", "-store", dir, "-refresh", "-processes", "2", "-q")
	if !strings.Contains(out, "run 2: 13 visited") || status(t, dir).Run.Counts.Unchanged != 12 {
		t.Errorf("crawl -refresh printed %q, want 12 unchanged of 13: %+v", out, status(t, dir))
	}
	out, _ = crawler(t, ctx, 0, "export", "-store", dir)
	if n := strings.Count(out, "\n"); n != 13 {
		t.Errorf("export printed %d lines, want 13", n)
	}
	var first report.Record
	if err := json.Unmarshal([]byte(out[:strings.IndexByte(out, '\n')]), &first); err != nil || first.URL == "" {
		t.Errorf("first line %q: %v", out[:strings.IndexByte(out, '\n')], err)
	}
	file := filepath.Join(t.TempDir(), "x")
	crawler(t, ctx, 0, "export", "-store", dir, "-o", file, "-bodies")
	if b, err := os.ReadFile(file); err != nil || bytes.Count(b, []byte(`"body"`)) != 12 {
		t.Errorf("export -o with bodies wrote %d of them, %v, want 12", bytes.Count(b, []byte(`"body"`)), err)
	}
	crawler(t, ctx, 0, "report", "-store", dir, "-o", file)
	if b, err := os.ReadFile(file); err != nil || !bytes.Contains(b, []byte("<title>Crawl report</title>")) {
		t.Errorf("report wrote %d bytes, %v, want the summary", len(b), err)
	}
	out, _ = crawler(t, ctx, 0, "report", "-store", dir, "-o", "-")
	if !strings.Contains(out, "</html>") {
		t.Errorf("report -o - printed %q", out)
	}
}

// A crawl that is interrupted stops in order, and goes on where it was.
func TestInterrupt(t *testing.T) {
	dir := t.TempDir()
	ctx, interrupt := context.WithCancel(context.Background())
	start := pages(t, 20, func(n int64) {
		if n == 5 {
			interrupt()
		}
	})
	_, errs := crawler(t, ctx, 0, "crawl", "-store", dir, "-allow-private", "-delay", "1ms", start)
	if !strings.Contains(errs, "run again to go on") {
		t.Errorf("an interrupted crawl said %q, want how to go on", errs)
	}
	s := status(t, dir)
	if n := s.Run.Counts.Stored; n < 4 || n > 6 || s.Queue.Leased != 0 || !s.Run.Ended.IsZero() {
		t.Errorf("status after an interrupt = %+v, want about 5 pages and none in flight", s)
	}
	crawler(t, context.Background(), 0, "crawl", "-store", dir)
	if s := status(t, dir); s.Run.Number != 1 || s.Run.Counts.Stored != 20 || s.Run.Counts.Requests != 22 {
		t.Errorf("status at the end = %+v, want 20 pages by 22 requests in run 1", s)
	}
}

// Without leave, nothing on a private network is asked for.
func TestPrivateAddresses(t *testing.T) {
	dir := t.TempDir()
	asked := false
	start := pages(t, 3, func(int64) { asked = true })
	crawler(t, context.Background(), 0, "crawl", "-store", dir, start)
	out, _ := crawler(t, context.Background(), 0, "export", "-store", dir)
	if asked || !strings.Contains(out, "address is private") {
		t.Errorf("asked %v, records %s, want why nothing was asked for", asked, out)
	}
	// Who gives leave then need not wait until the refusal is forgotten.
	crawler(t, context.Background(), 0, "crawl", "-store", dir, "-allow-private", "-delay", "1ms", "-refresh")
	if n := status(t, dir).Run.Counts.Stored; n != 3 {
		t.Errorf("%d pages were stored once private addresses were allowed, want 3", n)
	}
}

func TestMaxTime(t *testing.T) {
	dir := t.TempDir()
	start := pages(t, 20, nil)
	_, errs := crawler(t, context.Background(), 0, "crawl", "-store", dir, "-allow-private", "-delay", "1h", "-max-delay", "2h", "-max-time", "300ms", start)
	if !strings.Contains(errs, "run again to go on") {
		t.Errorf("a crawl whose time is over said %q, want how to go on", errs)
	}
}

func TestServe(t *testing.T) {
	ctx, interrupt := context.WithCancel(context.Background())
	r, w := io.Pipe()
	var errs buffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, env{nil, w, &errs}, []string{"serve", "-small", "-nasty"})
		w.Close()
	}()
	out := bufio.NewReader(r)
	url, _ := out.ReadString('\n')
	go io.Copy(io.Discard, out)
	resp, err := http.Get(strings.TrimSpace(url))
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("Get(%q) = %v, %v, want a page", url, resp, err)
	}
	if err == nil {
		resp.Body.Close()
	}
	interrupt()
	if code := <-ended; code != 0 {
		t.Errorf("serve ended with %d: %s", code, errs.String())
	}
}

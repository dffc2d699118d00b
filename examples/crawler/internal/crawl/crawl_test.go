package crawl_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
	"github.com/dcq-go/dcq/examples/crawler/internal/settings"
	"github.com/dcq-go/dcq/queue"
)

func TestRecords(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	w.on("/robots.txt", plain("User-agent: *\nDisallow: /private/\n"))
	w.on("/", html(`<title> The  start </title><a href="a.html">a</a> <a href="a.html#x">a</a> <a href="private/x">p</a>
		<a href="gone">g</a> <a href="moved">m</a> <a href="file.pdf">f</a> <a href="http://elsewhere.invalid/">e</a>`))
	w.on("/a.html", html(`<link rel=canonical href="/b.html"><a href="/">up</a>`))
	w.on("/b.html", html(`<meta name=robots content="noindex"><title>secret</title>`))
	w.on("/moved", status(301, "Location", "/a.html#part"))
	w.on("/gone", status(410))
	w.on("/file.pdf", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/pdf")
		io.WriteString(rw, "%PDF-1.4")
	})
	l := newLab(t, settings.Settings{}, w.URL+"/")
	took := l.finish()

	start := l.wantOutcome(w.URL+"/", frontier.Stored)
	equal(t, "title, links, depth, via, status", []any{start.Title, start.Links, start.Depth, start.Via, start.Status}, []any{"The start", 6, 0, "", 200})
	a := l.wantOutcome(w.URL+"/a.html", frontier.Stored)
	equal(t, "canonical, depth, via", []any{a.Canonical, a.Depth, a.Via}, []any{w.URL + "/b.html", 1, w.URL + "/"})
	b := l.wantOutcome(w.URL+"/b.html", frontier.Stored)
	equal(t, "title and noindex of a page that says noindex", []any{b.Title, b.NoIndex}, []any{"", true})
	l.wantOutcome(w.URL+"/gone", frontier.Missing)
	moved := l.wantOutcome(w.URL+"/moved", frontier.Redirected)
	equal(t, "target", moved.Target, w.URL+"/a.html")
	pdf := l.wantOutcome(w.URL+"/file.pdf", frontier.Other)
	equal(t, "type of what is no page", pdf.MediaType, "application/pdf")
	l.wantOutcome(w.URL+"/private/x", frontier.Disallowed)

	if body, err := l.f.Body(context.Background(), w.URL+"/a.html"); err != nil || !strings.Contains(string(body), "canonical") {
		t.Errorf("Body() = %q, %v, want the page", body, err)
	}
	if _, err := l.f.Body(context.Background(), w.URL+"/b.html"); !errors.Is(err, frontier.ErrUnknown) {
		t.Errorf("Body() of a page that says noindex = %v, want ErrUnknown", err)
	}
	equal(t, "requests", w.asked(), "[/robots.txt / /a.html /gone /moved /file.pdf /b.html]")
	equal(t, "time for 7 requests, a second apart", took, 6*time.Second+took%time.Second)
	s := l.status()
	equal(t, "known", s.Known, 7)
	equal(t, "counts", fmt.Sprintf("%+v", s.Run.Counts), fmt.Sprintf("%+v", frontier.Counts{
		Requests: 7, Bytes: s.Run.Counts.Bytes, Links: 7, Duplicates: 1,
		Stored: 3, Other: 1, Redirected: 1, Missing: 1, Disallowed: 1,
	}))
}

func TestCrawlDelay(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	w.on("/robots.txt", plain("User-agent: *\nCrawl-delay: 20\n"))
	l := newLab(t, settings.Settings{}, w.URL+"/a", w.URL+"/b")
	took := l.finish()
	if took < 40*time.Second || took > 41*time.Second {
		t.Errorf("three requests 20 s apart took %v", took)
	}
	// The delay begins when the server has said so, however long that took.
	late := newWeb(t)
	var said, came time.Time
	late.on("/robots.txt", func(rw http.ResponseWriter, r *http.Request) {
		l.clock.Advance(15 * time.Second)
		said = l.clock.Now()
		plain("User-agent: *\nCrawl-delay: 20\n")(rw, r)
	})
	late.on("/a", func(rw http.ResponseWriter, r *http.Request) {
		came = l.clock.Now()
		html("a")(rw, r)
	})
	l = newLab(t, settings.Settings{}, late.URL+"/a")
	l.finish()
	if pause := came.Sub(said); pause < 20*time.Second {
		t.Errorf("the first page was asked for %v after robots.txt, want 20 s", pause)
	}
	slow := newWeb(t)
	slow.on("/robots.txt", plain("User-agent: *\nCrawl-delay: 100\n"))
	l = newLab(t, settings.Settings{}, slow.URL+"/a", slow.URL+"/b")
	if took := l.finish(); took > 2*time.Second {
		t.Errorf("to skip a host that asks for too much took %v", took)
	}
	p := l.wantOutcome(slow.URL+"/a", frontier.Skipped)
	if !strings.Contains(p.Reason, "Crawl-delay of 1m40s") {
		t.Errorf("reason = %q, want the delay", p.Reason)
	}
	equal(t, "requests", slow.asked(), "[/robots.txt]")
}

func TestRedirectLoops(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	w.on("/a", status(302, "Location", "/b"))
	w.on("/b", status(302, "Location", "/a"))
	w.on("/self", status(302, "Location", "/self"))
	w.on("/nowhere", status(302))
	w.on("/script", status(302, "Location", "javascript:x"))
	for i := range 30 {
		w.on(fmt.Sprintf("/on?%d", i), status(307, "Location", fmt.Sprintf("/on?%d", i+1)))
	}
	l := newLab(t, settings.Settings{MaxRedirects: 5}, w.URL+"/a", w.URL+"/self", w.URL+"/nowhere", w.URL+"/script", w.URL+"/on?0")
	l.finish()
	for _, path := range []string{"/a", "/b", "/self", "/on?0", "/on?5"} {
		l.wantOutcome(w.URL+path, frontier.Redirected)
	}
	l.wantOutcome(w.URL+"/nowhere", frontier.Failed)
	l.wantOutcome(w.URL+"/script", frontier.Failed)
	if p := l.page(w.URL + "/on?5"); !strings.Contains(p.Reason, "6 redirects") {
		t.Errorf("reason of the last redirect = %q, want it to say so", p.Reason)
	}
	if _, err := l.f.Page(context.Background(), w.URL+"/on?6"); !errors.Is(err, frontier.ErrUnknown) {
		t.Errorf("the redirect after the last is known: %v", err)
	}
	// A refresh goes no further.
	before := l.status().Known
	l.start(settings.Settings{Private: true, MaxRedirects: 5}, true)
	l.finish()
	equal(t, "URLs known after a refresh", l.status().Known, before)
}

func TestRetryAfterHoldsTheHost(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		header func() string
		hold   time.Duration
	}{
		{"seconds", func() string { return "120" }, 2 * time.Minute},
		{"date", func() string { return epoch.Add(3 * time.Minute).Format(http.TimeFormat) }, 3*time.Minute - time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWeb(t)
			w.on("/a", status(503, "Retry-After", test.header()))
			w.on("/b", html("b"))
			l := newLab(t, settings.Settings{}, w.URL+"/a", w.URL+"/b")
			l.drain()
			l.clock.Advance(time.Second) // robots.txt was a second ago
			l.drain()
			equal(t, "requests", w.asked(), "[/robots.txt /a]")
			w.on("/a", html("a"))
			until := l.host(w.URL).NextStart
			if wait := until.Sub(l.clock.Now()); wait < test.hold || wait > test.hold+time.Second {
				t.Errorf("the host is held for %v, want %v", wait, test.hold)
			}
			l.clock.Advance(until.Sub(l.clock.Now()) - time.Millisecond)
			l.drain()
			equal(t, "requests while the host is held", w.asked(), "[]")
			l.clock.Advance(time.Millisecond)
			l.drain()
			equal(t, "requests when it is not", len(w.asked()), 1)
			l.finish()
			l.wantOutcome(w.URL+"/a", frontier.Stored)
			l.wantOutcome(w.URL+"/b", frontier.Stored)
			equal(t, "retries", l.status().Run.Counts.Retries, 1)
		})
	}
}

func TestHostThatAsksForTooLongAWait(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	w.on("/a", status(429, "Retry-After", "86400"))
	l := newLab(t, settings.Settings{}, w.URL+"/a", w.URL+"/b")
	if took := l.finish(); took > time.Minute {
		t.Errorf("the crawl took %v", took)
	}
	for _, path := range []string{"/a", "/b"} {
		if p := l.wantOutcome(w.URL+path, frontier.Skipped); !strings.Contains(p.Reason, "24h") {
			t.Errorf("reason of %s = %q, want how long", path, p.Reason)
		}
	}
	equal(t, "requests", w.asked(), "[/robots.txt /a]")
	equal(t, "closed hosts", l.status().Hosts.Closed, 1)
}

func TestTries(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	w.on("/always", status(500))
	n := 0
	w.on("/twice", func(rw http.ResponseWriter, r *http.Request) {
		if n++; n <= 2 {
			status(502)(rw, r)
			return
		}
		html("at last")(rw, r)
	})
	w.on("/never", status(403))
	l := newLab(t, settings.Settings{Tries: 4}, w.URL+"/always", w.URL+"/twice", w.URL+"/never")
	l.finish()
	p := l.wantOutcome(w.URL+"/always", frontier.GaveUp)
	if p.Reason != "failed 4 times, the last time: status 500 Internal Server Error" || p.Status != 500 {
		t.Errorf("reason = %q, status %d", p.Reason, p.Status)
	}
	l.wantOutcome(w.URL+"/twice", frontier.Stored)
	l.wantOutcome(w.URL+"/never", frontier.Failed)
	counted := map[string]int{}
	for _, path := range w.asked() {
		counted[path]++
	}
	equal(t, "requests", counted, map[string]int{"/robots.txt": 1, "/always": 4, "/twice": 3, "/never": 1})
	dead, err := queue.Jobs(context.Background(), l.f.DB(), queue.Filter{State: []queue.State{queue.Dead}})
	if err != nil || len(dead) != 1 || len(dead[0].Failures) != 4 {
		t.Errorf("dead jobs = %+v, %v, want one with four failures", dead, err)
	}
	// A dead letter can be tried again by hand.
	w.on("/always", html("well again"))
	if err := queue.Retry(context.Background(), l.f.DB(), dead[0].ID); err != nil {
		t.Fatalf("Retry() = %v", err)
	}
	l.finish()
	l.wantOutcome(w.URL+"/always", frontier.Stored)
}

// What seems to kill its process is given up, and said to be: its record does not stay
// without an outcome.
func TestCrashes(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWeb(t)
	w.on("/robots.txt", plain("Sitemap: /list.txt\n"))
	w.on("/a", html("<title>a</title>"))
	s := settings.Settings{Private: true, Delay: time.Second}
	l := newLab(t, s, w.URL+"/a")
	crash := func(url string) {
		t.Helper()
		for range 5 {
			job, err := l.f.Queue().TryReceive(ctx)
			if err != nil || job.Payload.URL != w.URL+url {
				t.Fatalf("TryReceive() = %+v, %v, want %s", job, err, url)
			}
			l.clock.Advance(time.Minute) // longer than its lease
		}
		l.step()
	}
	crash("/a")
	l.finish()
	p := l.wantOutcome(w.URL+"/a", frontier.GaveUp)
	equal(t, "reason", p.Reason, "its process died or hung 5 times")
	equal(t, "requests", w.asked(), "[]")
	equal(t, "dead jobs", l.status().Queue.Dead, 1)

	// A refresh tries it again; what was had stays if it then kills.
	l.start(s, true)
	l.finish()
	l.wantOutcome(w.URL+"/a", frontier.Stored)
	l.clock.Advance(time.Minute)
	l.start(s, true)
	crash("/list.txt")
	crash("/a")
	l.finish()
	m, err := l.f.Sitemap(ctx, w.URL+"/list.txt")
	if want := "gave-up: its process died or hung 5 times"; err != nil || m.Reason != want {
		t.Errorf("Sitemap() = %q, %v, want %q", m.Reason, err, want)
	}
	p = l.wantOutcome(w.URL+"/a", frontier.Stored)
	equal(t, "title and note", []any{p.Title, p.Note}, []any{"a", "its process died or hung 5 times"})
}

// A first pause that is longer than what pauses grow to is kept.
func TestLongBackoff(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	w.on("/a", status(500))
	s := settings.Settings{Backoff: time.Hour, MaxBackoff: time.Minute, Tries: 3}
	l := newLab(t, s, w.URL+"/a")
	if took := l.finish(); took < time.Hour || took > 2*time.Hour+time.Minute {
		t.Errorf("three tries took %v, want two pauses of half an hour to an hour", took)
	}
}

func TestSnooze(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	w.on("/robots.txt", status(404))
	down := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	var seeds []string
	for i := range 10 {
		path := fmt.Sprintf("/%d", i)
		w.on(path, down)
		seeds = append(seeds, w.URL+path)
	}
	l := newLab(t, settings.Settings{Backoff: time.Minute}, seeds...)
	for range 5 {
		l.drain()
		l.clock.Advance(time.Second + 2*frontier.Linger)
	}
	l.drain()
	h := l.host(w.URL)
	if h.Failures != 5 || h.NextStart.Sub(l.clock.Now()) < 50*time.Second {
		t.Fatalf("after five failures: %d, next start in %v, want a snooze of a minute", h.Failures, h.NextStart.Sub(l.clock.Now()))
	}
	equal(t, "snoozed hosts", l.status().Hosts.Snoozed, 1)
	for i := range 10 {
		w.on(fmt.Sprintf("/%d", i), html("up"))
	}
	l.finish()
	equal(t, "stored", l.status().Run.Counts.Stored, 10)
	equal(t, "failures of a host that is back", l.host(w.URL).Failures, 0)
}

// A host that stops to answer is left alone for longer each time, and closed at last.
func TestHostThatGoesDown(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	var seeds []string
	for i := range 20 {
		path := fmt.Sprintf("/%d", i)
		w.on(path, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		seeds = append(seeds, w.URL+path)
	}
	l := newLab(t, settings.Settings{Snooze: time.Minute}, seeds...)
	if took := l.finish(); took < 7*time.Minute || took > 8*time.Minute {
		t.Errorf("the crawl took %v, want 1m, 2m and 4m, and some", took)
	}
	equal(t, "requests", len(w.asked()), 1+8)
	for _, u := range seeds {
		if p := l.wantOutcome(u, frontier.Skipped); !strings.Contains(p.Reason, "does not answer") {
			t.Errorf("reason of %s = %q, want that its host does not answer", u, p.Reason)
		}
	}
}

// A host that may still be sending what nobody read gets a little more time.
func TestUnreadBody(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	w.on("/big", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "image/png")
		io.WriteString(rw, strings.Repeat("x", 200<<10))
	})
	l := newLab(t, settings.Settings{}, w.URL+"/big", w.URL+"/b")
	equal(t, "time for 3 requests, a second apart", l.finish(), 2*time.Second+frontier.Linger)
	equal(t, "requests", w.asked(), "[/robots.txt /big /b]")
}

func TestHostThatNeverAnswers(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(nil)
	s.Close()
	var seeds []string
	for i := range 50 {
		seeds = append(seeds, fmt.Sprintf("%s/%d", s.URL, i))
	}
	l := newLab(t, settings.Settings{}, seeds...)
	l.finish()
	if n := l.status().Run.Counts.Requests; n > 8 {
		t.Errorf("a host that never answers was asked %d times, want 8 at most", n)
	}
	for _, u := range seeds {
		if p := l.page(u); p.Outcome != frontier.Skipped && p.Outcome != frontier.Disallowed {
			t.Errorf("%s is %q, want it left alone", u, p.Outcome)
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	for i := range 30 {
		w.on(fmt.Sprintf("/%d", i), html(fmt.Sprintf(`<a href="/%d">x</a><a href="/%d">y</a>`, i+1, 100+i)))
	}
	l := newLab(t, settings.Settings{MaxDepth: 3}, w.URL+"/0")
	l.finish()
	equal(t, "known to depth 3", l.status().Known, 7)
	l = newLab(t, settings.Settings{MaxPages: 10}, w.URL+"/0")
	l.finish()
	equal(t, "known with at most 10", l.status().Known, 10)
	l = newLab(t, settings.Settings{MaxHostPages: 4}, w.URL+"/0")
	l.finish()
	equal(t, "known with at most 4 a host", l.status().Known, 4)
}

func TestManyLinks(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	var b strings.Builder
	for i := range 450 {
		fmt.Fprintf(&b, `<a href="/x?%d">x</a>`, i)
	}
	w.on("/", html(b.String()))
	l := newLab(t, settings.Settings{}, w.URL+"/")
	l.step()
	l.clock.Advance(time.Second)
	l.step()
	l.wantOutcome(w.URL+"/", frontier.Stored)
	s := l.status()
	c := s.Run.Counts
	equal(t, "links, duplicates, known, jobs", []int64{c.Links, c.Duplicates, int64(s.Known), s.Queue.Live()}, []int64{450, 0, 451, 450})
}

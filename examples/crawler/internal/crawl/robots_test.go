package crawl_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
	"github.com/dcq-go/dcq/examples/crawler/internal/robots"
	"github.com/dcq-go/dcq/examples/crawler/internal/settings"
)

func TestRobotsDown(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		asked  int
		why    string
	}{
		{"500", status(500), 3, "robots.txt cannot be had: status 500"},
		{"429", status(429), 3, "status 429"},
		{"429 for long", status(429, "Retry-After", "3600"), 1, "status 429"},
		{"no answer", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 3, "no answer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWeb(t)
			w.on("/robots.txt", test.answer)
			w.on("/a", html("a"))
			l := newLab(t, settings.Settings{Backoff: time.Minute}, w.URL+"/a", w.URL+"/b")
			if took := l.finish(); test.asked == 3 && took < 90*time.Second {
				t.Errorf("three tries took %v, want half of 1m and of 2m between them at least", took)
			}
			for _, path := range []string{"/a", "/b"} {
				p := l.page(w.URL + path)
				if p.Outcome != frontier.Disallowed && p.Outcome != frontier.Skipped {
					t.Errorf("%s is %q, want it left alone", path, p.Outcome)
				}
				if p.Outcome == frontier.Disallowed && !strings.Contains(p.Reason, test.why) {
					t.Errorf("reason = %q, want %q", p.Reason, test.why)
				}
			}
			equal(t, "requests", w.asked(), strings.Fields(strings.Repeat("/robots.txt ", test.asked)))
		})
	}
}

func TestRobotsAskedOnceADay(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	w.on("/robots.txt", plain("User-agent: *\nDisallow: /x\n"))
	w.on("/a", html("a"))
	w.on("/b", html("b"))
	l := newLab(t, settings.Settings{}, w.URL+"/a", w.URL+"/b")
	l.finish()
	equal(t, "requests", w.asked(), "[/robots.txt /a /b]")
	l.clock.Advance(23 * time.Hour)
	l.start(settings.Settings{Private: true}, false, w.URL+"/x")
	l.finish()
	equal(t, "requests within a day", w.asked(), "[]")
	l.wantOutcome(w.URL+"/x", frontier.Disallowed)
	l.clock.Advance(2 * time.Hour)
	w.on("/robots.txt", status(404))
	l.start(settings.Settings{Private: true}, false, w.URL+"/xy")
	l.finish()
	equal(t, "requests after a day", w.asked(), "[/robots.txt /xy]")
}

// A robots.txt that could not be had is asked for again before a day is over.
func TestRobotsUpAgain(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	w.on("/robots.txt", status(500))
	w.on("/a", html("a"))
	s := settings.Settings{Private: true}
	l := newLab(t, s, w.URL+"/a")
	for _, asked := range []string{"[/robots.txt /robots.txt /robots.txt]", "[]", "[/robots.txt /robots.txt /robots.txt]"} {
		l.finish()
		l.wantOutcome(w.URL+"/a", frontier.Disallowed)
		equal(t, "requests", w.asked(), asked)
		l.clock.Advance(40 * time.Minute)
		l.start(s, true)
	}
	l.finish()
	w.on("/robots.txt", status(404))
	l.clock.Advance(2 * time.Hour)
	l.start(s, true)
	l.finish()
	l.wantOutcome(w.URL+"/a", frontier.Stored)
}

// No more of a robots.txt is read, and remembered, than counts.
func TestRobotsTooLong(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	w.on("/robots.txt", plain("User-agent: *\nDisallow: /a\n"+strings.Repeat("# and so on\n", 1<<17)))
	l := newLab(t, settings.Settings{}, w.URL+"/a")
	l.finish()
	l.wantOutcome(w.URL+"/a", frontier.Disallowed)
	equal(t, "bytes", l.status().Run.Counts.Bytes, robots.MaxSize)
}

// Tries are counted from the last answer on, and made only where they may help.
func TestRobotsTries(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	down := true
	w.on("/robots.txt", func(rw http.ResponseWriter, r *http.Request) {
		if down {
			status(500)(rw, r)
		}
		down = false
	})
	s := settings.Settings{Private: true}
	l := newLab(t, s, w.URL+"/a")
	l.finish()
	equal(t, "requests", w.asked(), "[/robots.txt /robots.txt /a]")
	w.on("/robots.txt", status(500))
	l.clock.Advance(25 * time.Hour)
	l.start(s, true)
	l.finish()
	equal(t, "requests a day later", w.asked(), "[/robots.txt /robots.txt /robots.txt]")

	l = newLab(t, s)
	l.start(settings.Settings{}, false, w.URL+"/a")
	l.finish()
	l.wantOutcome(w.URL+"/a", frontier.Disallowed)
	equal(t, "tries of what is refused", l.status().Run.Counts.Requests, 1)
}

func TestRobotsBehindRedirects(t *testing.T) {
	t.Parallel()
	w, other := newWeb(t), newWeb(t)
	w.on("/robots.txt", status(302, "Location", "/r"))
	w.on("/r", status(302, "Location", other.URL+"/rules"))
	other.on("/rules", plain("User-agent: *\nDisallow: /hidden\n"))
	other.on("/hidden", html("not its own rules"))
	other.on("/robots.txt", status(404))
	l := newLab(t, settings.Settings{}, w.URL+"/hidden", w.URL+"/open", other.URL+"/hidden")
	l.finish()
	l.wantOutcome(w.URL+"/hidden", frontier.Disallowed)
	l.wantOutcome(w.URL+"/open", frontier.Missing)
	l.wantOutcome(other.URL+"/hidden", frontier.Stored)
	equal(t, "requests", w.asked(), "[/robots.txt /r /open]")

	loop, endless := newWeb(t), newWeb(t)
	loop.on("/robots.txt", status(302, "Location", "/robots.txt"))
	endless.on("/robots.txt", status(302, "Location", "/1"))
	for i := range 9 {
		endless.on(fmt.Sprintf("/%d", i), status(302, "Location", fmt.Sprintf("/%d", i+1)))
	}
	l = newLab(t, settings.Settings{}, loop.URL+"/a", endless.URL+"/a")
	if took := l.finish(); took < 6*time.Second {
		t.Errorf("seven requests a second apart took %v", took)
	}
	l.wantOutcome(loop.URL+"/a", frontier.Missing)
	l.wantOutcome(endless.URL+"/a", frontier.Missing)
	equal(t, "requests", loop.asked(), "[/robots.txt /a]")
	equal(t, "requests", endless.asked(), "[/robots.txt /1 /2 /3 /4 /5 /a]")
}

// What the robots.txt of several hosts leads to is asked for once, by a job of the host where
// it is, and its sitemaps are those of each.
func TestRobotsOfAnotherHost(t *testing.T) {
	t.Parallel()
	a, b, other := newWeb(t), newWeb(t), newWeb(t)
	for _, w := range []*web{a, b} {
		w.on("/robots.txt", status(301, "Location", other.URL+"/rules"))
		w.on("/s.txt", plain(w.URL+"/listed"))
	}
	other.on("/rules", plain("User-agent: *\nDisallow: /hidden\nCrawl-delay: 5\nSitemap: /s.txt\n"))
	l := newLab(t, settings.Settings{}, a.URL+"/hidden", b.URL+"/hidden")
	l.finish()
	for _, w := range []*web{a, b} {
		l.wantOutcome(w.URL+"/hidden", frontier.Disallowed)
		l.wantOutcome(w.URL+"/listed", frontier.Missing)
		equal(t, "requests", w.asked(), "[/robots.txt /s.txt /listed]")
		equal(t, "delay", l.host(w.URL).CrawlDelay, "5s")
	}
	equal(t, "requests of the other host", other.asked(), "[/rules]")
	equal(t, "delay of the other host", l.host(other.URL).CrawlDelay, "0s")

	down, busy := newWeb(t), newWeb(t)
	down.on("/robots.txt", status(301, "Location", busy.URL+"/rules"))
	busy.on("/rules", status(503))
	l = newLab(t, settings.Settings{}, down.URL+"/x", down.URL+"/y")
	l.finish()
	p := l.wantOutcome(down.URL+"/x", frontier.Disallowed)
	l.wantOutcome(down.URL+"/y", frontier.Disallowed)
	if !strings.Contains(p.Reason, "status 503") {
		t.Errorf("reason = %q, want what the other host said", p.Reason)
	}
	equal(t, "requests", down.asked(), "[/robots.txt]")
	equal(t, "requests of the host that is down", busy.asked(), "[/rules /rules /rules]")

	closed := newWeb(t)
	down.on("/robots.txt", status(301, "Location", closed.URL+"/rules"))
	closed.on("/rules", status(429, "Retry-After", "86400"))
	l = newLab(t, settings.Settings{}, down.URL+"/x")
	l.finish()
	if p := l.wantOutcome(down.URL+"/x", frontier.Disallowed); !strings.Contains(p.Reason, "24h") {
		t.Errorf("reason = %q, want for how long the other host is closed", p.Reason)
	}
	equal(t, "requests of the host that is closed", closed.asked(), "[/rules]")
}

// A host whose name is too long for a group of the queue is one that does not exist.
func TestHostThatIsTooLong(t *testing.T) {
	t.Parallel()
	long := "http://" + strings.Repeat("a.", 125) + "a/"
	w := newWeb(t)
	w.on("/robots.txt", status(301, "Location", long+"rules"))
	w.on("/", html(`<a href="`+long+`">x</a> <a href="/moved">m</a>`))
	w.on("/moved", status(301, "Location", long))
	l := newLab(t, settings.Settings{}, w.URL+"/")
	l.finish()
	l.wantOutcome(w.URL+"/", frontier.Stored)
	l.wantOutcome(w.URL+"/moved", frontier.Failed)
	equal(t, "requests", w.asked(), "[/robots.txt / /moved]")
}

// Who is led to another host does not ask it: one job of that host does, when it is its
// turn.
func TestRobotsOfABusyHost(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	busy := newWeb(t)
	busy.on("/rules", plain("User-agent: *\nDisallow: /hidden\n"))
	l := newLab(t, settings.Settings{}, busy.URL+"/first")
	inFlight, err := l.f.Queue().TryReceive(ctx)
	if err != nil {
		t.Fatalf("TryReceive() = %v", err)
	}
	a, b := newWeb(t), newWeb(t)
	for _, w := range []*web{a, b} {
		w.on("/robots.txt", status(301, "Location", busy.URL+"/rules"))
	}
	l.start(settings.Settings{Private: true, Delay: time.Second}, false, a.URL+"/hidden", b.URL+"/hidden")
	for range 10 {
		l.drain()
		l.clock.Advance(time.Second)
	}
	equal(t, "requests", [][]string{a.asked(), b.asked(), busy.asked()}, "[[/robots.txt] [/robots.txt] []]")
	// The page in flight, a job for what both need, and their own.
	equal(t, "jobs", l.status().Queue.Live(), 4)
	if err := l.c.Handle(ctx, inFlight); err != nil {
		t.Fatalf("Handle() = %v", err)
	}
	l.finish()
	l.wantOutcome(a.URL+"/hidden", frontier.Disallowed)
	l.wantOutcome(b.URL+"/hidden", frontier.Disallowed)
	equal(t, "requests of the busy host", slices.Sorted(slices.Values(busy.asked())), "[/first /robots.txt /rules]")
}

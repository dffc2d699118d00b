package crawl_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
	"github.com/dcq-go/dcq/examples/crawler/internal/settings"
	"github.com/dcq-go/dcq/queue"
)

// tagged serves a page under an entity tag, and 304 to those who have it.
func tagged(tag, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		html(body)(w, r)
	}
}

// dated does the same by date.
func dated(date, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Last-Modified", date)
		if r.Header.Get("If-Modified-Since") == date {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		html(body)(w, r)
	}
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	w.on("/", tagged(`"1"`, `<a href="dated">d</a><a href="plain">p</a><a href="changes">c</a><a href="goes">g</a><a href="comes">x</a>`))
	w.on("/dated", dated("Sat, 01 Jan 2000 00:00:00 GMT", "dated"))
	w.on("/plain", html("plain"))
	w.on("/changes", tagged(`"old"`, "old"))
	w.on("/goes", tagged(`"goes"`, "goes"))
	s := settings.Settings{Private: true, Delay: time.Second}
	l := newLab(t, s, w.URL+"/")
	l.finish()
	w.asked()
	before := l.page(w.URL + "/")

	l.clock.Advance(time.Hour)
	w.on("/changes", tagged(`"new"`, `new <a href="more">m</a>`))
	w.on("/goes", nil)
	w.on("/comes", html("here I am"))
	l.start(s, true)
	l.finish()

	after := l.wantOutcome(w.URL+"/", frontier.Stored)
	equal(t, "tag, title, hash, visits", []any{after.ETag, after.Title, after.Hash, after.Visits}, []any{before.ETag, before.Title, before.Hash, 2})
	if !after.Fetched.After(before.Fetched) || !after.Changed.Equal(before.Changed) {
		t.Errorf("fetched %v, changed %v, want the first later than %v, the second equal to %v", after.Fetched, after.Changed, before.Fetched, before.Changed)
	}
	if body, err := l.f.Body(context.Background(), w.URL+"/changes"); string(body) != `new <a href="more">m</a>` {
		t.Errorf("body of a changed page = %q, %v", body, err)
	}
	l.wantOutcome(w.URL+"/goes", frontier.Missing)
	l.wantOutcome(w.URL+"/comes", frontier.Stored)
	l.wantOutcome(w.URL+"/more", frontier.Missing)
	if _, err := l.f.Body(context.Background(), w.URL+"/goes"); !errors.Is(err, frontier.ErrUnknown) {
		t.Errorf("body of a page that is gone: %v, want ErrUnknown", err)
	}
	run := l.status().Run
	equal(t, "run, refresh, unchanged, stored, missing", []any{run.Number, run.Refresh, run.Counts.Unchanged, run.Counts.Stored, run.Counts.Missing},
		[]any{2, true, 2, 3, 2})
	asked := map[string]int{}
	for _, path := range w.asked() {
		asked[path]++
	}
	equal(t, "requests of the second run", asked, map[string]int{"/": 1, "/dated": 1, "/plain": 1, "/changes": 1, "/goes": 1, "/comes": 1, "/more": 1})
}

func TestRefreshKeepsWhatCannotBeHad(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	w.on("/a", html("<title>a</title>"))
	w.on("/b", html("<title>b</title>"))
	s := settings.Settings{Private: true, Delay: time.Second, Tries: 2}
	l := newLab(t, s, w.URL+"/a", w.URL+"/b")
	l.finish()
	w.on("/a", status(500))
	w.on("/b", status(403))
	before := l.page(w.URL + "/a")
	l.clock.Advance(time.Hour)
	l.start(s, true)
	l.finish()
	a := l.wantOutcome(w.URL+"/a", frontier.Stored)
	equal(t, "time of the last answer", a.Fetched, before.Fetched)
	equal(t, "title and note", []any{a.Title, a.Note}, []any{"a", "failed 2 times, the last time: status 500 Internal Server Error"})
	if _, err := l.f.Body(context.Background(), w.URL+"/a"); err != nil {
		t.Errorf("body of a page that is down: %v", err)
	}
	l.wantOutcome(w.URL+"/b", frontier.Failed)
	equal(t, "gave up", l.status().Run.Counts.GaveUp, 1)

	// A third run begins anew with what died.
	w.on("/a", html("<title>back</title>"))
	l.start(s, true)
	l.finish()
	equal(t, "title and note", []any{l.page(w.URL + "/a").Title, l.page(w.URL + "/a").Note}, []any{"back", ""})
	equal(t, "dead jobs", l.status().Queue.Dead, 0)
}

// That a robots.txt cannot be had says nothing about the pages that were had before; that
// it forbids them does.
func TestRefreshWithoutRobots(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWeb(t)
	w.on("/a", html("<title>a</title>"))
	s := settings.Settings{Private: true, Delay: time.Second}
	l := newLab(t, s, w.URL+"/a", w.URL+"/gone")
	l.finish()
	w.on("/robots.txt", status(500))
	l.clock.Advance(25 * time.Hour)
	l.start(s, true)
	l.finish()
	a := l.wantOutcome(w.URL+"/a", frontier.Stored)
	equal(t, "title and note", []any{a.Title, a.Note}, []any{"a", "robots.txt cannot be had: status 500 Internal Server Error"})
	if _, err := l.f.Body(ctx, w.URL+"/a"); err != nil {
		t.Errorf("body of a page whose robots.txt is down: %v", err)
	}
	l.wantOutcome(w.URL+"/gone", frontier.Missing)
	equal(t, "disallowed", l.status().Run.Counts.Disallowed, 2)

	w.on("/robots.txt", plain("User-agent: *\nDisallow: /a\n"))
	l.clock.Advance(25 * time.Hour)
	l.start(s, true)
	l.finish()
	l.wantOutcome(w.URL+"/a", frontier.Disallowed)
	if _, err := l.f.Body(ctx, w.URL+"/a"); !errors.Is(err, frontier.ErrUnknown) {
		t.Errorf("body of a page that is forbidden now: %v, want ErrUnknown", err)
	}
}

func TestRefreshNeedsAFinishedRun(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	w.on("/a", html("a"))
	l := newLab(t, settings.Settings{}, w.URL+"/a")
	if _, err := l.f.StartRun(context.Background(), true); !errors.Is(err, frontier.ErrBusy) {
		t.Errorf("StartRun(refresh) of an unfinished crawl = %v, want ErrBusy", err)
	}
	l.drain()
	l.clock.Advance(time.Second)
	l.drain() // nothing is left, but nobody has ended the run
	run, err := l.f.StartRun(context.Background(), true)
	if err != nil || run.Number != 2 {
		t.Errorf("StartRun(refresh) = %+v, %v, want run 2", run, err)
	}
	l.finish()
}

// A job that was retried by hand after its run had ended is not queued a second time.
func TestRefreshAfterARetry(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWeb(t)
	w.on("/a", status(500))
	s := settings.Settings{Private: true, Tries: 1}
	l := newLab(t, s, w.URL+"/a")
	l.finish()
	dead, err := queue.Jobs(ctx, l.f.DB(), queue.Filter{State: []queue.State{queue.Dead}})
	if err != nil || len(dead) != 1 {
		t.Fatalf("dead jobs = %+v, %v, want one", dead, err)
	}
	if err := queue.Retry(ctx, l.f.DB(), dead[0].ID); err != nil {
		t.Fatalf("Retry() = %v", err)
	}
	if run, err := l.f.StartRun(ctx, true); !errors.Is(err, frontier.ErrBusy) {
		t.Errorf("StartRun(refresh) = %+v, %v, want ErrBusy", run, err)
	}
	equal(t, "jobs", l.status().Queue.Live(), 1)
	l.start(s, false)
	l.finish()
	l.start(s, true)
	equal(t, "run, jobs of a refresh", []int64{l.status().Run.Number, l.status().Queue.Live()}, []int64{3, 1})
	l.finish()
}

func TestSitemaps(t *testing.T) {
	t.Parallel()
	w, other := newWeb(t), newWeb(t)
	w.on("/robots.txt", plain(fmt.Sprintf("Sitemap: /index.xml\nSitemap: /private/list.txt\nSitemap: %s/foreign.txt\nUser-agent: *\nDisallow: /private/\n", other.URL)))
	w.on("/index.xml", plain(`<sitemapindex><sitemap><loc>/index.xml</loc></sitemap><sitemap><loc>/list.xml</loc></sitemap>
		<sitemap><loc>/moved.txt</loc></sitemap><sitemap><loc>/none.xml</loc></sitemap></sitemapindex>`))
	w.on("/list.xml", tagged(`"list"`, fmt.Sprintf(`<urlset><url><loc>%s/from-list</loc></url><url><loc>%s/foreign</loc></url>
		<url><loc>%s/private/x</loc></url></urlset>`, w.URL, other.URL, w.URL)))
	w.on("/moved.txt", status(301, "Location", "/list.txt"))
	w.on("/list.txt", plain(w.URL+"/from-text\n"))
	// Another host may list pages of the one whose robots.txt names the list.
	other.on("/foreign.txt", plain(w.URL+"/from-foreign\n"+other.URL+"/own\n"))
	l := newLab(t, settings.Settings{}, w.URL+"/", other.URL+"/")
	l.finish()
	l.wantOutcome(w.URL+"/from-list", frontier.Missing)
	l.wantOutcome(w.URL+"/from-text", frontier.Missing)
	l.wantOutcome(w.URL+"/private/x", frontier.Disallowed)
	l.wantOutcome(w.URL+"/from-foreign", frontier.Missing)
	equal(t, "known", l.status().Known, 6)
	equal(t, "requests to the other host", slices.Sorted(slices.Values(other.asked())), "[/ /foreign.txt /robots.txt]")
	for url, want := range map[string]string{
		"/index.xml": "", "/none.xml": "status 404 Not Found", "/private/list.txt": "disallowed: ", "/moved.txt": "redirected",
	} {
		m, err := l.f.Sitemap(context.Background(), w.URL+url)
		if err != nil || m.Reason != want {
			t.Errorf("Sitemap(%s) = %q, %v, want %q", url, m.Reason, err, want)
		}
	}
	w.asked()
	l.start(settings.Settings{Private: true}, true)
	l.finish()
	m, err := l.f.Sitemap(context.Background(), w.URL+"/list.xml")
	if err != nil || m.Entries != 3 || m.Status != http.StatusNotModified {
		t.Errorf("sitemap that has not changed = %+v, %v, want its entries kept", m, err)
	}
	equal(t, "known after a refresh", l.status().Known, 6)
}

// A sitemap is tried like a page, and redirects of it end.
func TestSitemapsThatFail(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	w.on("/robots.txt", plain("Sitemap: /late.txt\nSitemap: /never.txt\nSitemap: /on?0\n"))
	tries := 0
	w.on("/late.txt", func(rw http.ResponseWriter, r *http.Request) {
		if tries++; tries <= 2 {
			status(503)(rw, r)
			return
		}
		plain(w.URL+"/listed\n")(rw, r)
	})
	w.on("/never.txt", status(500))
	for i := range 9 {
		w.on(fmt.Sprintf("/on?%d", i), status(301, "Location", fmt.Sprintf("/on?%d", i+1)))
	}
	l := newLab(t, settings.Settings{Tries: 3, MaxRedirects: 2}, w.URL+"/")
	l.finish()
	l.wantOutcome(w.URL+"/listed", frontier.Missing)
	m, err := l.f.Sitemap(context.Background(), w.URL+"/never.txt")
	if want := "gave up: status 500 Internal Server Error"; err != nil || m.Reason != want {
		t.Errorf("Sitemap(/never.txt) = %q, %v, want %q", m.Reason, err, want)
	}
	asked := map[string]int{}
	for _, path := range w.asked() {
		asked[path]++
	}
	equal(t, "requests", asked, map[string]int{
		"/robots.txt": 1, "/late.txt": 3, "/never.txt": 3, "/on?0": 1, "/on?1": 1, "/on?2": 1, "/": 1, "/listed": 1,
	})
}

func TestRefreshInANarrowerScope(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	w.on("/", html(`<a href="/old/a">a</a> <a href="/old/b">b</a>`))
	w.on("/old/a", html("<title>a</title>"))
	s := settings.Settings{Private: true}
	l := newLab(t, s, w.URL+"/")
	l.finish()
	w.asked()
	s.Exclude = "/old/"
	l.start(s, true)
	l.finish()
	equal(t, "requests", w.asked(), "[/]")
	p := l.wantOutcome(w.URL+"/old/a", frontier.Stored)
	equal(t, "title and note", []any{p.Title, p.Note}, []any{"a", "not in scope"})
	l.wantOutcome(w.URL+"/old/b", frontier.Missing)
}

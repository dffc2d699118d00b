package proof_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/fixture"
	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
	"github.com/dcq-go/dcq/examples/crawler/internal/oracle"
	"github.com/dcq-go/dcq/examples/crawler/internal/proof"
	"github.com/dcq-go/dcq/examples/crawler/internal/settings"
	"github.com/dcq-go/dcq/examples/crawler/internal/site"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

const (
	host   = "127.0.0.2:80"
	origin = "http://127.0.0.2:80"
)

// request is one of the log, answered within a millisecond.
func request(at time.Duration, path string, status int) site.Access {
	return site.Access{Start: at, End: at + time.Millisecond, Site: "s", Host: host, Method: "GET", Path: path, Status: status}
}

func logOf(requests ...site.Access) proof.Case {
	return proof.Case{Origins: site.Origins{"s": origin}, Log: requests}
}

// sets is one site with the given outcomes.
func sets(pages map[string]oracle.Outcome) []proof.Set {
	e := &oracle.Expected{Pages: make(map[string]oracle.Page)}
	for path, o := range pages {
		e.Pages[path] = oracle.Page{Outcome: o}
	}
	return []proof.Set{{Name: "s", Expected: e}}
}

// want checks a verdict, and that a failing one says why.
func want(t *testing.T, c proof.Check, pass bool, says string) {
	t.Helper()
	if c.Pass != pass || !strings.Contains(c.String(), says) {
		t.Errorf("got %v, want pass %v, saying %q", c, pass, says)
	}
}

func TestSpaced(t *testing.T) {
	delays := map[string]time.Duration{"s": 10 * time.Millisecond}
	good := logOf(request(0, "/robots.txt", 200), request(10*time.Millisecond, "/a", 200))
	want(t, good.Spaced(delays), true, "never closer than 10ms")
	bad := logOf(request(0, "/robots.txt", 200), request(9*time.Millisecond, "/a", 200))
	want(t, bad.Spaced(delays), false, "9ms between /robots.txt and /a, want 10ms")
}

func TestOneAtATime(t *testing.T) {
	want(t, logOf(request(0, "/a", 200), request(time.Millisecond, "/b", 200)).OneAtATime(), true, "")
	want(t, logOf(request(0, "/a", 200), request(time.Millisecond/2, "/b", 200)).OneAtATime(), false, host+": 2 at once")
}

func TestAllowed(t *testing.T) {
	forbidden := map[string][]string{"s": {"/x/"}}
	want(t, logOf(request(0, "/x", 200)).Allowed(forbidden), true, "none of 1 forbidden")
	want(t, logOf(request(0, "/x/y", 404)).Allowed(forbidden), false, "s /x/y")
}

func TestOnce(t *testing.T) {
	s := sets(nil)
	twice := logOf(request(0, "/a", 200), request(1, "/a", 200))
	want(t, logOf(request(0, "/a", 200), request(1, "/a", 304)).Once(s), true, "0 fetched again")
	want(t, twice.Once(s), false, origin+"/a was fetched 2 times")
	twice.InFlight = []string{origin + "/a"}
	want(t, twice.Once(s), true, "1 fetched again, 1 in flight")
	twice.Log = append(twice.Log, request(2, "/a", 200))
	want(t, twice.Once(s), false, "2 pages were fetched again")
}

func TestUnchanged(t *testing.T) {
	s := sets(map[string]oracle.Outcome{"/a": oracle.HTML, "/b": oracle.Other, "/c": oracle.Missing})
	a, b, c := request(0, "/a", 304), request(1, "/b", 304), request(2, "/c", 404)
	want(t, logOf(a, b, c).Unchanged(s), true, "2 of 2 unchanged")
	want(t, logOf(a, c).Unchanged(s), false, "1 answers 304, want 2")
	want(t, logOf(a, request(1, "/b", 200), c).Unchanged(s), false, "/b: 200")
	b.Bytes = 7
	want(t, logOf(a, b, c).Unchanged(s), false, "7 bytes of bodies")
}

// recorded is a crawl with the given records.
func recorded(t *testing.T, pages map[string]frontier.Outcome) proof.Case {
	t.Helper()
	ctx := context.Background()
	f, err := frontier.Open(ctx, storetest.Open(t, store.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	s := settings.Settings{}.WithDefaults()
	if err := f.Configure(ctx, s, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := f.StartRun(ctx, false); err != nil {
		t.Fatal(err)
	}
	for path, o := range pages {
		err := f.DB().Batch(ctx, true, func(tx *store.Tx) error {
			if _, err := f.AdmitTx(tx, s, []frontier.Job{{URL: origin + path}}); err != nil || o == frontier.Undecided {
				return err
			}
			return f.SaveTx(tx, frontier.Page{URL: origin + path, Outcome: o}, nil)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return proof.Case{Frontier: f, Origins: site.Origins{"s": origin, fixture.Main: origin}}
}

func TestComplete(t *testing.T) {
	expected := sets(map[string]oracle.Outcome{"/a": oracle.HTML, "/b": oracle.Disallowed})
	for _, test := range []struct {
		pages map[string]frontier.Outcome
		pass  bool
		says  string
	}{
		{map[string]frontier.Outcome{"/a": frontier.Stored, "/b": frontier.Disallowed}, true, "2 URLs, of them 1 pages"},
		{map[string]frontier.Outcome{"/a": frontier.Stored}, false, "/b"},
		{map[string]frontier.Outcome{"/a": frontier.Stored, "/b": frontier.Stored}, false, "/b"},
		{map[string]frontier.Outcome{"/a": frontier.GaveUp, "/b": frontier.Disallowed}, false, "/a"},
		{map[string]frontier.Outcome{"/a": frontier.Undecided, "/b": frontier.Disallowed}, false, "/a"},
		{map[string]frontier.Outcome{"/a": frontier.Stored, "/b": frontier.Disallowed, "/c": frontier.Missing}, false, "/c"},
	} {
		c, err := recorded(t, test.pages).Complete(context.Background(), expected)
		if err != nil {
			t.Fatalf("Complete() = %v", err)
		}
		want(t, c, test.pass, test.says)
	}
}

// Of a crawl that did nothing, the cases that must be known are reported.
func TestNasty(t *testing.T) {
	fix, err := fixture.New(fixture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := recorded(t, map[string]frontier.Outcome{"/redirect/self": frontier.Stored}).Nasty(context.Background(), fix)
	if err != nil {
		t.Fatalf("Nasty() = %v", err)
	}
	want(t, c, false, "/redirect/self is recorded as \"stored\"")
	want(t, c, false, "more")
}

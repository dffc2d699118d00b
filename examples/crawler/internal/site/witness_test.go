package site

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// at makes a request to a host from one millisecond to another.
func at(host, path string, status int, start, end time.Duration) Access {
	return Access{
		Site: "site " + host, Host: host, Method: "GET", Path: path, Status: status,
		Start: start * time.Millisecond, End: end * time.Millisecond, Bytes: 10,
	}
}

func TestWitness(t *testing.T) {
	w := Witness{
		at("a", "/robots.txt", 200, 0, 1),
		at("a", "/x", 200, 2, 40),
		at("b", "/x", 200, 3, 5),
		at("b", "/y", 200, 5, 6),
		at("a", "/y?q=1", 200, 22, 50),
		at("a", "/x", 304, 40, 41),
		at("a", "/robots.txt", 200, 60, 61),
		at("a", "/y?q=1", 200, 90, 91),
		at("c", "/y?q=1", 200, 100, 101),
		{Site: "site a", Host: "a", Method: "HEAD", Path: "/x", Status: 200, Start: time.Second},
	}
	ms := time.Millisecond
	wantSpacing := map[string]time.Duration{"a": 2 * ms, "b": 2 * ms}
	if got := w.MinSpacing(); !maps.Equal(got, wantSpacing) {
		t.Errorf("MinSpacing() = %v, want %v", got, wantSpacing)
	}
	wantSpacing["a"] = 18 * ms
	if got := w.Pages().MinSpacing(); !maps.Equal(got, wantSpacing) {
		t.Errorf("Pages().MinSpacing() = %v, want %v", got, wantSpacing)
	}
	first, second, ok := w.Pages().Closest("a")
	if !ok || first.Path != "/y?q=1" || second.Path != "/x" {
		t.Errorf("Closest(a) = %q, %q, %v, want /y?q=1, /x, true", first.Path, second.Path, ok)
	}
	wantFlight := map[string]int{"a": 2, "b": 1, "c": 1}
	if got := w.MaxInFlight(); !maps.Equal(got, wantFlight) {
		t.Errorf("MaxInFlight() = %v, want %v", got, wantFlight)
	}
	wantTwice := []Duplicate{{"a", "/y?q=1", 2}}
	if got := w.Duplicates(); !slices.Equal(got, wantTwice) {
		t.Errorf("Duplicates() = %v, want %v", got, wantTwice)
	}
	got := w.Disallowed(map[string][]string{"site a": {"/y", "/robots"}, "site b": {"/z", "/x"}})
	if len(got) != 3 || got[0].Host != "b" || got[1].Path != "/y?q=1" || got[2].Path != "/y?q=1" {
		t.Errorf("Disallowed() = %v, want b's /x and a's two /y?q=1", got)
	}
	if got := w.Statuses(); !maps.Equal(got, map[int]int{200: 9, 304: 1}) {
		t.Errorf("Statuses() = %v, want 9 of 200 and 1 of 304", got)
	}
	if got := w.Hosts(); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("Hosts() = %q, want a, b, c", got)
	}
}

func TestWitnessEmpty(t *testing.T) {
	var w Witness
	if len(w.Hosts())+len(w.MinSpacing())+len(w.MaxInFlight())+len(w.Duplicates()) != 0 {
		t.Error("an empty Witness reports something")
	}
}

func TestReadLog(t *testing.T) {
	log := `{"start_ns":20,"path":"/second"}` + "\n" + `{"start_ns":10,"path":"/first"}` + "\n" + `{"start_ns":3`
	w, err := ReadLog(strings.NewReader(log))
	if err != nil {
		t.Fatal(err)
	}
	if len(w) != 2 || w[0].Path != "/first" || w[1].Path != "/second" {
		t.Errorf("ReadLog(torn) = %v, want /first, /second", w)
	}
	for name, bad := range map[string]string{
		"not JSON": "x\n",
		"long":     strings.Repeat("x", maxLine+1) + "\n",
	} {
		if _, err := ReadLog(strings.NewReader(bad)); !errors.Is(err, ErrLog) {
			t.Errorf("ReadLog(%s) = %v, want ErrLog", name, err)
		}
	}
}

func TestLogRecordsRequests(t *testing.T) {
	var log syncBuffer
	abort := func(Origins) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("some"))
			panic(http.ErrAbortHandler)
		})
	}
	s := serve(t, Options{Log: &log},
		Site{Name: "s", Dir: tree(t, map[string]string{"index.html": "home"})},
		Site{Name: "abort", Handler: abort})
	tag := get(t, s.Origin("s")+"/?q=%C3%A9", "User-Agent", strings.Repeat("u", 300)).header.Get("ETag")
	get(t, s.Origin("s")+"/", "If-None-Match", tag)
	do(t, http.MethodHead, s.Origin("s")+"/none")
	if resp, err := client.Get(s.Origin("abort") + "/"); err == nil {
		resp.Body.Close()
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	w := log.witness(t)
	if len(w) != 4 {
		t.Fatalf("the log has %d requests, want 4", len(w))
	}
	page, again, head, cut := w[0], w[1], w[2], w[3]
	host := strings.TrimPrefix(s.Origin("s"), "http://")
	if page.Site != "s" || page.Host != host || page.Path != "/?q=%C3%A9" || page.Status != 200 ||
		page.Bytes != 4 || page.Conditional || page.Aborted || len(page.UserAgent) != maxAgent {
		t.Errorf("the page is logged as %+v", page)
	}
	if page.Remote == "" || page.WallNS == 0 || page.Start <= 0 || page.End < page.Start {
		t.Errorf("the page is logged with remote %q, wall %d, from %v to %v",
			page.Remote, page.WallNS, page.Start, page.End)
	}
	if again.Status != 304 || !again.Conditional || again.Bytes != 0 {
		t.Errorf("the revalidation is logged as %+v", again)
	}
	if head.Method != "HEAD" || head.Bytes != 0 {
		t.Errorf("HEAD is logged as %+v", head)
	}
	if !cut.Aborted || cut.Site != "abort" {
		t.Errorf("the cut answer is logged as %+v", cut)
	}
}

// A request whose client has gone is in nobody's way, however late the server learns it.
func TestAbortedIsNotInFlight(t *testing.T) {
	gone := at("a", "/x", 0, 0, 40)
	gone.Aborted = true
	w := Witness{gone, at("a", "/x", 200, 10, 20), at("a", "/y", 200, 20, 30)}
	if got := w.MaxInFlight()["a"]; got != 1 {
		t.Errorf("MaxInFlight() = %d beside an aborted request, want 1", got)
	}
}

package site

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestServeAddresses(t *testing.T) {
	dir := tree(t, map[string]string{"index.html": "home"})
	sites := []Site{{Name: "a", Dir: dir}, {Name: "b", Dir: dir, Start: "/x"}, {Name: "c", Dir: dir}}
	for _, one := range []bool{false, true} {
		s := serve(t, Options{OneAddress: one}, sites...)
		hosts, ports := map[string]bool{}, map[string]bool{}
		for _, site := range sites {
			u, err := url.Parse(s.Origin(site.Name))
			if err != nil {
				t.Fatal(err)
			}
			if ip := net.ParseIP(u.Hostname()); ip == nil || !ip.IsLoopback() {
				t.Errorf("Origin(%q) = %q, want a loopback address", site.Name, u)
			}
			hosts[u.Hostname()], ports[u.Port()] = true, true
			if got := get(t, s.Origin(site.Name)+"/"); got.body != "home" {
				t.Errorf("GET / of %q = %q, want %q", site.Name, got.body, "home")
			}
		}
		// Exactly one of address and port distinguishes the sites.
		wantHosts, wantPorts := 3, 1
		if one || !haveAddresses(3) {
			wantHosts, wantPorts = 1, 3
		}
		if len(hosts) != wantHosts || len(ports) != wantPorts {
			t.Errorf("OneAddress %v: %d hosts and %d ports, want %d and %d",
				one, len(hosts), len(ports), wantHosts, wantPorts)
		}
		if got, want := s.Starts()[1], s.Origin("b")+"/x"; got != want {
			t.Errorf("Starts()[1] = %q, want %q", got, want)
		}
	}
}

func TestServePort(t *testing.T) {
	dir := tree(t, map[string]string{"index.html": ""})
	first := serve(t, Options{OneAddress: true}, Site{Name: "s", Dir: dir})
	_, p, _ := strings.Cut(strings.TrimPrefix(first.Origin("s"), "http://"), ":")
	port, err := strconv.Atoi(p)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := Serve([]Site{{Name: "s", Dir: dir}}, Options{OneAddress: true, Port: port}); err == nil {
		s.Close()
		t.Fatalf("Serve on port %d, which is taken, = nil, want an error", port)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := serve(t, Options{OneAddress: true, Port: port}, Site{Name: "s", Dir: dir})
	if got := second.Origin("s"); got != first.Origin("s") {
		t.Errorf("Origin with Port %d = %q, want %q", port, got, first.Origin("s"))
	}
}

func TestServeReportsAllFaults(t *testing.T) {
	handler := func(Origins) http.Handler { return http.NotFoundHandler() }
	_, err := Serve([]Site{
		{Name: "a", Dir: "no such directory"},
		{Name: "a", Handler: handler, Sitemap: true},
		{Start: "x", Handler: handler},
		{Name: "b", Handler: handler, Robots: Robots{CrawlDelay: -1}},
		{Name: "c", Dir: t.TempDir(), Robots: Robots{Disallow: []string{"x", "/y\n"}}},
	}, Options{Port: -1, MaxInFlight: -1, MaxConns: -1, HeaderTimeout: -1, WriteTimeout: -1})
	if !errors.Is(err, ErrSite) {
		t.Fatalf("Serve(bad) = %v, want ErrSite", err)
	}
	for _, want := range []string{
		"Port", "MaxInFlight", "MaxConns", "HeaderTimeout", "WriteTimeout", "twice", "Dir:", "Name is empty",
		`Start "x"`, "do not go with Handler", "CrawlDelay", `Disallow "x"`, `Disallow "/y\n"`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("Serve(bad) = %v, want it to mention %q", err, want)
		}
	}
	if _, err := Serve(nil, Options{}); !errors.Is(err, ErrSite) {
		t.Errorf("Serve(no sites) = %v, want ErrSite", err)
	}
	none := Site{Name: "a", Handler: func(Origins) http.Handler { return nil }}
	if _, err := Serve([]Site{none}, Options{}); !errors.Is(err, ErrSite) {
		t.Errorf("Serve(nil handler) = %v, want ErrSite", err)
	}
}

// blocker returns a site whose handler reports that it was entered and then
// waits for its request to end or for release.
func blocker() (s Site, entered chan struct{}, release chan struct{}) {
	entered, release = make(chan struct{}, 8), make(chan struct{})
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		entered <- struct{}{}
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	return Site{Name: "slow", Handler: func(Origins) http.Handler { return h }}, entered, release
}

func TestServerInFlightLimit(t *testing.T) {
	site, entered, release := blocker()
	var log syncBuffer
	s := serve(t, Options{MaxInFlight: 1, Log: &log}, site)
	first := make(chan int)
	go func() { first <- get(t, s.Origin("slow")+"/1").status }()
	<-entered
	if got := get(t, s.Origin("slow")+"/2"); got.status != 503 || got.header.Get("Retry-After") == "" {
		t.Errorf("GET above MaxInFlight = %d, Retry-After %q, want 503 and one",
			got.status, got.header.Get("Retry-After"))
	}
	close(release)
	if got := <-first; got != 200 {
		t.Errorf("GET within MaxInFlight = %d, want 200", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	w := log.witness(t)
	if got := w.Statuses(); got[503] != 1 || got[200] != 1 {
		t.Errorf("Statuses() = %v, want one 503 and one 200", got)
	}
}

func TestServerCloseEndsRequests(t *testing.T) {
	site, entered, _ := blocker()
	var log syncBuffer
	s := serve(t, Options{Log: &log}, site)
	done := make(chan error)
	go func() {
		resp, err := client.Get(s.Origin("slow") + "/")
		if err == nil {
			resp.Body.Close()
		}
		done <- err
	}()
	<-entered
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("Close() = %v, want nil", err)
		}
	}
	<-done
	if got := len(log.witness(t)); got != 1 {
		t.Errorf("after Close the log has %d requests, want 1", got)
	}
	if _, err := client.Get(s.Origin("slow") + "/"); err == nil {
		t.Error("GET after Close = nil, want an error")
	}
}

func TestServerCloseGivesUpOnHandler(t *testing.T) {
	f := newFlight(1, time.Second)
	if !f.enter() {
		t.Fatal("enter() = false, want true")
	}
	if f.stop(1) {
		t.Error("stop() with a handler running = true, want false")
	}
	if f.enter() {
		t.Error("enter() after stop = true, want false")
	}
	f.leave()
	<-f.idle
}

func TestServerLogFails(t *testing.T) {
	full := errors.New("disk full")
	s, err := Serve([]Site{{Name: "s", Dir: tree(t, map[string]string{"index.html": "home"})}},
		Options{Log: failingWriter{full}})
	if err != nil {
		t.Fatal(err)
	}
	if got := get(t, s.Origin("s")+"/"); got.body != "home" {
		t.Errorf("GET / = %q, want %q", got.body, "home")
	}
	if err := s.Close(); !errors.Is(err, full) {
		t.Errorf("Close() = %v, want %v", err, full)
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

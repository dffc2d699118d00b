package crawl_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/crawl"
	"github.com/dcq-go/dcq/examples/crawler/internal/fixture"
	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
	"github.com/dcq-go/dcq/examples/crawler/internal/oracle"
	"github.com/dcq-go/dcq/examples/crawler/internal/proof"
	"github.com/dcq-go/dcq/examples/crawler/internal/settings"
	"github.com/dcq-go/dcq/examples/crawler/internal/site"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// log is an access log in memory.
type log struct {
	mu sync.Mutex // protects the field below
	b  bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// read returns the requests, once the server has been stopped.
func (l *log) read(t *testing.T) site.Witness {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	w, err := site.ReadLog(bytes.NewReader(l.b.Bytes()))
	if err != nil {
		t.Fatalf("ReadLog() = %v", err)
	}
	return w
}

func serve(t *testing.T, sites []site.Site) (*site.Server, *log) {
	t.Helper()
	l := &log{}
	s, err := site.Serve(sites, site.Options{Log: l})
	if err != nil {
		t.Fatalf("site.Serve() = %v", err)
	}
	t.Cleanup(func() { s.Close() })
	return s, l
}

// tree writes a directory of pages that link to each other at random, and to what
// is not there, and returns a site of it.
func tree(t *testing.T, name string, pages int, r *rand.Rand) site.Site {
	t.Helper()
	dir := t.TempDir()
	for i := range pages {
		var b bytes.Buffer
		fmt.Fprintf(&b, "<title>%d</title>", i)
		for range 6 {
			fmt.Fprintf(&b, `<a href="%d.html">x</a> `, r.IntN(pages+pages/8))
		}
		fmt.Fprintf(&b, `<a href="%d.html">next</a> <a href="sub/">s</a> <a href="sub">s</a> <a href="private/%d.html">p</a>`, i+1, i%3)
		write(t, dir, fmt.Sprintf("%d.html", i), b.String())
	}
	write(t, dir, "index.html", `<a href="0.html">first</a> <a href="note.txt">n</a>`)
	write(t, dir, "note.txt", "a note")
	write(t, dir, "sub/index.html", `<a href="index.html">self</a> <a href="../">up</a>`)
	write(t, dir, "private/0.html", "private")
	return site.Site{Name: name, Dir: dir, Robots: site.Robots{Disallow: []string{"/private/"}, CrawlDelay: 2 * time.Millisecond}}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// expect is what a crawl of the sites must find.
func expect(t *testing.T, s *site.Server, sites []site.Site) (sets []proof.Set) {
	t.Helper()
	for _, one := range sites {
		e, err := oracle.Walk(context.Background(), one.Dir, oracle.Options{
			Origin: s.Origin(one.Name), Disallow: one.Robots.Disallow, Sitemap: one.Sitemap,
		})
		if err != nil {
			t.Fatalf("oracle.Walk() = %v", err)
		}
		sets = append(sets, proof.Set{Name: one.Name, Expected: e})
	}
	return sets
}

// open opens a store and the crawl in it.
func open(t *testing.T, dir string) *frontier.Frontier {
	t.Helper()
	f, err := frontier.Open(context.Background(), storetest.OpenDir(t, dir, store.Options{}))
	if err != nil {
		t.Fatalf("frontier.Open() = %v", err)
	}
	return f
}

// begin starts a run with the starts of a server as seeds.
func begin(t *testing.T, f *frontier.Frontier, s settings.Settings, refresh bool, seeds []string) {
	t.Helper()
	s.Private = true
	if err := f.Configure(context.Background(), s.WithDefaults(), seeds); err != nil {
		t.Fatalf("Configure() = %v", err)
	}
	if _, err := f.StartRun(context.Background(), refresh); err != nil {
		t.Fatalf("StartRun() = %v", err)
	}
}

// work crawls until nothing is left.
func work(f *frontier.Frontier, concurrency int) error {
	c, err := crawl.New(context.Background(), f)
	if err != nil {
		return err
	}
	defer c.Close()
	p, err := c.Pool(concurrency)
	if err != nil {
		return err
	}
	return p.RunUntilIdle(context.Background())
}

func finishRun(t *testing.T, f *frontier.Frontier) {
	t.Helper()
	if err := f.EndRun(context.Background()); err != nil {
		t.Errorf("EndRun() = %v", err)
	}
}

func passes(t *testing.T, checks ...proof.Check) {
	t.Helper()
	for _, c := range checks {
		if !c.Pass {
			t.Errorf("%v", c)
		}
	}
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// Three stores opened on one directory stand for three processes.
func TestPoolsTogether(t *testing.T) {
	r := rand.New(rand.NewPCG(seed(t), 0))
	sites := []site.Site{tree(t, "one", 20, r), tree(t, "two", 20, r), tree(t, "three", 20, r)}
	sites[2].Sitemap = true
	s, access := serve(t, sites)
	dir := t.TempDir()
	f := open(t, dir)
	delay := time.Millisecond
	begin(t, f, settings.Settings{Delay: delay}, false, s.Starts())
	together(t, dir, 3)
	finishRun(t, f)
	sets := expect(t, s, sites)
	if err := s.Shutdown(context.Background()); err != nil {
		t.Fatalf("Shutdown() = %v", err)
	}
	c := proof.Case{Frontier: f, Origins: s.Origins(), Log: access.read(t)}
	passes(t, must[proof.Check](t)(c.Complete(context.Background(), sets)),
		c.Spaced(map[string]time.Duration{"one": 2 * delay, "two": 2 * delay, "three": 2 * delay}), c.OneAtATime(), c.Once(sets),
		c.Allowed(map[string][]string{"one": {"/private/"}, "two": {"/private/"}, "three": {"/private/"}}))
}

// together crawls with several stores opened on one directory.
func together(t *testing.T, dir string, n int) {
	t.Helper()
	var workers sync.WaitGroup
	for range n {
		f := open(t, dir)
		workers.Go(func() {
			if err := work(f, 3); err != nil {
				t.Errorf("a pool failed: %v", err)
			}
		})
	}
	workers.Wait()
}

func TestNastyHosts(t *testing.T) {
	t.Parallel()
	fix, err := fixture.New(fixture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, access := serve(t, fix.Sites())
	dir := t.TempDir()
	f := open(t, dir)
	begin(t, f, settings.Settings{
		Delay: time.Millisecond, Timeout: 2 * time.Second, Tries: 3, Backoff: 20 * time.Millisecond,
		MaxDepth: 8, MaxBody: 1 << 20, Snooze: 10 * time.Millisecond,
	}, false, s.Starts())
	together(t, dir, 2)
	finishRun(t, f)
	if err := s.Shutdown(context.Background()); err != nil {
		t.Fatalf("Shutdown() = %v", err)
	}
	c := proof.Case{Frontier: f, Origins: s.Origins(), Log: access.read(t)}
	passes(t, must[proof.Check](t)(c.Nasty(context.Background(), fix)), c.OneAtATime())
}

func TestSecondRun(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(seed(t), 1))
	sites := []site.Site{tree(t, "one", 30, r)}
	s, access := serve(t, sites)
	dir := t.TempDir()
	f := open(t, dir)
	begin(t, f, settings.Settings{Delay: time.Millisecond}, false, s.Starts())
	together(t, dir, 2)
	finishRun(t, f)
	second := time.Now()
	begin(t, f, settings.Settings{Delay: time.Millisecond}, true, nil)
	together(t, dir, 2)
	finishRun(t, f)
	sets := expect(t, s, sites)
	if err := s.Shutdown(context.Background()); err != nil {
		t.Fatalf("Shutdown() = %v", err)
	}
	log := access.read(t).Filter(func(a site.Access) bool { return a.WallNS >= second.UnixNano() })
	c := proof.Case{Frontier: f, Origins: s.Origins(), Log: log}
	passes(t, c.Unchanged(sets), must[proof.Check](t)(c.Complete(context.Background(), sets)))
}

package httpcache_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/dcq-go/dcq/adapters/httpcache"
	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
)

func init() {
	children["get"] = getInChild
}

// getInChild gets a URL with the cache of a directory, once for each command.
func getInChild(c *proctest.Child) error {
	ctx := context.Background()
	db, err := store.Open(ctx, c.Args[0], store.Options{BlobThreshold: blobThreshold})
	if err != nil {
		return err
	}
	cache, err := kv.OpenCache(ctx, db, "http", kv.CacheOptions[string, []byte]{})
	if err != nil {
		return err
	}
	transport, err := httpcache.New(cache, httpcache.Options{})
	if err != nil {
		return err
	}
	client := &http.Client{Transport: transport}
	c.Say("ready")
	for c.Command() == "get" {
		resp, err := client.Get(c.Args[1])
		if err != nil {
			return err
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		resp.Body.Close()
		c.Say("%s %d", resp.Header.Get(httpcache.FromCache), len(b))
	}
	return db.Close()
}

// Two processes have one cache, which survives the death of both.
func TestProcessesShare(t *testing.T) {
	origin := newOrigin(t, nil)
	origin.Config.Handler = text(strings.Repeat("x", 5000), minute)
	dir := t.TempDir()
	for i, want := range []string{" 5000", "1 5000", "1 5000"} {
		p := proctest.Start(t, "get", dir, origin.URL)
		p.Expect("ready")
		p.Send("get")
		p.Expect(want)
		if i == 1 {
			p.Kill()
		}
	}
}

// Many goroutines with two transports read, change and validate: nobody ever gets half of
// a body, or one of another URL, or what is older than a change that he saw.
func TestStorm(t *testing.T) {
	f := newFixture(t, httpcache.Options{})
	var mu sync.Mutex
	versions := map[string]int{}
	f.answers(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.Method == http.MethodPost {
			versions[r.URL.Path]++
		}
		v := versions[r.URL.Path]
		text(stormBody(r.URL.Path, v), minute, fmt.Sprintf(`ETag: "%d"`, v))(w, r)
	})
	other := newTransport(t, f.cache, httpcache.Options{})
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			client := &http.Client{Transport: f.transport}
			if worker%2 == 0 {
				client.Transport = other
			}
			own := fmt.Sprint("/", worker/2)
			for i := range 60 {
				path := fmt.Sprint("/", i%4)
				storm(t, client, http.MethodGet, f.URL, path, 0)
				if worker%2 == 0 && i%5 == 0 {
					v := storm(t, client, http.MethodPost, f.URL, own, 0)
					storm(t, client, http.MethodGet, f.URL, own, v)
				}
			}
		})
	}
	group.Wait()
}

func stormBody(path string, v int) string {
	return fmt.Sprint(path, " ", v, " ") + strings.Repeat("x", 100*(v%10)+1)
}

// storm makes a request, and returns the version that came, which must not be less than
// the least.
func storm(t *testing.T, client *http.Client, method, base, path string, least int) (v int) {
	req, err := http.NewRequest(method, base+path, nil)
	if err != nil {
		t.Error(err)
		return 0
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	var got string
	_, failed := fmt.Sscan(string(b), &got, &v)
	if err != nil || failed != nil || got != path || string(b) != stormBody(path, v) || v < least {
		t.Errorf("%s %s = %.20q of %d bytes, %v; want version %d or later", method, path, b, len(b), err, least)
	}
	return v
}

// gzipped answers with a compressed body.
func gzipped(body string, l ...string) http.HandlerFunc {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, body)
	_ = z.Close()
	return text(b.String(), append(l, "Content-Encoding: gzip", "Content-Type: text/plain")...)
}

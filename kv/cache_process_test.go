package kv_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dcq-go/dcq/internal/crashpoint"
	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

func init() {
	children["count in a cache"] = countInCache
	children["storm a cache"] = stormCache
	children["die after a commit"] = dieAfterCommit
	children["stream through a cache"] = streamThroughCache
}

const processes = 8

// openInChild opens the cache in the directory that the child is given.
func openInChild[V any](c *proctest.Child, opts kv.CacheOptions[string, V]) (*kv.Cache[string, V], error) {
	db, err := store.Open(context.Background(), c.Args[0], store.Options{BlobThreshold: threshold})
	if err != nil {
		return nil, err
	}
	return kv.OpenCache(context.Background(), db, "c", opts)
}

const perProcess = 60

func countInCache(c *proctest.Child) error {
	cache, err := openInChild(c, kv.CacheOptions[string, int]{})
	if err != nil {
		return err
	}
	for range perProcess {
		if _, err := kv.Incr(context.Background(), cache, "n", 1, 0); err != nil {
			return err
		}
	}
	return cache.DB().Close()
}

// The sum of what 8 processes count is exact.
func TestCacheIncrOfProcesses(t *testing.T) {
	db := storetest.Open(t, store.Options{})
	c := openCache(t, db, kv.CacheOptions[string, int]{})
	var list []*proctest.Process
	for range processes {
		list = append(list, proctest.Start(t, "count in a cache", db.Dir()))
	}
	for _, p := range list {
		if err := p.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	n, err := c.Get(t.Context(), "n")
	equal(t, `Get("n")`, n, err, processes*perProcess)
}

// stormValue is a value that tells whether it is whole, of a key; a third are files.
func stormValue(key string, n int) string {
	return fmt.Sprint(key, " ", n, " ") + strings.Repeat("x", n%(3*threshold/2))
}

func whole(key, value string) bool {
	var k string
	var n int
	_, err := fmt.Sscan(value, &k, &n)
	return err == nil && k == key && value == stormValue(key, n)
}

// stormCache uses the cache at random until it is killed, and says when it begins.
func stormCache(c *proctest.Child) error {
	ctx := context.Background()
	cache, err := openInChild(c, stringOptions{Statistics: true})
	if err != nil {
		return err
	}
	c.Say("begun")
	for i := 0; ; i++ {
		if err := stormStep(ctx, cache, i); err != nil {
			c.Say("%v", err)
			return err
		}
		if i == 100 {
			c.Say("busy")
		}
	}
}

func stormStep(ctx context.Context, c *stringCache, i int) (err error) {
	key := fmt.Sprint("k", rand.IntN(40))
	value := ""
	switch rand.IntN(8) {
	case 0, 1, 2:
		return c.Set(ctx, key, stormValue(key, rand.IntN(1e6)), kv.SetOptions{Tag: "t", TTL: time.Duration(1+i%50) * time.Millisecond * 20})
	case 3:
		_, err = c.Delete(ctx, key)
	case 4:
		value, err = c.Pop(ctx, key)
	case 5:
		_, err = c.Expire(ctx)
	default:
		value, err = c.Get(ctx, key)
	}
	if errors.Is(err, kv.ErrNotFound) {
		return nil
	}
	if err == nil && value != "" && !whole(key, value) {
		return fmt.Errorf("Get(%q) = %.30q, which is not what was set", key, value)
	}
	return err
}

// However many of those who use the cache are killed, it is consistent, its values are
// whole, its limit holds, and a sweep leaves no file that nobody knows.
func TestCacheKillStorm(t *testing.T) {
	clock := storetest.NewClock(time.Now())
	db := storetest.Open(t, store.Options{BlobThreshold: threshold, Clock: clock})
	const limit = 5000
	c, ctx := openCache(t, db, stringOptions{SizeLimit: limit, Policy: kv.LeastRecentlyUsed}), t.Context()
	random := seed.Rand(t)
	for range 3 {
		var list []*proctest.Process
		for range processes {
			p := proctest.Start(t, "storm a cache", db.Dir())
			p.Expect("begun")
			list = append(list, p)
		}
		for _, p := range list {
			p.Expect("busy")
		}
		random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		for _, p := range list {
			p.Kill()
		}
		storetest.Check(t, db)
		for i, err := range c.Items(ctx) {
			if err != nil || !whole(i.Key, i.Value) {
				t.Errorf("item %q = %.30q, %v", i.Key, i.Value, err)
			}
		}
	}
	// With a clock of its own, since those who expire items would follow the cache's.
	later := storetest.OpenDir(t, db.Dir(), store.Options{Clock: storetest.NewClock(clock.Now().Add(2 * time.Hour))})
	if _, err := later.SweepBlobs(ctx); err != nil {
		t.Fatal(err)
	}
	var named int
	err := db.View(ctx, func(tx *storeTx) error {
		return tx.QueryRow(`SELECT count(*) FROM dcq_cache_items WHERE blob IS NOT NULL`).Scan(&named)
	})
	equal(t, "files left", len(blobFiles(t, db.Dir())), err, named)
	if _, err := c.Cull(ctx); err != nil {
		t.Fatal(err)
	}
	volume, err := c.Volume(ctx)
	equal(t, "Volume() within the limit", volume <= limit, err, true)
}

// dieAfterCommit does what it is told, and dies when that is committed, before the files
// are removed.
func dieAfterCommit(c *proctest.Child) error {
	ctx := context.Background()
	armed := false
	crashpoint.Set(func(point string) {
		if armed && point == crashpoint.AfterCommit {
			c.Say("committed")
			select {} // until it is killed
		}
	})
	cache, err := openInChild(c, stringOptions{Durable: true})
	if err != nil {
		return err
	}
	armed = true
	switch c.Args[1] {
	case "set":
		err = cache.Set(ctx, "a", large("n"), kv.SetOptions{})
	case "delete":
		_, err = cache.Delete(ctx, "a")
	case "pop":
		_, err = cache.Pop(ctx, "a")
	case "clear":
		_, err = cache.Clear(ctx)
	}
	return errors.Join(err, errors.New("it did not die"))
}

// Who dies between a commit and the end of the files that it dropped leaves no row without
// its file, and no file behind a sweep.
func TestCacheDiesBeforeFilesGo(t *testing.T) {
	for _, what := range []string{"set", "delete", "pop", "clear"} {
		t.Run(what, func(t *testing.T) {
			clock := storetest.NewClock(time.Now())
			f := fixture{t, storetest.Open(t, store.Options{BlobThreshold: threshold, Clock: clock}), clock}
			c := f.cache(stringOptions{})
			f.set(c, "a", large("o"), kv.SetOptions{})
			p := proctest.Start(t, "die after a commit", f.db.Dir(), what)
			p.Expect("committed")
			p.Kill()
			value, left := "", 0
			if what == "set" {
				value, left = large("n"), 1
			}
			f.want(c, "a", value)
			f.wantFiles(left + 1)
			storetest.Check(t, f.db)
			clock.Advance(2 * time.Hour)
			n, err := f.db.SweepBlobs(t.Context())
			equal(t, "SweepBlobs()", n, err, 1)
			f.want(c, "a", value)
			f.wantFiles(left)
		})
	}
}

const streamed = 256 << 20

// streamThroughCache puts a large value into the cache and takes it out.
func streamThroughCache(c *proctest.Child) error {
	ctx := context.Background()
	cache, err := openInChild(c, stringOptions{})
	if err != nil {
		return err
	}
	if err := cache.SetReader(ctx, "a", zeros(streamed), kv.SetOptions{}); err != nil {
		return err
	}
	r, err := cache.Open(ctx, "a")
	if err != nil {
		return err
	}
	n, err := io.Copy(io.Discard, r)
	if n != streamed {
		return fmt.Errorf("%d bytes, %v", n, err)
	}
	c.Say("%d", proctest.PeakRSS())
	return errors.Join(r.Close(), cache.DB().Close())
}

// A stream takes little memory, whatever its length.
func TestCacheStreamTakesNoMemory(t *testing.T) {
	db := storetest.Open(t, store.Options{BlobThreshold: threshold})
	p := proctest.Start(t, "stream through a cache", db.Dir())
	said, _ := p.Next()
	if err := p.Wait(); err != nil {
		t.Fatal(err, p.Stderr())
	}
	if rss, err := strconv.Atoi(said); err != nil || rss > streamed/2>>10 {
		t.Errorf("the child took %d MiB, %v", rss>>10, err)
	}
}

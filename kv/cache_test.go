package kv_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

type (
	stringCache   = kv.Cache[string, string]
	stringOptions = kv.CacheOptions[string, string]
)

func openCache[K, V any](t testing.TB, db *store.DB, opts kv.CacheOptions[K, V]) *kv.Cache[K, V] {
	t.Helper()
	c, err := kv.OpenCache(context.Background(), db, "c", opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// fixture is a store with a clock and small files.
type fixture struct {
	*testing.T
	db    *store.DB
	clock *storetest.Clock
}

// threshold is how large values of a fixture are that are not files.
const threshold = 100

func newFixture(t *testing.T) fixture {
	t.Helper()
	clock := storetest.NewClock(time.Unix(1000, 0))
	return fixture{t, storetest.Open(t, store.Options{BlobThreshold: threshold, Clock: clock}), clock}
}

func (f fixture) cache(opts stringOptions) *stringCache {
	f.Helper()
	return openCache(f, f.db, opts)
}

func (f fixture) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

func (f fixture) set(c *stringCache, key, value string, opts kv.SetOptions) {
	f.Helper()
	if err := c.Set(context.Background(), key, value, opts); err != nil {
		f.Fatalf("Set(%q) = %v", key, err)
	}
}

// want fails the test unless the value is as said; empty means none.
func (f fixture) want(c *stringCache, key, value string) {
	f.Helper()
	got, err := c.Get(context.Background(), key)
	if got != value || (value == "") != errors.Is(err, kv.ErrNotFound) || value != "" && err != nil {
		f.Errorf("Get(%q) = %.20q, %v, want %.20q", key, got, err, value)
	}
}

// wantKeys fails the test unless the keys of the cache are these, with spaces between.
func (f fixture) wantKeys(c *stringCache, want string) {
	f.Helper()
	var keys []string
	for i, err := range c.Items(context.Background()) {
		f.must(err)
		keys = append(keys, i.Key)
	}
	if got := strings.Join(keys, " "); got != want {
		f.Errorf("keys = %q, want %q", got, want)
	}
	if n, err := c.Len(context.Background()); n != len(keys) || err != nil {
		f.Errorf("Len() = %d, %v, want %d", n, err, len(keys))
	}
}

// wantFiles fails the test unless the store has so many files of values.
func (f fixture) wantFiles(want int) {
	f.Helper()
	if n := len(blobFiles(f, f.db.Dir())); n != want {
		f.Errorf("%d files of values, want %d", n, want)
	}
}

func blobFiles(t testing.TB, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "blobs", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func equal[T comparable](t testing.TB, call string, got T, err error, want T) {
	t.Helper()
	if got != want || err != nil {
		t.Errorf("%s = %v, %v, want %v", call, got, err, want)
	}
}

// large is a value that is kept as a file.
func large(letter string) string { return strings.Repeat(letter, 10*threshold) }

func TestCache(t *testing.T) {
	f := newFixture(t)
	c, ctx := f.cache(stringOptions{}), t.Context()
	f.want(c, "a", "")
	f.set(c, "a", "1", kv.SetOptions{})
	f.set(c, "b", large("b"), kv.SetOptions{Tag: "t", TTL: time.Minute})
	f.want(c, "a", "1")
	f.want(c, "b", large("b"))
	f.wantKeys(c, "a b")
	f.wantFiles(1)
	f.clock.Step(time.Second)

	item, err := c.GetItem(ctx, "b")
	want := kv.CacheItem[string, string]{
		Key: "b", Value: large("b"), Stored: time.Unix(1000, 0), Expires: time.Unix(1060, 0), Tag: "t", Size: 1 + 1000 + 1 + 100,
	}
	equal(t, `GetItem("b")`, item, err, want)
	volume, err := c.Volume(ctx)
	equal(t, "Volume()", volume, err, want.Size+1+1+100)

	f.set(c, "b", "2", kv.SetOptions{})
	f.want(c, "b", "2")
	ok, err := c.Add(ctx, "b", large("x"), kv.SetOptions{})
	equal(t, `Add("b")`, ok, err, false)
	ok, err = c.Add(ctx, "d", "4", kv.SetOptions{})
	equal(t, `Add("d")`, ok, err, true)
	f.must(c.Flush(ctx))
	f.wantFiles(0)
	v, err := c.Pop(ctx, "d")
	equal(t, `Pop("d")`, v, err, "4")
	if _, err := c.Pop(ctx, "d"); !errors.Is(err, kv.ErrNotFound) {
		t.Errorf("Pop() of nothing = %v", err)
	}
	ok, err = c.Delete(ctx, "b")
	equal(t, `Delete("b")`, ok, err, true)
	ok, err = c.Delete(ctx, "b")
	equal(t, `Delete("b")`, ok, err, false)
	ok, err = c.Contains(ctx, "a")
	equal(t, `Contains("a")`, ok, err, true)
	n, err := c.Clear(ctx)
	equal(t, "Clear()", n, err, 1)
	f.wantKeys(c, "")
	volume, err = c.Volume(ctx)
	equal(t, "Volume()", volume, err, 0)
}

// What is stored holds for all; a handle that asks for something else is refused.
func TestCacheSettings(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	c := f.cache(stringOptions{})
	policy, err := c.Policy(ctx)
	equal(t, "Policy()", policy, err, kv.LeastRecentlyStored)
	limit, err := c.SizeLimit(ctx)
	equal(t, "SizeLimit()", limit, err, kv.DefaultSizeLimit)
	f.must(c.SetPolicy(ctx, kv.Random))
	f.must(c.SetSizeLimit(ctx, 5000))
	again := f.cache(stringOptions{Policy: kv.Random, SizeLimit: 5000})
	policy, err = again.Policy(ctx)
	equal(t, "Policy()", policy, err, kv.Random)
	for _, opts := range []stringOptions{{Policy: kv.None}, {SizeLimit: 5001}} {
		if _, err := kv.OpenCache(ctx, f.db, "c", opts); !errors.Is(err, kv.ErrConflict) {
			t.Errorf("OpenCache(%+v) = %v, want %v", opts, err, kv.ErrConflict)
		}
	}
	if _, err := kv.OpenCache(ctx, f.db, "c", kv.CacheOptions[int, string]{}); !errors.Is(err, kv.ErrKey) {
		t.Errorf("OpenCache() with other keys = %v, want %v", err, kv.ErrKey)
	}
	bad := stringOptions{SizeLimit: -1, Policy: 9, CullLimit: -2, TTL: -1}
	_, err = kv.OpenCache(ctx, f.db, "c", bad)
	for _, field := range []string{"SizeLimit", "Policy", "CullLimit", "TTL"} {
		if err == nil || !strings.Contains(err.Error(), "CacheOptions."+field) {
			t.Errorf("OpenCache(%+v) = %v, want a word about %s", bad, err, field)
		}
	}
	if c.SetPolicy(ctx, 0) == nil || c.SetSizeLimit(ctx, 0) == nil {
		t.Error("SetPolicy(0), SetSizeLimit(0) succeeded")
	}
}

// What is refused changes nothing, and leaves no file.
func TestCacheRefuses(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	c := f.cache(stringOptions{SizeLimit: 2000})
	f.set(c, "a", large("a"), kv.SetOptions{})
	if err := c.Set(ctx, "a", strings.Repeat("x", 2000), kv.SetOptions{}); !errors.Is(err, kv.ErrTooLarge) {
		t.Errorf("Set() above the limit = %v, want %v", err, kv.ErrTooLarge)
	}
	if err := c.SetReader(ctx, "a", strings.NewReader(strings.Repeat("x", 3000)), kv.SetOptions{}); !errors.Is(err, kv.ErrTooLarge) {
		t.Errorf("SetReader() above the limit = %v, want %v", err, kv.ErrTooLarge)
	}
	for _, opts := range []kv.SetOptions{{TTL: -1}, {Tag: "a\nb"}, {Tag: strings.Repeat("t", 256)}} {
		if err := c.Set(ctx, "a", large("x"), opts); err == nil {
			t.Errorf("Set(%+v) succeeded", opts)
		}
	}
	if err := c.Set(ctx, strings.Repeat("k", 2000), large("x"), kv.SetOptions{}); !errors.Is(err, kv.ErrKey) {
		t.Errorf("Set() of a long key = %v, want %v", err, kv.ErrKey)
	}
	if _, err := c.Touch(ctx, "a", -1); err == nil {
		t.Error("Touch(-1) succeeded")
	}
	other := storetest.Open(t, store.Options{})
	openCache(t, other, stringOptions{})
	err := other.Update(ctx, func(tx *store.Tx) error {
		setErr := c.SetTx(tx, "a", large("x"), kv.SetOptions{})
		_, getErr := c.GetTx(tx, "a")
		for _, err := range []error{setErr, getErr} {
			if err == nil || !strings.Contains(err.Error(), "another store.DB") {
				t.Errorf("in a transaction of another store: %v", err)
			}
		}
		return nil
	})
	f.must(err)
	f.want(c, "a", large("a"))
	f.wantFiles(1)
}

// Of any number that add, one does; of any number that pop, one gets it.
func TestCacheAddAndPopOnce(t *testing.T) {
	f := newFixture(t)
	c, ctx := f.cache(stringOptions{}), t.Context()
	var wg sync.WaitGroup
	var mu sync.Mutex
	added, popped := 0, 0
	for range 16 {
		wg.Go(func() {
			ok, err := c.Add(ctx, "k", large("v"), kv.SetOptions{})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			if ok {
				added++
			}
		})
	}
	wg.Wait()
	f.wantFiles(1)
	for range 16 {
		wg.Go(func() {
			v, err := c.Pop(ctx, "k")
			mu.Lock()
			defer mu.Unlock()
			if err == nil && v == large("v") {
				popped++
			}
		})
	}
	wg.Wait()
	if added != 1 || popped != 1 {
		t.Errorf("%d added and %d popped, want one each", added, popped)
	}
}

// A value whose file a stranger removed is an error, once and at once: DiskCache's peek
// looks for it for ever.
func TestCacheFileMissing(t *testing.T) {
	f := newFixture(t)
	c, ctx := f.cache(stringOptions{}), t.Context()
	f.set(c, "a", large("a"), kv.SetOptions{})
	for _, path := range blobFiles(t, f.db.Dir()) {
		f.must(os.Remove(path))
	}
	_, getErr := c.Get(ctx, "a")
	_, popErr := c.Pop(ctx, "a")
	_, openErr := c.Open(ctx, "a")
	errs := []error{getErr, popErr, openErr}
	for _, err := range c.Items(ctx) {
		errs = append(errs, err)
	}
	for _, err := range errs {
		if !errors.Is(err, store.ErrBlobMissing) {
			t.Errorf("reading a value without its file = %v, want %v", err, store.ErrBlobMissing)
		}
	}
	f.set(c, "a", "again", kv.SetOptions{})
	f.want(c, "a", "again")
}

// Items crosses from page to page without a gap, from the empty key on.
func TestCacheItemsPages(t *testing.T) {
	f := newFixture(t)
	c := f.cache(stringOptions{})
	keys := []string{""}
	for i := range 126 {
		keys = append(keys, fmt.Sprintf("a%03d", i))
	}
	keys = append(keys, "b", "b\x00", "c") // the second is on the next page
	for _, key := range keys {
		f.set(c, key, "v", kv.SetOptions{})
	}
	f.wantKeys(c, strings.Join(keys, " "))
}

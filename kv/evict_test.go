package kv_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
)

type storeTx = store.Tx

// unit is the value of an item that counts as 150 bytes, under a key of one letter.
var unit = strings.Repeat("v", 49)

// Each policy gives up what it says: of five items, of which some are read and one is
// set again, two have to go for a sixth and a seventh.
func TestPolicies(t *testing.T) {
	tests := []struct {
		policy kv.Policy
		want   string // empty if it cannot be known
	}{
		{kv.LeastRecentlyStored, "b d e f g"},
		{kv.LeastRecentlyUsed, "b d e f g"},
		{kv.LeastFrequentlyUsed, "a c d e g"},
		{kv.Random, ""},
		{kv.None, "a b c d e f g"},
	}
	for _, test := range tests {
		t.Run(test.policy.String(), func(t *testing.T) {
			f := newFixture(t)
			c := f.cache(stringOptions{SizeLimit: 5 * 150, Policy: test.policy})
			use := func(keys string) {
				for _, key := range strings.Fields(keys) {
					f.want(c, key, unit)
				}
				f.must(c.Flush(t.Context()))
			}
			put := func(keys string) {
				for _, key := range strings.Fields(keys) {
					f.set(c, key, unit, kv.SetOptions{})
				}
			}
			put("a b c d e")
			if test.policy == kv.LeastRecentlyStored {
				put("b")
				use("a c a c a")
			}
			if test.policy == kv.LeastFrequentlyUsed {
				use("a a a b b c c d d e e")
				use("a")
			}
			if test.policy == kv.LeastRecentlyUsed {
				use("c d")
				use("e a b d e")
			}
			put("f")
			put("g")
			if test.want != "" {
				f.wantKeys(c, test.want)
				return
			}
			n, err := c.Len(t.Context())
			equal(t, "Len()", n, err, 5)
			f.want(c, "g", unit) // what was just stored stays
		})
	}
}

// Random evicts new and old alike: to take the lowest of fixed ranks would keep the old
// for ever.
func TestPolicyRandomIsFair(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	const room = 50
	c := openCache(t, f.db, kv.CacheOptions[int, string]{SizeLimit: room * (8 + 42 + 100), Policy: kv.Random})
	for i := range 20 * room {
		f.must(c.Set(ctx, i, strings.Repeat("v", 42), kv.SetOptions{}))
	}
	first := 0
	for i, err := range c.Items(ctx) {
		f.must(err)
		if i.Key < 10*room {
			first++
		}
	}
	n, err := c.Len(ctx)
	equal(t, "Len()", n, err, room)
	if first > room/4 { // each of them has survived ten generations
		t.Errorf("%d of %d items are from the first half", first, n)
	}
}

// A changed policy ranks what is there by what is known of it.
func TestSetPolicy(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	c := f.cache(stringOptions{SizeLimit: 5 * 150, Policy: kv.LeastFrequentlyUsed})
	for _, key := range []string{"e", "d", "c", "b", "a"} {
		f.set(c, key, unit, kv.SetOptions{})
		f.clock.Step(1)
	}
	f.set(c, "e", unit, kv.SetOptions{})
	f.must(c.SetPolicy(ctx, kv.Random))
	f.must(c.SetPolicy(ctx, kv.LeastRecentlyStored))
	f.set(c, "f", unit, kv.SetOptions{})
	f.wantKeys(c, "a b c e f")
	f.must(c.SetPolicy(ctx, kv.LeastRecentlyUsed))
	f.want(c, "c", unit) // the handle knows that reads count from now on
	f.must(c.Flush(ctx))
	f.set(c, "g", unit, kv.SetOptions{})
	f.wantKeys(c, "a c e f g")
	f.must(c.SetPolicy(ctx, kv.LeastFrequentlyUsed))
	f.set(c, "h", unit, kv.SetOptions{})
	n, err := c.Len(ctx)
	equal(t, "Len()", n, err, 5)
}

// The limit is kept by every write, on the disk too: when one large value takes the place
// of many small ones, more than a few have to go.
func TestCacheSizeLimit(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	const limit = 100_000
	c := f.cache(stringOptions{SizeLimit: limit})
	check := func() {
		t.Helper()
		volume, err := c.Volume(ctx)
		f.must(err)
		size := int64(0)
		for _, path := range blobFiles(t, f.db.Dir()) {
			info, err := os.Stat(path)
			f.must(err)
			size += info.Size()
		}
		if volume > limit || size > limit {
			t.Fatalf("Volume() = %d and files of %d bytes, limit %d", volume, size, limit)
		}
	}
	for i := range 250 {
		f.set(c, fmt.Sprint("small", i), large("s")[:500], kv.SetOptions{})
		check()
	}
	f.set(c, "large", strings.Repeat("l", limit*3/4), kv.SetOptions{})
	check()
	f.want(c, "large", strings.Repeat("l", limit*3/4))
	f.must(c.SetSizeLimit(ctx, limit/10))
	volume, err := c.Volume(ctx)
	equal(t, "Volume() within the new limit", volume <= limit/10, err, true)
}

// In a transaction a few go; the rest go with the next write.
func TestCacheSizeLimitTx(t *testing.T) {
	f := newFixture(t)
	c, ctx := f.cache(stringOptions{SizeLimit: 30 * 150, CullLimit: 5}), t.Context()
	for i := range 26 {
		f.set(c, string(rune('a'+i)), unit, kv.SetOptions{})
	}
	big := strings.Repeat("v", 20*150)
	f.must(f.db.Update(ctx, func(tx *storeTx) error { return c.SetTx(tx, "A", big, kv.SetOptions{}) }))
	n, err := c.Len(ctx)
	equal(t, "Len()", n, err, 26+1-5)
	f.set(c, "B", unit, kv.SetOptions{})
	volume, err := c.Volume(ctx)
	equal(t, "Volume() within the limit", volume <= 30*150, err, true)
	f.want(c, "A", big)
}

func TestCacheEvict(t *testing.T) {
	f := newFixture(t)
	c, ctx := f.cache(stringOptions{}), t.Context()
	for i := range 250 {
		f.set(c, fmt.Sprint("x", i), "v", kv.SetOptions{Tag: "x"})
	}
	f.set(c, "prefix", large("v"), kv.SetOptions{Tag: "x-5"}) // a tag is not a prefix
	f.set(c, "none", "v", kv.SetOptions{})
	n, err := c.Evict(ctx, "x")
	equal(t, "Evict()", n, err, 250)
	f.wantKeys(c, "none prefix")
	n, err = c.Evict(ctx, "")
	equal(t, "Evict() of no tag", n, err, 0)
	n, err = c.Evict(ctx, "x-5")
	equal(t, "Evict()", n, err, 1)
	f.wantKeys(c, "none")
	f.wantFiles(0)
}

// A step that fails ends the work, and is not tried again: DiskCache's retry tries for
// ever, whatever the error.
func TestCacheEndsWithAnError(t *testing.T) {
	f := newFixture(t)
	c := f.cache(stringOptions{})
	f.set(c, "a", "v", kv.SetOptions{})
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(io.ErrUnexpectedEOF)
	if n, err := c.Clear(ctx); n != 0 || err != io.ErrUnexpectedEOF {
		t.Errorf("Clear() = %d, %v, want the cause", n, err)
	}
	if err := c.Set(ctx, "a", large("x"), kv.SetOptions{}); err != io.ErrUnexpectedEOF {
		t.Errorf("Set() = %v, want the cause", err)
	}
	f.wantFiles(0)
	f.want(c, "a", "v")
	dir := t.TempDir()
	db, err := store.Open(t.Context(), dir, store.Options{})
	f.must(err)
	gone := openCache(t, db, stringOptions{})
	f.must(db.Close())
	if err := gone.Set(t.Context(), "a", "v", kv.SetOptions{}); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Set() after Close() = %v, want %v", err, store.ErrClosed)
	}
}

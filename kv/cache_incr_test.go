package kv_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/dcq-go/dcq/kv"
)

func TestCacheIncr(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	c := openCache(t, f.db, kv.CacheOptions[string, int8]{TTL: time.Minute})
	n, err := kv.Incr(ctx, c, "n", 5, 100)
	equal(t, "Incr() of nothing", n, err, 105)
	f.must(c.Set(ctx, "t", 1, kv.SetOptions{Tag: "t", TTL: time.Hour}))
	n, err = kv.Decr(ctx, c, "t", 3, 0)
	equal(t, "Decr()", n, err, -2)
	i, err := c.GetItem(ctx, "t")
	equal(t, "tag and lifetime", i.Tag+i.Expires.Sub(i.Stored).String(), err, "t1h0m0s")
	f.clock.Step(time.Minute)
	n, err = kv.Incr(ctx, c, "n", 1, 0)
	equal(t, "Incr() of what is expired", n, err, 1)
}

// A sum that does not fit changes nothing.
func TestCacheIncrOverflow(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	c := openCache(t, f.db, kv.CacheOptions[string, int8]{})
	type call func(delta int8) (int8, error)
	incr := call(func(d int8) (int8, error) { return kv.Incr(ctx, c, "n", d, 0) })
	decr := call(func(d int8) (int8, error) { return kv.Decr(ctx, c, "n", d, 0) })
	tests := []struct {
		n    int8
		call call
		by   int8
		fits bool
	}{
		{127, incr, 0, true}, {127, incr, 1, false}, {100, incr, 27, true}, {100, incr, 28, false}, {127, incr, 127, false},
		{-128, incr, -1, false}, {-128, incr, 127, true}, {-100, incr, -28, true}, {-1, incr, -128, false}, {0, incr, -128, true},
		{-128, decr, 0, true}, {-128, decr, 1, false}, {-100, decr, 28, true}, {-100, decr, 29, false},
		{127, decr, -1, false}, {-1, decr, -128, true}, {0, decr, -128, false},
	}
	for i, test := range tests {
		f.must(c.Set(ctx, "n", test.n, kv.SetOptions{}))
		_, err := test.call(test.by)
		after, getErr := c.Get(ctx, "n")
		f.must(getErr)
		if test.fits != (err == nil) || !test.fits && (after != test.n || !errors.Is(err, kv.ErrNumber)) {
			t.Errorf("test %d: %d by %d = %d, %v, fits %v", i, test.n, test.by, after, err, test.fits)
		}
	}
	unsigned := openCache(t, f.db, kv.CacheOptions[string, uint64]{})
	if _, err := kv.Decr(ctx, unsigned, "u", 1, 0); !errors.Is(err, kv.ErrNumber) {
		t.Errorf("Decr() below 0 = %v, want %v", err, kv.ErrNumber)
	}
	n, err := kv.Incr(ctx, unsigned, "u", 1, math.MaxUint64-1)
	equal(t, "Incr() to the largest number", n, err, math.MaxUint64)
	if _, err := kv.Incr(ctx, unsigned, "u", 1, 0); !errors.Is(err, kv.ErrNumber) {
		t.Errorf("Incr() above the largest number = %v, want %v", err, kv.ErrNumber)
	}
	text := openCache(t, f.db, kv.CacheOptions[string, string]{})
	f.must(text.Set(ctx, "u", "no number", kv.SetOptions{}))
	if _, err := kv.Incr(ctx, unsigned, "u", 1, 0); !errors.Is(err, kv.ErrDecode) {
		t.Errorf("Incr() of a text = %v, want %v", err, kv.ErrDecode)
	}
}

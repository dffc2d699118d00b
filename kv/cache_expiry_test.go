package kv_test

import (
	"fmt"
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/dcq-go/dcq/kv"
)

func TestCacheExpires(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	c := f.cache(stringOptions{TTL: time.Minute, CullLimit: kv.NoCull})
	f.set(c, "default", "1", kv.SetOptions{})
	f.set(c, "own", "2", kv.SetOptions{TTL: time.Second})
	f.set(c, "for ever", "3", kv.SetOptions{TTL: kv.NoExpiry})
	f.set(c, "almost", "4", kv.SetOptions{TTL: math.MaxInt64 - 1})
	f.clock.Step(time.Second - 1)
	f.wantKeys(c, "almost default for ever own")
	f.clock.Step(1)
	f.wantKeys(c, "almost default for ever")
	f.want(c, "own", "")
	ok, err := c.Touch(ctx, "own", time.Hour)
	equal(t, "Touch() of what is expired", ok, err, false)
	ok, err = c.Delete(ctx, "own")
	equal(t, "Delete() of what is expired", ok, err, false)
	ok, err = c.Contains(ctx, "own")
	equal(t, "Contains() of what is expired", ok, err, false)
	ok, err = c.Add(ctx, "own", "again", kv.SetOptions{TTL: time.Second})
	equal(t, "Add() of what is expired", ok, err, true)

	ok, err = c.Touch(ctx, "default", time.Hour)
	equal(t, "Touch()", ok, err, true)
	f.clock.Step(time.Hour - 1)
	f.wantKeys(c, "almost default for ever")
	ok, err = c.Touch(ctx, "default", 0)
	equal(t, "Touch()", ok, err, true)
	f.clock.Step(time.Minute)
	f.wantKeys(c, "almost for ever")
	f.clock.Step(200 * 365 * 24 * time.Hour)
	f.wantKeys(c, "almost for ever")
}

// A write removes a few of what is expired, but not what it stores itself.
func TestCacheCullsWithWrites(t *testing.T) {
	f := newFixture(t)
	c, ctx := f.cache(stringOptions{CullLimit: 3}), t.Context()
	for i := range 10 {
		f.set(c, fmt.Sprint(i), large("v"), kv.SetOptions{TTL: time.Second})
	}
	f.clock.Step(time.Minute)
	f.wantKeys(c, "")
	f.wantFiles(10)
	for _, left := range []int{7, 4, 1, 0, 0} {
		f.set(c, "new", "v", kv.SetOptions{})
		f.must(c.Flush(ctx))
		f.wantFiles(left)
	}
	f.wantKeys(c, "new")
}

// All of what is expired goes, also of many that expire at the same time: DiskCache's
// expire skips those of one time beyond a hundred.
func TestCacheExpireTies(t *testing.T) {
	f := newFixture(t)
	c, ctx := f.cache(stringOptions{CullLimit: kv.NoCull}), t.Context()
	const n = 250
	err := f.db.Update(ctx, func(tx *storeTx) error {
		for i := range n {
			if err := c.SetTx(tx, fmt.Sprint(i), "v", kv.SetOptions{TTL: time.Second}); err != nil {
				return err
			}
		}
		return c.SetTx(tx, "later", "v", kv.SetOptions{TTL: time.Hour})
	})
	f.must(err)
	got, err := c.Expire(ctx)
	equal(t, "Expire() before the time", got, err, 0)
	f.clock.Step(time.Minute)
	got, err = c.Expire(ctx)
	equal(t, "Expire()", got, err, n)
	f.wantKeys(c, "later")
	volume, err := c.Volume(ctx)
	equal(t, "Volume()", volume, err, int64(len("later")+1+100))
}

// Lifetimes are of the wall clock: one that is set back shows again what was hidden and
// not yet removed, and no time has to pass for one that is set forward.
func TestCacheClockSteps(t *testing.T) {
	f := newFixture(t)
	c, ctx := f.cache(stringOptions{CullLimit: kv.NoCull}), t.Context()
	f.set(c, "a", "1", kv.SetOptions{TTL: time.Minute})
	f.clock.Step(time.Hour)
	f.want(c, "a", "")
	f.clock.Step(-time.Hour)
	f.want(c, "a", "1")
	f.clock.Step(-24 * time.Hour)
	f.want(c, "a", "1")
	f.set(c, "b", "2", kv.SetOptions{TTL: time.Minute})
	f.clock.Step(time.Minute)
	f.wantKeys(c, "a")
	n, err := c.Expire(ctx)
	equal(t, "Expire()", n, err, 0) // it does not remove what it would hide at this moment
	f.clock.Step(1)
	n, err = c.Expire(ctx)
	equal(t, "Expire()", n, err, 1)
}

// What is evicted does not depend on the wall clock.
func TestCacheEvictionIgnoresClockSteps(t *testing.T) {
	f := newFixture(t)
	c := f.cache(stringOptions{SizeLimit: 3 * 150})
	value := large("v")[:49]
	for i, key := range []string{"a", "b", "c", "d", "e"} {
		f.set(c, key, value, kv.SetOptions{})
		f.clock.Step(-time.Duration(i) * time.Hour)
	}
	f.wantKeys(c, "c d e")
}

// A cache that nobody writes to is swept, in small steps.
func TestCacheSweep(t *testing.T) {
	f := newFixture(t)
	c, ctx := f.cache(stringOptions{}), t.Context()
	const n = 250
	for i := range n {
		f.set(c, fmt.Sprint(i), "v", kv.SetOptions{TTL: time.Second})
	}
	f.set(c, "later", "v", kv.SetOptions{})
	left := int64(len("later") + 1 + 100)
	f.clock.Advance(time.Minute)
	begin := f.clock.Now()
	for {
		volume, err := c.Volume(ctx)
		f.must(err)
		if volume == left {
			break
		}
		if f.clock.Timers() > 0 { // else a step is under way
			f.clock.Advance(time.Second)
		}
		runtime.Gosched()
	}
	if took := f.clock.Now().Sub(begin); took > 30*time.Second {
		t.Errorf("the steps took %v, want one a second", took)
	}
	f.wantKeys(c, "later")
}

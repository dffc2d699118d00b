package kv_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// modelItem is an item of the model. Its expiry is zero if it has none.
type modelItem struct {
	value, tag string
	expires    time.Time
}

// cacheModel is what a cache without a size limit should be. Several DBs on one
// directory are handles of the same cache.
type cacheModel struct {
	*testing.T
	rand    *rand.Rand
	clock   *storetest.Clock
	handles []*stringCache
	items   map[string]modelItem
	reads   kv.CacheStats
}

const modelTTL = 20 * time.Second

func newCacheModel(t *testing.T, handles int) *cacheModel {
	m := &cacheModel{T: t, rand: seed.Rand(t), clock: storetest.NewClock(time.Unix(1000, 0)), items: map[string]modelItem{}}
	dir := t.TempDir()
	for i := range handles {
		db := storetest.OpenDir(t, dir, store.Options{BlobThreshold: threshold, Clock: m.clock})
		opts := stringOptions{Statistics: true, TTL: modelTTL, CullLimit: []int{0, 1, kv.NoCull}[i%3], Durable: i == 1}
		m.handles = append(m.handles, openCache(t, db, opts))
	}
	return m
}

func (m *cacheModel) now() time.Time { return m.clock.Now() }

func (m *cacheModel) live(key string) (modelItem, bool) {
	i, ok := m.items[key]
	return i, ok && (i.expires.IsZero() || i.expires.After(m.now()))
}

func (m *cacheModel) key() string { return fmt.Sprint("k", m.rand.IntN(12)) }

func (m *cacheModel) tag() string { return []string{"", "t", "u"}[m.rand.IntN(3)] }

// value is a value of which a third are files.
func (m *cacheModel) value() string {
	return strings.Repeat(string(rune('a'+m.rand.IntN(26))), 1+m.rand.IntN(threshold*3/2))
}

// options returns options, and when what is set with them expires.
func (m *cacheModel) options() (kv.SetOptions, time.Time) {
	ttl := []time.Duration{0, time.Second, time.Minute, kv.NoExpiry}[m.rand.IntN(4)]
	opts := kv.SetOptions{TTL: ttl, Tag: m.tag()}
	if ttl == kv.NoExpiry {
		return opts, time.Time{}
	}
	if ttl == 0 {
		ttl = modelTTL
	}
	return opts, m.now().Add(ttl)
}

// perform runs an operation by a call of its own, or as part of a transaction, which is
// sometimes rolled back. It reports whether it happened.
func (m *cacheModel) perform(c *stringCache, fn func(tx *storeTx) error) bool {
	m.Helper()
	failed := errors.New("failed")
	undo := m.rand.IntN(6) == 0
	err := c.DB().Update(m.Context(), func(tx *storeTx) error {
		if err := fn(tx); err != nil || !undo {
			return err
		}
		return failed
	})
	if err != nil && !errors.Is(err, failed) {
		m.Fatal(err)
	}
	return !undo
}

// step is one random operation by one of the handles.
func (m *cacheModel) step() {
	ctx := context.Background()
	c, key := m.handles[m.rand.IntN(len(m.handles))], m.key()
	old, live := m.live(key)
	switch m.rand.IntN(13) {
	case 0, 1:
		m.set(c, key)
	case 2:
		opts, expires := m.options()
		v := m.value()
		ok, err := c.Add(ctx, key, v, opts)
		equal(m, "Add()", ok, err, !live)
		if ok {
			m.items[key] = modelItem{v, opts.Tag, expires}
		}
	case 3, 4:
		m.get(c, key)
	case 5:
		v, err := c.Pop(ctx, key)
		m.wantValue("Pop()", v, err, old, live)
		if live {
			delete(m.items, key)
		}
	case 6:
		ok, err := c.Delete(ctx, key)
		equal(m, "Delete()", ok, err, live)
		if live {
			delete(m.items, key)
		}
	case 7:
		opts, expires := m.options()
		ok, err := c.Touch(ctx, key, opts.TTL)
		equal(m, "Touch()", ok, err, live)
		if live {
			old.expires = expires
			m.items[key] = old
		}
	case 8:
		m.evict(c, m.tag())
	case 9:
		m.clock.Step(time.Duration(m.rand.IntN(8)) * time.Second / 2)
	case 10:
		m.expire(c)
		if m.rand.IntN(2) == 0 {
			m.clock.Step(-time.Second)
		}
	case 11:
		m.check(c)
	case 12:
		m.several(c)
	}
}

// several does several things in one transaction, which sees what it did.
func (m *cacheModel) several(c *stringCache) {
	before := maps.Clone(m.items)
	happened := m.perform(c, func(tx *storeTx) error {
		for range 2 + m.rand.IntN(6) {
			if err := m.stepTx(c, tx); err != nil {
				return err
			}
			wantNumbers(m, c, tx)
		}
		return nil
	})
	if !happened {
		m.items = before
	}
}

func (m *cacheModel) stepTx(c *stringCache, tx *storeTx) error {
	key := m.key()
	_, live := m.live(key)
	switch m.rand.IntN(5) {
	case 0, 1:
		opts, expires := m.options()
		v := m.value()
		m.items[key] = modelItem{v, opts.Tag, expires}
		return c.SetTx(tx, key, v, opts)
	case 2:
		ok, err := c.DeleteTx(tx, key)
		equal(m, "DeleteTx()", ok, err, live)
		if live {
			delete(m.items, key)
		}
	case 3:
		tag := m.tag()
		maps.DeleteFunc(m.items, func(_ string, i modelItem) bool { return tag != "" && i.tag == tag })
		_, err := c.EvictTx(tx, tag)
		return err
	case 4:
		if err := c.SetTx(tx, key, "", kv.SetOptions{TTL: -1}); err == nil {
			m.Fatal("SetTx() with a negative lifetime succeeds")
		}
	}
	return nil
}

func (m *cacheModel) set(c *stringCache, key string) {
	opts, expires := m.options()
	v := m.value()
	var do func(tx *storeTx) error
	switch m.rand.IntN(3) {
	case 0:
		if err := c.Set(context.Background(), key, v, opts); err != nil {
			m.Fatal(err)
		}
	case 1:
		do = func(tx *storeTx) error { return c.SetTx(tx, key, v, opts) }
	case 2:
		do = func(tx *storeTx) error { return c.SetReaderTx(tx, key, strings.NewReader(v), opts) }
	}
	if do == nil || m.perform(c, do) {
		m.items[key] = modelItem{v, opts.Tag, expires}
	}
}

func (m *cacheModel) get(c *stringCache, key string) {
	want, live := m.live(key)
	item, err := c.GetItem(context.Background(), key)
	m.wantValue("GetItem()", item.Value, err, want, live)
	if live && (item.Tag != want.tag || !item.Expires.Equal(want.expires)) {
		m.Fatalf("GetItem(%q) = %q until %v, want %q until %v", key, item.Tag, item.Expires, want.tag, want.expires)
	}
	if live {
		m.reads.Hits++
	} else {
		m.reads.Misses++
	}
}

func (m *cacheModel) wantValue(call, got string, err error, want modelItem, live bool) {
	m.Helper()
	if live && (err != nil || got != want.value) || !live && !errors.Is(err, kv.ErrNotFound) {
		m.Fatalf("%s = %.10q, %v, want %.10q, %v", call, got, err, want.value, live)
	}
}

func (m *cacheModel) evict(c *stringCache, tag string) {
	happened := m.perform(c, func(tx *storeTx) error { _, err := c.EvictTx(tx, tag); return err })
	for key, i := range m.items {
		if tag != "" && i.tag == tag && happened {
			delete(m.items, key)
		}
	}
}

// expire removes what is expired, or a clock that is set back would show again what no
// write has removed.
func (m *cacheModel) expire(c *stringCache) {
	if _, err := c.Expire(context.Background()); err != nil {
		m.Fatal(err)
	}
	for key, i := range m.items {
		if !i.expires.IsZero() && i.expires.Before(m.now()) {
			delete(m.items, key)
		}
	}
}

// check compares the cache with the model.
func (m *cacheModel) check(c *stringCache) {
	m.Helper()
	n := 0
	for i, err := range c.Items(context.Background()) {
		want, live := m.live(i.Key)
		m.wantValue("item "+i.Key, i.Value, err, want, true)
		if !live {
			m.Fatalf("Items() yields %q, which should not be there", i.Key)
		}
		n++
	}
	for key := range m.items {
		if _, live := m.live(key); live {
			n--
		}
	}
	if n != 0 {
		m.Fatalf("Items() yields %d more than there are", n)
	}
}

// A cache does what its model does, also if several DBs use it in turns, while the clock
// goes forward and back and transactions fail.
func TestCacheModel(t *testing.T) {
	for _, handles := range []int{1, 3} {
		t.Run(fmt.Sprint(handles), func(t *testing.T) {
			m := newCacheModel(t, handles)
			for range 1500 {
				m.step()
			}
			var got kv.CacheStats
			for _, c := range m.handles {
				m.check(c)
				if err := c.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			got, err := m.handles[0].Stats(t.Context())
			equal(t, "Stats()", got, err, m.reads)
			live := 0
			for key := range m.items {
				if _, ok := m.live(key); ok {
					live++
				}
			}
			if n, err := m.handles[0].Clear(t.Context()); n < live || err != nil {
				t.Errorf("Clear() = %d, %v, want %d and what is expired and still there", n, err, live)
			}
			if files := blobFiles(t, m.handles[0].DB().Dir()); len(files) != 0 {
				t.Errorf("%d files are left of an empty cache", len(files))
			}
		})
	}
}

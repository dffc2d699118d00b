package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dcq-go/dcq/internal/diskcache"
	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

// Bounds of what is imported in one step.
const (
	importItems = 500
	importBytes = 4 << 20
)

// sink is what items are imported into.
type sink struct {
	keyed bool // items have keys, and come in the order of insertion; else in that of keys
	once  bool // to be added to in one commit: a second time would double it
	add   func(*store.Tx, []diskcache.Item) error
}

// load imports all items.
func (d *diskImport) load(ctx context.Context, db *store.DB, shards []*diskcache.Reader) error {
	s, err := d.sink(ctx, db, shards)
	if err != nil {
		return err
	}
	l := &loader{diskImport: d, sink: s, seen: make(map[string]struct{})}
	if s.once {
		return db.Update(ctx, func(tx *store.Tx) error {
			return l.all(ctx, shards, func(items []diskcache.Item) error { return s.add(tx, items) })
		})
	}
	return l.all(ctx, shards, func(items []diskcache.Item) error {
		return db.Batch(ctx, true, func(tx *store.Tx) error { return s.add(tx, items) })
	})
}

// loader goes through the items.
type loader struct {
	*diskImport
	sink
	seen  map[string]struct{} // keys
	items []diskcache.Item    // that are not added yet
	size  int
}

func (l *loader) all(ctx context.Context, shards []*diskcache.Reader, add func([]diskcache.Item) error) error {
	for _, r := range shards {
		for item, err := range r.Items(ctx, !l.keyed) {
			if err != nil {
				return err
			}
			if !l.wanted(item) {
				continue
			}
			l.items = append(l.items, item)
			l.size += len(item.Key) + len(item.Value)
			if len(l.items) < importItems && l.size < importBytes {
				continue
			}
			if err := l.flush(add); err != nil {
				return err
			}
		}
		if err := r.Changed(); err != nil {
			return fmt.Errorf("%w; run import again", err)
		}
	}
	return l.flush(add)
}

func (l *loader) flush(add func([]diskcache.Item) error) error {
	if len(l.items) == 0 {
		return nil
	}
	if err := add(l.items); err != nil {
		return err
	}
	l.imported.Items += len(l.items)
	clear(l.items) // a value may be of 1 GiB, and its place not used again soon
	l.items, l.size = l.items[:0], 0
	return nil
}

// wanted reports whether an item is to be added, and counts it if not.
func (l *loader) wanted(item diskcache.Item) bool {
	switch {
	case item.Problem != nil:
		l.skip(item, item.Problem.Reason.String(), item.Problem.Detail)
		return false
	case !item.Expires.IsZero() && !item.Expires.After(time.Now()):
		l.imported.Expired++
		return false
	case !l.keyed:
		return true
	case len(item.Key) > kv.MaxKey:
		l.skip(item, diskcache.TooLarge.String(), fmt.Sprintf("the key has more than %d bytes", kv.MaxKey))
		return false
	}
	if _, twice := l.seen[item.Key]; twice {
		l.skip(item, "of equal keys", "another key is the same as text")
		return false
	}
	l.seen[item.Key] = struct{}{}
	return true
}

// skip counts an item that is left out, and names it if that is wanted.
func (d *diskImport) skip(item diskcache.Item, reason, detail string) {
	if d.imported.Skipped == nil {
		d.imported.Skipped = make(map[string]int)
	}
	d.imported.Skipped[reason]++
	if d.verbose > 0 {
		d.note("row %d %s: %s: %s", item.Row, printable(shorten(item.Key, 60)), reason, printable(detail))
	}
}

// sink opens what to import into.
func (d *diskImport) sink(ctx context.Context, db *store.DB, shards []*diskcache.Reader) (sink, error) {
	name := d.imported.Name
	switch d.imported.Into {
	case "index":
		ix, err := openIndex(ctx, db, name)
		return sink{keyed: true, add: func(tx *store.Tx, items []diskcache.Item) error { return addToIndex(tx, ix, items) }}, err
	case "cache":
		c, err := openImportCache(ctx, db, name, shards)
		return sink{keyed: true, add: func(tx *store.Tx, items []diskcache.Item) error { return d.addToCache(tx, c, items) }}, err
	case "deque":
		q, err := queue.OpenDeque(ctx, db, name, queue.DequeOptions[[]byte]{})
		return sink{once: true, add: func(tx *store.Tx, items []diskcache.Item) error { return q.ExtendTx(tx, values(items)...) }}, err
	}
	q, err := queue.Open(ctx, db, name, queue.Options[[]byte]{})
	return sink{once: true, add: func(tx *store.Tx, items []diskcache.Item) error {
		_, err := q.PushManyTx(tx, values(items), queue.PushOptions{})
		return err
	}}, err
}

func values(items []diskcache.Item) [][]byte {
	list := make([][]byte, 0, len(items))
	for _, item := range items {
		list = append(list, item.Value)
	}
	return list
}

func addToIndex(tx *store.Tx, ix *index, items []diskcache.Item) error {
	return ix.PutManyTx(tx, func(yield func(string, []byte) bool) {
		for _, item := range items {
			if !yield(item.Key, item.Value) {
				return
			}
		}
	})
}

type importCache = kv.Cache[string, []byte]

// openImportCache makes a cache with the settings that the directory has, or takes one
// as it is.
func openImportCache(ctx context.Context, db *store.DB, name string, shards []*diskcache.Reader) (*importCache, error) {
	opts := kv.CacheOptions[string, []byte]{Durable: true}
	for _, p := range []kv.Policy{kv.LeastRecentlyStored, kv.LeastRecentlyUsed, kv.LeastFrequentlyUsed, kv.None} {
		if p.String() == shards[0].Policy {
			opts.Policy = p
		}
	}
	for _, r := range shards {
		if sum := opts.SizeLimit + r.SizeLimit; sum > opts.SizeLimit {
			opts.SizeLimit = sum
		}
	}
	c, err := kv.OpenCache(ctx, db, name, opts)
	if errors.Is(err, kv.ErrConflict) {
		c, err = kv.OpenCache(ctx, db, name, kv.CacheOptions[string, []byte]{Durable: true})
	}
	return c, err
}

// addToCache adds items with what is left of their lifetimes. One that is larger than
// the whole cache may be is left out.
func (d *diskImport) addToCache(tx *store.Tx, c *importCache, items []diskcache.Item) error {
	for _, item := range items {
		opts := kv.SetOptions{TTL: kv.NoExpiry}
		if !item.Expires.IsZero() {
			opts.TTL = max(item.Expires.Sub(tx.Now()), 1)
		}
		if store.NameFault(item.Tag) == "" {
			opts.Tag = item.Tag
		}
		err := c.SetTx(tx, item.Key, item.Value, opts)
		if errors.Is(err, kv.ErrTooLarge) {
			d.skip(item, diskcache.TooLarge.String(), "it is above the size limit of the cache")
			d.imported.Items--
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

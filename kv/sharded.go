package kv

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"path/filepath"

	"github.com/dcq-go/dcq/store"
)

const (
	// DefaultShards is how many stores a new Sharded has.
	DefaultShards = 8

	maxShards = 1000
)

// Sharded is a cache in several stores, each with a gate of its own, so that processes
// that write to different ones do not wait for each other. Make one with [OpenSharded].
// Which store has a key depends on the bytes of the key alone.
//
// It costs what a [Cache] gives: there is no transaction over two shards or with other
// things, and no order of the items. Each shard has its part of the size limit, so that
// one gives things up while another has room, and an item may be no larger than that
// part. Each has its files, connections and goroutines. The writes of one process gain
// little, since a single store already commits them together: measure before you shard
// (BenchmarkCacheShards).
type Sharded[K, V any] struct {
	shards []*Cache[K, V]
	keys   KeyCodec[K]
}

// OpenSharded opens the stores in the directories 000, 001 and so on of dir, and in each
// the cache of that name. 0 shards are as many as are stored, and DefaultShards if none
// are; at most 1,000. SizeLimit is that of all together. It returns ErrConflict if another
// number of shards is stored, errors as [store.Open] and [OpenCache], and leaves nothing
// open then. Close it when done.
func OpenSharded[K, V any](
	ctx context.Context, dir, name string, shards int, stores store.Options, opts CacheOptions[K, V],
) (*Sharded[K, V], error) {
	if shards < 0 || shards > maxShards {
		return nil, fmt.Errorf("kv: OpenSharded: %d shards, not between 0 and %d", shards, maxShards)
	}
	s := &Sharded[K, V]{}
	for i := 0; i == 0 || i < shards; i++ {
		db, err := store.Open(ctx, filepath.Join(dir, fmt.Sprintf("%03d", i)), stores)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		if shards == 0 {
			shards, err = storedShards(ctx, db, name)
		}
		var c *Cache[K, V]
		if err == nil {
			c, err = OpenCache(ctx, db, name, opts.ofShard(i, shards))
		}
		if err != nil {
			return nil, errors.Join(err, db.Close(), s.Close())
		}
		s.shards = append(s.shards, c)
	}
	s.keys = s.shards[0].keys
	return s, nil
}

// ofShard returns the options of one shard.
func (o CacheOptions[K, V]) ofShard(i, of int) CacheOptions[K, V] {
	o.shard, o.shards = i, of
	if o.SizeLimit > 0 {
		o.SizeLimit = max(o.SizeLimit/int64(of), 1)
	}
	return o
}

// storedShards returns of how many shards a store is one.
func storedShards(ctx context.Context, db *store.DB, name string) (n int, err error) {
	if err := db.Use(ctx, Package); err != nil {
		return 0, err
	}
	err = db.View(ctx, func(tx *store.Tx) error {
		r, err := cacheByName(tx, name)
		if errors.Is(err, ErrNotFound) {
			n = DefaultShards
			return nil
		}
		if err == nil {
			n = r.shards
		}
		return err
	})
	return n, err
}

// Close closes the stores.
func (s *Sharded[K, V]) Close() error {
	var errs []error
	for _, c := range s.shards {
		errs = append(errs, c.db.Close())
	}
	return errors.Join(errs...)
}

// Shards returns the shards, each of which is a cache of its own for Check, SetPolicy and
// the like.
func (s *Sharded[K, V]) Shards() []*Cache[K, V] { return append([]*Cache[K, V]{}, s.shards...) }

// Shard returns the shard that a key belongs to, for transactions and for [Incr].
// It returns ErrKey.
func (s *Sharded[K, V]) Shard(key K) (*Cache[K, V], error) {
	b, err := encodeKey(s.keys, key)
	if err != nil {
		return nil, err
	}
	h := fnv.New64a() // it must never change: stored items are where it says
	h.Write(b)
	return s.shards[h.Sum64()%uint64(len(s.shards))], nil
}

package kv

import (
	"context"
	"io"
	"iter"
	"time"
)

// Get is [Cache.Get].
func (s *Sharded[K, V]) Get(ctx context.Context, key K) (value V, err error) {
	c, err := s.Shard(key)
	if err != nil {
		return value, err
	}
	return c.Get(ctx, key)
}

// GetItem is [Cache.GetItem].
func (s *Sharded[K, V]) GetItem(ctx context.Context, key K) (CacheItem[K, V], error) {
	c, err := s.Shard(key)
	if err != nil {
		return CacheItem[K, V]{}, err
	}
	return c.GetItem(ctx, key)
}

// Open is [Cache.Open].
func (s *Sharded[K, V]) Open(ctx context.Context, key K) (io.ReadCloser, error) {
	c, err := s.Shard(key)
	if err != nil {
		return nil, err
	}
	return c.Open(ctx, key)
}

// Contains is [Cache.Contains].
func (s *Sharded[K, V]) Contains(ctx context.Context, key K) (bool, error) {
	c, err := s.Shard(key)
	if err != nil {
		return false, err
	}
	return c.Contains(ctx, key)
}

// Set is [Cache.Set]. An item may be as large as a shard.
func (s *Sharded[K, V]) Set(ctx context.Context, key K, value V, opts SetOptions) error {
	c, err := s.Shard(key)
	if err != nil {
		return err
	}
	return c.Set(ctx, key, value, opts)
}

// SetReader is [Cache.SetReader]. An item may be as large as a shard.
func (s *Sharded[K, V]) SetReader(ctx context.Context, key K, r io.Reader, opts SetOptions) error {
	c, err := s.Shard(key)
	if err != nil {
		return err
	}
	return c.SetReader(ctx, key, r, opts)
}

// Add is [Cache.Add].
func (s *Sharded[K, V]) Add(ctx context.Context, key K, value V, opts SetOptions) (bool, error) {
	c, err := s.Shard(key)
	if err != nil {
		return false, err
	}
	return c.Add(ctx, key, value, opts)
}

// Touch is [Cache.Touch].
func (s *Sharded[K, V]) Touch(ctx context.Context, key K, ttl time.Duration) (bool, error) {
	c, err := s.Shard(key)
	if err != nil {
		return false, err
	}
	return c.Touch(ctx, key, ttl)
}

// Delete is [Cache.Delete].
func (s *Sharded[K, V]) Delete(ctx context.Context, key K) (bool, error) {
	c, err := s.Shard(key)
	if err != nil {
		return false, err
	}
	return c.Delete(ctx, key)
}

// Pop is [Cache.Pop].
func (s *Sharded[K, V]) Pop(ctx context.Context, key K) (value V, err error) {
	c, err := s.Shard(key)
	if err != nil {
		return value, err
	}
	return c.Pop(ctx, key)
}

// Evict is [Cache.Evict], shard by shard; after an error some are done.
func (s *Sharded[K, V]) Evict(ctx context.Context, tag string) (int, error) {
	return total(s, func(c *Cache[K, V]) (int, error) { return c.Evict(ctx, tag) })
}

// Expire is [Cache.Expire], shard by shard; after an error some are done.
func (s *Sharded[K, V]) Expire(ctx context.Context) (int, error) {
	return total(s, func(c *Cache[K, V]) (int, error) { return c.Expire(ctx) })
}

// Cull is [Cache.Cull], shard by shard; after an error some are done.
func (s *Sharded[K, V]) Cull(ctx context.Context) (int, error) {
	return total(s, func(c *Cache[K, V]) (int, error) { return c.Cull(ctx) })
}

// Clear is [Cache.Clear], shard by shard; after an error some are done.
func (s *Sharded[K, V]) Clear(ctx context.Context) (int, error) {
	return total(s, func(c *Cache[K, V]) (int, error) { return c.Clear(ctx) })
}

// Len is [Cache.Len] of all shards, one after the other.
func (s *Sharded[K, V]) Len(ctx context.Context) (int, error) {
	return total(s, func(c *Cache[K, V]) (int, error) { return c.Len(ctx) })
}

// Volume is [Cache.Volume] of all shards, one after the other.
func (s *Sharded[K, V]) Volume(ctx context.Context) (int64, error) {
	return total(s, func(c *Cache[K, V]) (int64, error) { return c.Volume(ctx) })
}

// Stats is [Cache.Stats] of all shards, one after the other.
func (s *Sharded[K, V]) Stats(ctx context.Context) (sum CacheStats, err error) {
	for _, c := range s.shards {
		part, err := c.Stats(ctx)
		if err != nil {
			return sum, err
		}
		sum.Hits += part.Hits
		sum.Misses += part.Misses
	}
	return sum, nil
}

// total adds up what the shards return. It ends at the first error.
func total[K, V any, N int | int64](s *Sharded[K, V], of func(*Cache[K, V]) (N, error)) (sum N, err error) {
	for _, c := range s.shards {
		n, err := of(c)
		sum += n
		if err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// Items is [Cache.Items], shard by shard: there is no order of the keys.
func (s *Sharded[K, V]) Items(ctx context.Context) iter.Seq2[CacheItem[K, V], error] {
	return func(yield func(CacheItem[K, V], error) bool) {
		for _, c := range s.shards {
			for item, err := range c.Items(ctx) {
				if !yield(item, err) || err != nil {
					return
				}
			}
		}
	}
}

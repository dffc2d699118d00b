package kv

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/dcq-go/dcq/store"
)

// DefaultSizeLimit is the size limit of a cache that has no other, in bytes.
const DefaultSizeLimit = 1 << 30

// NoExpiry is the lifetime of what never expires.
const NoExpiry time.Duration = math.MaxInt64

// NoCull is the CullLimit that leaves writes to themselves.
const NoCull = -1

// defaultCullLimit is how many items a write removes at most for each reason.
const defaultCullLimit = 10

// Cache keeps values that can be had again: each until its lifetime is over, and all of
// them until they are too large together. Any number of processes use it at the same
// time. Make one with [OpenCache].
//
// # Lifetimes
//
// An item expires at a time of the wall clock: from that moment on nothing finds it.
// Its row goes a little later, a few with every write, the rest by a sweep that looks
// once a minute, and at once by [Cache.Expire]. A wall clock that is set forward ends
// lifetimes early, and one that is set back prolongs them, by as much as it was set:
// what is hidden may be there again. A time in which the host was asleep or off counts.
//
// # Size
//
// The volume of a cache is what its keys, values and tags have in bytes, and 100 for
// each item. When a write leaves more than the size limit, that write gives items up by
// the [Policy] until the volume is within it again; only the XTx methods leave what
// is more than a few items to the next write, the sweep or [Cache.Cull]. The database
// file does not shrink; it uses the space again.
//
// # Guarantees
//
// Every change is one transaction: it happens whole or not at all, also of a value that
// is kept as a file, whose file goes only when its row is gone for good. Each has a form
// that ends in Tx and makes it part of a larger one. Incr, Add and Pop are exact over
// all processes.
//
// A cache need not survive a power cut, so its writes do not wait for the disk: they
// survive the death of any process, and a power cut may lose the last of them, in
// order. Those of values with files do wait, as these did already, and those with
// CacheOptions.Durable. The file of a value that is gone goes when that is on the disk:
// after a second at most.
//
// A read writes nothing. What the policy and the statistics need to know of reads is
// counted in memory and written together, after at most a second and at the DB's Close,
// without waiting for the disk. Up to then others decide without it, and a process that
// is killed loses it. Of more than 4,096 different items read within that second, the
// reads of the others do not count for the policy.
//
// You cannot assume that what was set is there, nor that a policy is kept to the letter:
// it is about the items, not about the moment.
//
// # Cost
//
// Everything costs the same in a cache of any size but for Items, and for SetPolicy,
// which goes through the whole cache while all other processes wait. Evict, Expire, Cull
// and Clear take steps of 100 items, between which others can write. To fill a cache by
// many SetTx in one transaction takes a third of the time that as many Set take.
//
// # Differences from DiskCache
//
// The policy and the size limit are stored, and hold for all processes. Len does not
// count what is expired. Items come in the order of their keys. Negative lifetimes are
// refused. Incr gives a new number the lifetime of the cache's other items. A miss is
// the error ErrNotFound. Queues in a cache (push, pull and peek) are what package queue
// is for.
type Cache[K, V any] struct {
	db      *store.DB
	id      int64
	name    string
	keys    KeyCodec[K]
	values  store.Values[V]
	cull    int
	ttl     time.Duration
	durable bool
	tally   *tally
	counted bool // hits and misses
	recent  *recent[*storedItem]
}

// CacheOptions tune a cache. The zero value is a cache of 1 GiB.
type CacheOptions[K, V any] struct {
	// Key turns keys into bytes. Nil means the usual way for the type of K, of which
	// the form is stored.
	Key KeyCodec[K]

	// Codec turns values into bytes. Nil keeps []byte and string as they are, and
	// everything else as JSON: a type defined as []byte in base64, unless it has a
	// MarshalJSON or MarshalText. It is not stored.
	Codec store.Codec[V]

	// SizeLimit is how large the cache may become, in bytes. It is stored when the
	// cache is made; 0 means 1 GiB for a new cache, and whatever is stored for another.
	SizeLimit int64

	// Policy says what a cache that is too large gives up. It is stored when the cache
	// is made; 0 means LeastRecentlyStored for a new cache, and whatever is stored for
	// another.
	Policy Policy

	// CullLimit is how many expired items a write removes at most, and how many by the
	// policy in its own transaction. 0 means 10; NoCull leaves all of it to Expire and
	// Cull, and to a sweep by another process. It is not stored.
	CullLimit int

	// TTL is the lifetime of items that are stored without one of their own. 0 means
	// that they do not expire. It is not stored.
	TTL time.Duration

	// Statistics counts hits and misses for [Cache.Stats]. It is not stored.
	Statistics bool

	// Durable makes every write wait until it is on the disk. It is not stored.
	Durable bool

	shard, shards int // of a Sharded
}

func (o CacheOptions[K, V]) validate() error {
	var faults []error
	fault := func(field, format string, args ...any) {
		faults = append(faults, fmt.Errorf("kv: CacheOptions.%s: %s", field, fmt.Sprintf(format, args...)))
	}
	if o.SizeLimit < 0 {
		fault("SizeLimit", "%d is negative", o.SizeLimit)
	}
	if o.Policy != 0 && !o.Policy.valid() {
		fault("Policy", "unknown value %d", int(o.Policy))
	}
	if o.CullLimit < NoCull {
		fault("CullLimit", "%d is less than NoCull", o.CullLimit)
	}
	if o.TTL < 0 {
		fault("TTL", "%v is negative", o.TTL)
	}
	return errors.Join(faults...)
}

func (o CacheOptions[K, V]) withDefaults() CacheOptions[K, V] {
	if o.CullLimit == 0 {
		o.CullLimit = defaultCullLimit
	}
	if o.TTL == 0 {
		o.TTL = NoExpiry
	}
	if o.shards == 0 {
		o.shards = 1
	}
	return o
}

// OpenCache returns the cache of that name, making it if there is none. It returns
// ErrName, the faults of opts, ErrKey if K cannot be a key or the cache has keys of
// another form, ErrConflict if it has another policy or size limit than opts asks for or
// is part of a [Sharded], or an error of the store.
func OpenCache[K, V any](ctx context.Context, db *store.DB, name string, opts CacheOptions[K, V]) (*Cache[K, V], error) {
	if err := errors.Join(checkName(name), opts.validate()); err != nil {
		return nil, fmt.Errorf("open cache %q: %w", name, err)
	}
	opts = opts.withDefaults()
	keys, form, err := newKeys(opts.Key)
	if err != nil {
		return nil, fmt.Errorf("open cache %q: %w", name, err)
	}
	if err := db.Use(ctx, Package); err != nil {
		return nil, fmt.Errorf("open cache %q: %w", name, err)
	}
	want := cacheRow{
		name: name, keyForm: form, policy: opts.Policy, sizeLimit: opts.SizeLimit, shard: opts.shard, shards: opts.shards,
	}
	r, err := openCacheRow(ctx, db, want)
	if err != nil {
		return nil, fmt.Errorf("open cache %q: %w", name, err)
	}
	return &Cache[K, V]{
		db: db, id: r.id, name: name, keys: keys, values: store.NewValues(db, opts.Codec),
		cull: opts.CullLimit, ttl: opts.TTL, durable: opts.Durable,
		tally: tallyOf(db, r, opts.CullLimit > 0), counted: opts.Statistics,
		recent: recentOf[*storedItem](db, Package.Name+"/cache/recent"),
	}, nil
}

// Name returns the cache's name.
func (c *Cache[K, V]) Name() string { return c.name }

// DB returns the store of the cache.
func (c *Cache[K, V]) DB() *store.DB { return c.db }

// row returns the cache's row.
func (c *Cache[K, V]) row(tx *store.Tx) (*cacheRow, error) {
	if err := c.checkTx(tx); err != nil {
		return nil, err
	}
	r, err := cacheByID(tx, c.id)
	if err == nil {
		c.tally.policy.Store(int64(r.policy))
	}
	return r, err
}

// checkTx refuses a transaction of another store, in which the cache's id may be that
// of something else.
func (c *Cache[K, V]) checkTx(tx *store.Tx) error {
	if tx.DB() != c.db {
		return fmt.Errorf("kv: cache %q was opened on another store.DB than that of the transaction", c.name)
	}
	return nil
}

// change runs fn on the cache's row and writes the row back. An error of fn must leave
// the tables as they were: the caller of an XTx method may go on after it.
func (c *Cache[K, V]) change(tx *store.Tx, fn func(*cacheRow) error) error {
	r, err := c.row(tx)
	if err != nil {
		return err
	}
	if err := fn(r); err != nil {
		return err
	}
	return c.save(tx, r)
}

// save writes the row of the cache back.
func (c *Cache[K, V]) save(tx *store.Tx, r *cacheRow) error {
	if r.files {
		tx.AfterCommit(c.tally.dropped)
	}
	return r.save(tx)
}

// batch runs fn in a transaction that it may share.
func (c *Cache[K, V]) batch(ctx context.Context, fn func(*store.Tx) error) error {
	return c.db.Batch(ctx, c.durable, fn)
}

// Policy returns the policy of the cache. It returns an error of the store.
func (c *Cache[K, V]) Policy(ctx context.Context) (Policy, error) {
	r, err := c.settings(ctx)
	return r.policy, err
}

// SizeLimit returns the size limit of the cache, in bytes. It returns an error of the
// store.
func (c *Cache[K, V]) SizeLimit(ctx context.Context) (int64, error) {
	r, err := c.settings(ctx)
	return r.sizeLimit, err
}

func (c *Cache[K, V]) settings(ctx context.Context) (settings cacheRow, err error) {
	err = c.db.View(ctx, func(tx *store.Tx) error {
		r, err := c.row(tx)
		if err == nil {
			settings = *r
		}
		return err
	})
	return settings, err
}

// SetPolicy changes the policy for all processes, durably. The items are ranked anew, by
// the time at which they were stored if nothing better is known, so that it takes time
// with the number of items, while other processes wait. Those who only read notice
// within a minute. It returns an error of the store; then the policy is what it was.
func (c *Cache[K, V]) SetPolicy(ctx context.Context, p Policy) error {
	if !p.valid() {
		return fmt.Errorf("kv: SetPolicy: unknown policy %d", int(p))
	}
	return c.db.Update(ctx, func(tx *store.Tx) error {
		return c.change(tx, func(r *cacheRow) error {
			if p == r.policy {
				return nil
			}
			if err := r.rerank(tx, p); err != nil {
				return err
			}
			r.policy = p
			tx.AfterCommit(func() { c.tally.policy.Store(int64(p)) })
			return nil
		})
	})
}

// SetSizeLimit changes the size limit, in bytes, for all processes, durably, and then
// gives up what is too much. It returns an error of the store; the limit may be changed
// then, and what is too much go with the next writes.
func (c *Cache[K, V]) SetSizeLimit(ctx context.Context, limit int64) error {
	if limit <= 0 {
		return fmt.Errorf("kv: SetSizeLimit: %d bytes is not positive", limit)
	}
	err := c.db.Batch(ctx, true, func(tx *store.Tx) error {
		return c.change(tx, func(r *cacheRow) error {
			r.sizeLimit = limit
			return nil
		})
	})
	if err != nil {
		return err
	}
	_, err = c.Cull(ctx)
	return err
}

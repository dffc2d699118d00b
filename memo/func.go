package memo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
	dsync "github.com/dcq-go/dcq/sync"
)

// Func is a function whose results are remembered.
type Func[K, V any] struct {
	db         *store.DB
	name       string
	fn         func(context.Context, K) (V, error)
	opts       Options[K, V]
	cache      *kv.Cache[[]byte, entry]
	values     store.Values[V]
	background *background
	random     func() float64 // in [0, 1)

	mu         sync.Mutex // protects the fields below
	flights    map[string]*flight[V]
	refreshing map[string]struct{}
}

// maxName leaves room for the names of the locks.
const maxName = 180

// Open returns fn with a memory under a name, which all processes share that open it
// under that name. What fn returns must depend on its argument only, and on what
// Options.Version says. The context of fn ends when no caller is left who waits for it,
// or with the cause ErrLost of package store if the process lost the right to compute.
// It returns ErrName, the faults of opts, or an error of package kv or of the store.
func Open[K, V any](ctx context.Context, db *store.DB, name string, fn func(context.Context, K) (V, error), opts Options[K, V]) (*Func[K, V], error) {
	f := &Func[K, V]{
		db: db, name: name, fn: fn, opts: opts.withDefaults(), values: store.NewValues(db, opts.Codec), background: backgroundOf(db),
		random: rand.Float64, flights: make(map[string]*flight[V]), refreshing: make(map[string]struct{}),
	}
	if err := f.open(ctx, opts); err != nil {
		return nil, fmt.Errorf("open memo %q: %w", name, err)
	}
	return f, nil
}

func (f *Func[K, V]) open(ctx context.Context, opts Options[K, V]) (err error) {
	if fault := store.NameFault(f.name); fault != "" {
		return fmt.Errorf("%w: it %s", ErrName, fault)
	}
	if len(f.name) > maxName {
		return fmt.Errorf("%w: it has %d bytes, at most %d are allowed", ErrName, len(f.name), maxName)
	}
	if err := opts.validate(); err != nil {
		return err
	}
	if _, err := f.lock(ctx, nil); err != nil {
		return err
	}
	if err := f.db.Use(ctx, Package); err != nil {
		return err
	}
	f.cache, err = kv.OpenCache(ctx, f.db, "memo:"+f.name, kv.CacheOptions[[]byte, entry]{
		Codec: entryCodec{}, SizeLimit: opts.SizeLimit, Policy: opts.Policy,
	})
	return err
}

// String names the function.
func (f *Func[K, V]) String() string { return fmt.Sprintf("memo %q", f.name) }

// DB returns the store of the function.
func (f *Func[K, V]) DB() *store.DB { return f.db }

// Get returns the result for an argument: what is remembered, or else what the function
// returns now, here or in another process. It returns the context's cause if ctx ends
// first, ErrKey or ErrTag if the argument has no key or no tag, ErrDeadlock, an error of
// the function, or one of the store.
func (f *Func[K, V]) Get(ctx context.Context, arg K) (value V, err error) {
	q, err := f.question(arg)
	if err != nil {
		return value, err
	}
	m, err := f.look(ctx, q)
	if err != nil {
		return value, err
	}
	if m.remembered() {
		return f.serve(ctx, q, m)
	}
	return f.wait(ctx, q, m)
}

// serve returns what is remembered, and sees to it that it is computed again when it is
// time.
func (f *Func[K, V]) serve(ctx context.Context, q question[K], m *memory[V]) (V, error) {
	if m.due(f.db.Clock().Now(), m.expires, f.opts.Beta, 1-f.random()) {
		f.refresh(ctx, q, m)
	}
	return m.value, m.err
}

// Force calls the function, after the calls for the same argument that are under way,
// and remembers what it returns, whatever is remembered. Other callers are served
// meanwhile what there is. Errors are as for Get; after one that is not remembered, what
// was remembered is remembered.
func (f *Func[K, V]) Force(ctx context.Context, arg K) (value V, err error) {
	q, err := f.question(arg)
	if err != nil {
		return value, err
	}
	for {
		g, err := f.acquire(ctx, q, true)
		if err != nil {
			return value, err
		}
		m, err := f.look(ctx, q)
		if err != nil {
			release(ctx, g)
			return value, err
		}
		if o := f.compute(ctx, g, q, m); !o.again() {
			return o.value, o.err
		}
	}
}

// Info is what is known of a result.
type Info struct {
	Created  time.Time     // when the function returned it
	Took     time.Duration // how long the call took
	Fresh    bool          // its TTL is not over
	Expires  time.Time     // when it is not served any longer
	Failures int           // how many calls have failed since
}

// Peek returns what is remembered without computing anything: a result, or an error of
// Options.Negative, as a [RememberedError]. It returns ErrNotFound if there is nothing,
// ErrKey or ErrTag, or an error of the store.
func (f *Func[K, V]) Peek(ctx context.Context, arg K) (value V, info Info, err error) {
	q, err := f.question(arg)
	if err != nil {
		return value, info, err
	}
	m, err := f.look(ctx, q)
	if err != nil {
		return value, info, err
	}
	if !m.remembered() {
		return value, info, fmt.Errorf("%w: %s", ErrNotFound, f)
	}
	return m.value, Info{m.created, m.took, f.db.Clock().Now().Before(m.fresh), m.expires, m.failures}, m.err
}

// question is an argument and what is derived from it.
type question[K any] struct {
	arg K
	key []byte
	tag string
}

func (f *Func[K, V]) question(arg K) (q question[K], err error) {
	b, err := f.opts.Key(arg)
	if err != nil {
		return q, err
	}
	w := keyWriter{to: make([]byte, 0, usualKey+len(b))}
	w.text(partText, f.opts.Version)
	q = question[K]{arg: arg, key: compact(append(w.to, b...)), tag: f.opts.Tag(arg)}
	if q.tag == "" {
		return q, nil
	}
	if fault := store.NameFault(q.tag); fault != "" {
		return q, fmt.Errorf("%w: it %s", ErrTag, fault)
	}
	return q, nil
}

// lock is held by who computes the result of a key, and shared by those who wait for it.
func (f *Func[K, V]) lock(ctx context.Context, key []byte) (*dsync.RWLock, error) {
	sum := sha256.Sum256(key)
	return dsync.OpenRWLock(ctx, f.db, "memo/"+f.name+"/"+hex.EncodeToString(sum[:16]), dsync.Options{Lease: f.opts.Lease})
}

// memory is what is remembered.
type memory[V any] struct {
	entry
	expires time.Time
	value   V
	err     error // instead of a value
}

// remembered reports whether it is for everybody, and not only for those who waited.
func (m *memory[V]) remembered() bool { return m != nil && m.kind != isShared }

// is returns the token of the call it is of, 0 for nothing.
func (m *memory[V]) is() int64 {
	if m == nil {
		return 0
	}
	return m.token
}

// look returns what is remembered, or nil. What cannot be read any longer is computed
// again: another version wrote it, or a stranger removed its file.
func (f *Func[K, V]) look(ctx context.Context, q question[K]) (*memory[V], error) {
	item, err := f.cache.GetItem(ctx, q.key)
	if err == nil {
		m := &memory[V]{entry: item.Value, expires: item.Expires}
		if m.kind != isResult {
			m.err = f.rememberedError(m.entry)
			return m, nil
		}
		if m.value, err = f.values.Load(store.Value{Inline: m.data}); err == nil {
			return m, nil
		}
	}
	for _, nothing := range []error{kv.ErrNotFound, store.ErrDecode, store.ErrBlobMissing} {
		if errors.Is(err, nothing) {
			return nil, nil
		}
	}
	return nil, err
}

func (f *Func[K, V]) rememberedError(e entry) error {
	remembered := &RememberedError{Text: string(e.data)}
	for _, is := range f.opts.Negative {
		if e.kind == isNegative && is.Error() == e.sentinel {
			remembered.is = is
		}
	}
	return remembered
}

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
	db     *store.DB
	name   string
	fn     func(context.Context, K) (V, error)
	opts   Options[K, V]
	cache  *kv.Cache[[]byte, entry]
	values store.Values[V]
	slots  chan struct{} // of recomputations in the background

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
		db: db, name: name, fn: fn, values: store.NewValues(db, opts.Codec),
		flights: make(map[string]*flight[V]), refreshing: make(map[string]struct{}),
	}
	if err := f.open(ctx, opts); err != nil {
		return nil, fmt.Errorf("open memo %q: %w", name, err)
	}
	return f, nil
}

func (f *Func[K, V]) open(ctx context.Context, opts Options[K, V]) (err error) {
	if fault := store.NameFault(f.name); fault != "" || len(f.name) > maxName {
		return fmt.Errorf("%w: %s", ErrName, orText(fault, fmt.Sprintf("it has more than %d bytes", maxName)))
	}
	if err := opts.validate(); err != nil {
		return err
	}
	f.opts = opts.withDefaults()
	f.slots = make(chan struct{}, f.opts.Refreshers)
	for _, p := range []*store.Package{Package, dsync.Package} {
		if err := f.db.Use(ctx, p); err != nil {
			return err
		}
	}
	f.cache, err = kv.OpenCache(ctx, f.db, "memo:"+f.name, kv.CacheOptions[[]byte, entry]{
		Codec: entryCodec{}, SizeLimit: opts.SizeLimit, Policy: opts.Policy,
	})
	return err
}

func orText(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// Get returns the result for an argument: what is remembered, or else what the function
// returns now, here or in another process. It returns the context's cause if ctx ends
// first, ErrKey if the argument cannot be a key, an error of the function, or one of
// the store.
func (f *Func[K, V]) Get(ctx context.Context, arg K) (value V, err error) {
	key, err := f.key(arg)
	if err != nil {
		return value, err
	}
	e, err := f.look(ctx, key)
	if err != nil {
		return value, err
	}
	if e == nil || e.kind == isShared {
		return f.wait(ctx, key, arg)
	}
	return f.serve(ctx, key, arg, e)
}

// serve returns what is remembered, and sees to it that it is computed again when it is
// time.
func (f *Func[K, V]) serve(ctx context.Context, key []byte, arg K, e *entry) (V, error) {
	now := f.db.Clock().Now()
	if e.early(now, f.opts.Beta, 1-rand.Float64()) && !now.Before(e.retry) {
		f.refresh(ctx, key, arg, e)
	}
	return f.result(e)
}

// Force computes the result anew and remembers it, whatever is remembered. Other
// callers are served meanwhile what there is. Errors are as for Get; after one, what
// was remembered is remembered.
func (f *Func[K, V]) Force(ctx context.Context, arg K) (value V, err error) {
	key, err := f.key(arg)
	if err != nil {
		return value, err
	}
	for try := 0; ; try++ {
		g, err := f.acquire(ctx, key, true)
		if err != nil {
			return value, err
		}
		old, err := f.look(ctx, key)
		if err != nil {
			return value, errors.Join(err, release(ctx, g))
		}
		value, err = f.compute(ctx, g, key, arg, old)
		if !errors.Is(err, errVoid) || try >= maxVoid {
			return value, notVoid(err)
		}
	}
}

// Info is what is known of a result.
type Info struct {
	Created  time.Time     // when the function returned it
	Took     time.Duration // how long the call took
	Fresh    bool          // it needs not be computed again
	Expires  time.Time     // when it is not served any longer
	Failures int           // how often computing it again has failed
}

// Peek returns what is remembered without computing anything: a result, or an error of
// Options.Negative. It returns ErrNotFound if there is nothing, ErrKey, or an error of
// the store.
func (f *Func[K, V]) Peek(ctx context.Context, arg K) (value V, info Info, err error) {
	key, err := f.key(arg)
	if err != nil {
		return value, info, err
	}
	item, err := f.cache.GetItem(ctx, key)
	if err == nil && item.Value.kind == isShared {
		err = fmt.Errorf("%w: %s", ErrNotFound, f)
	}
	if err != nil {
		return value, info, err
	}
	e := &item.Value
	info = Info{e.created, e.took, f.db.Clock().Now().Before(e.fresh), item.Expires, e.failures}
	value, err = f.result(e)
	return value, info, err
}

// String names the function.
func (f *Func[K, V]) String() string { return fmt.Sprintf("memo %q", f.name) }

// Invalidate forgets the result for an argument. What is being computed for it is not
// remembered, nor told to anybody who asks after this call. It returns ErrKey or an
// error of the store; nothing is forgotten then.
func (f *Func[K, V]) Invalidate(ctx context.Context, arg K) error {
	err := f.db.Batch(ctx, false, func(tx *store.Tx) error { return f.InvalidateTx(tx, arg) })
	return err
}

// InvalidateTx is [Func.Invalidate] as part of a transaction, such as the one that
// changes what the result depends on.
func (f *Func[K, V]) InvalidateTx(tx *store.Tx, arg K) error {
	key, err := f.key(arg)
	if err != nil {
		return err
	}
	if _, err := f.cache.DeleteTx(tx, key); err != nil {
		return err
	}
	l, err := f.lock(tx.Context(), key)
	if err != nil {
		return err
	}
	tx.AfterCommit(func() { f.detach(key) })
	return l.RevokeTx(tx)
}

// InvalidateTag forgets the results of a tag, and returns how many there were. What is
// being computed, of any tag, is not remembered. It returns an error of the store; some
// may be forgotten then.
func (f *Func[K, V]) InvalidateTag(ctx context.Context, tag string) (int, error) {
	return f.forget(ctx, func() (int, error) { return f.cache.Evict(ctx, tag) })
}

// InvalidateAll forgets all results, as InvalidateTag does.
func (f *Func[K, V]) InvalidateAll(ctx context.Context) (int, error) {
	return f.forget(ctx, func() (int, error) { return f.cache.Clear(ctx) })
}

func (f *Func[K, V]) forget(ctx context.Context, remove func() (int, error)) (int, error) {
	err := f.db.Batch(ctx, false, func(tx *store.Tx) error { return nextGeneration(tx, f.name) })
	if err != nil {
		return 0, err
	}
	f.detachAll()
	return remove()
}

// key returns the key of an argument.
func (f *Func[K, V]) key(arg K) ([]byte, error) {
	b, err := f.opts.Key(arg)
	if err != nil {
		return nil, err
	}
	b = append([]byte(f.opts.Version+"\x00"), b...)
	if len(b) > kv.MaxKey {
		sum := sha256.Sum256(b)
		b = append([]byte(f.opts.Version[:min(len(f.opts.Version), 64)]+"\x00#"), sum[:]...)
	}
	return b, nil
}

// lock is held by who computes the result of a key, and shared by those who wait for it.
func (f *Func[K, V]) lock(ctx context.Context, key []byte) (*dsync.RWLock, error) {
	sum := sha256.Sum256(key)
	return dsync.OpenRWLock(ctx, f.db, "memo/"+f.name+"/"+hex.EncodeToString(sum[:16]), dsync.Options{Lease: f.opts.Lease})
}

// look returns what is remembered of a key, or nil.
func (f *Func[K, V]) look(ctx context.Context, key []byte) (*entry, error) {
	e, err := f.cache.Get(ctx, key)
	if errors.Is(err, kv.ErrNotFound) || errors.Is(err, store.ErrDecode) {
		return nil, nil // what another version wrote is computed again
	}
	if err != nil {
		return nil, err
	}
	return &e, nil
}

// result returns what an entry is of.
func (f *Func[K, V]) result(e *entry) (value V, err error) {
	if e.kind == isResult {
		return f.values.Load(store.Value{Inline: e.data})
	}
	remembered := &RememberedError{Text: string(e.data)}
	for _, is := range f.opts.Negative {
		if is.Error() == e.sentinel {
			remembered.is = is
		}
	}
	return value, remembered
}

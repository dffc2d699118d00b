package memo

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
	dsync "github.com/dcq-go/dcq/sync"
)

// maxVoid bounds how often a result is computed again because it was invalidated while
// it was computed.
const maxVoid = 3

// obtain returns the result that nobody remembers: it computes it, or waits for the
// process that does. One that waits shares the lock with the others who wait, so that
// all go on at once when there is a result. If there is none then, they compute in turn.
func (f *Func[K, V]) obtain(ctx context.Context, key []byte, arg K) (value V, err error) {
	began := f.db.Clock().Now()
	for try := 0; ; try++ {
		g, err := f.acquire(ctx, key, try > 0)
		if errors.Is(err, dsync.ErrNotAcquired) {
			err = f.waitForOther(ctx, key)
		}
		if err != nil {
			return value, err
		}
		e, err := f.look(ctx, key)
		if err != nil {
			return value, errors.Join(err, release(ctx, g))
		}
		if e != nil && (e.kind != isShared || !e.created.Before(began)) {
			value, err = f.result(e)
			return value, errors.Join(err, release(ctx, g))
		}
		if g == nil {
			continue
		}
		value, err = f.compute(ctx, g, key, arg, nil)
		if !errors.Is(err, errVoid) || try >= maxVoid {
			return value, notVoid(err)
		}
	}
}

// errVoid is the outcome of a call whose result is not remembered, since the key was
// invalidated while it ran, or another process was allowed to compute.
var errVoid = errors.New("memo: the result is void")

// notVoid returns what the call itself returned.
func notVoid(err error) error {
	if v, ok := err.(voidError); ok {
		return v.err
	}
	return err
}

// voidError is errVoid with what the call returned.
type voidError struct{ err error }

func (voidError) Error() string        { return errVoid.Error() }
func (voidError) Is(target error) bool { return target == errVoid }

// acquire acquires the right to compute: when it is free, or when its turn has come.
func (f *Func[K, V]) acquire(ctx context.Context, key []byte, turn bool) (*dsync.Grant, error) {
	l, err := f.lock(ctx, key)
	if err != nil {
		return nil, err
	}
	if turn {
		return l.AcquireWrite(ctx)
	}
	return l.TryAcquireWrite(ctx)
}

// waitForOther waits until nobody computes.
func (f *Func[K, V]) waitForOther(ctx context.Context, key []byte) error {
	l, err := f.lock(ctx, key)
	if err != nil {
		return err
	}
	g, err := l.AcquireRead(ctx)
	if err != nil {
		return err
	}
	return release(ctx, g)
}

// release gives back what may be nil, or lost.
func release(ctx context.Context, g *dsync.Grant) error {
	if g == nil {
		return nil
	}
	if err := g.Release(ctx); err != nil && !errors.Is(err, store.ErrLost) {
		return err
	}
	return nil
}

// compute calls the function under the grant, remembers what it returns, and releases
// the grant. old is what is served meanwhile, if anything. It returns errVoid if the
// result could not be remembered.
func (f *Func[K, V]) compute(ctx context.Context, g *dsync.Grant, key []byte, arg K, old *entry) (value V, err error) {
	since, err := f.since(ctx)
	if err != nil {
		return value, errors.Join(err, release(ctx, g))
	}
	value, e, err := f.measure(ctx, g, arg)
	if ctx.Err() != nil { // nobody wants it any longer
		return value, errors.Join(context.Cause(ctx), release(ctx, g))
	}
	switch kept := f.keep(ctx, g, since, key, arg, e, old); {
	case errors.Is(kept, store.ErrLost):
		_ = release(ctx, g) // it may stand, if everything was invalidated
		return value, voidError{err}
	case kept != nil:
		return value, errors.Join(err, kept, release(ctx, g))
	}
	return value, err
}

// since returns the generation under which a call begins.
func (f *Func[K, V]) since(ctx context.Context) (n int64, err error) {
	err = f.db.View(ctx, func(tx *store.Tx) error {
		n, err = generation(tx, f.name)
		return err
	})
	return n, err
}

// measure calls the function and makes an entry of the outcome.
func (f *Func[K, V]) measure(ctx context.Context, g *dsync.Grant, arg K) (V, entry, error) {
	both, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(g.Context(), func() { cancel(context.Cause(g.Context())) })()
	clock := f.db.Clock()
	begin := clock.Monotonic()
	value, err := f.call(both, arg)
	now := clock.Now()
	e := entry{created: now, retry: now, took: clock.Monotonic() - begin}
	if err != nil {
		f.blame(&e, err)
		return value, e, err
	}
	if e.data, err = f.values.Encode(value); err != nil {
		f.blame(&e, err)
		return value, e, err
	}
	e.fresh = now.Add(f.jitter(f.opts.TTL))
	return value, e, nil
}

// blame makes an entry that of an error.
func (f *Func[K, V]) blame(e *entry, err error) {
	e.kind, e.data, e.fresh = isShared, []byte(err.Error()), e.created
	for _, is := range f.opts.Negative {
		if errors.Is(err, is) {
			e.kind, e.sentinel, e.fresh = isNegative, is.Error(), e.created.Add(f.jitter(f.opts.NegativeTTL))
			return
		}
	}
}

func (f *Func[K, V]) jitter(d time.Duration) time.Duration {
	return max(d-time.Duration(rand.Float64()*f.opts.Jitter*float64(d)), 1)
}

// lifetime is how long an entry is in the cache.
func (f *Func[K, V]) lifetime(e entry) time.Duration {
	switch e.kind {
	case isNegative:
		return e.fresh.Sub(e.created)
	case isShared:
		return sharedFor
	}
	return e.fresh.Sub(e.created) + f.opts.Stale
}

// keep remembers an entry and releases the grant in the same transaction. It returns
// ErrLost, and remembers nothing, if the grant was revoked or everything invalidated. An
// error that is not remembered leaves the old result, to be served a while longer.
func (f *Func[K, V]) keep(ctx context.Context, g *dsync.Grant, since int64, key []byte, arg K, e entry, old *entry) error {
	return f.db.Batch(context.WithoutCancel(ctx), false, func(tx *store.Tx) error {
		if err := tx.Require(g); err != nil {
			return err
		}
		now, err := generation(tx, f.name)
		if err != nil {
			return err
		}
		if now != since {
			return store.ErrLost
		}
		opts := kv.SetOptions{TTL: f.lifetime(e), Tag: f.opts.Tag(arg)}
		if e.kind == isShared && old != nil {
			left := old.fresh.Add(f.opts.Stale).Sub(tx.Now())
			if left <= 0 {
				return g.ReleaseTx(tx)
			}
			e, opts.TTL = *old, left
			e.backoff(tx.Now(), f.opts.Backoff)
		}
		if err := f.cache.SetTx(tx, key, e, opts); err != nil {
			return err
		}
		return g.ReleaseTx(tx)
	})
}

// refresh recomputes a result in the background, unless somebody does, or too many are
// being recomputed in this process.
func (f *Func[K, V]) refresh(ctx context.Context, key []byte, arg K, old *entry) {
	if !f.beginRefresh(key) {
		return
	}
	ctx = context.WithoutCancel(ctx)
	go func() {
		defer f.endRefresh(key)
		g, err := f.acquire(ctx, key, false)
		if err != nil {
			return // somebody does, or the next caller will find out what is wrong
		}
		now, err := f.look(ctx, key)
		if err != nil || now == nil || now.created.After(old.created) || now.failures != old.failures {
			_ = release(ctx, g) // it was done, or invalidated
			return
		}
		if _, err := f.compute(ctx, g, key, arg, old); notVoid(err) != nil {
			f.db.Logger().Warn("a result cannot be computed again", "memo", f.name, "error", err)
		}
	}()
}

func (f *Func[K, V]) beginRefresh(key []byte) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.refreshing[string(key)]; ok {
		return false
	}
	select {
	case f.slots <- struct{}{}:
	default:
		return false
	}
	f.refreshing[string(key)] = struct{}{}
	return true
}

func (f *Func[K, V]) endRefresh(key []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.refreshing, string(key))
	<-f.slots
}

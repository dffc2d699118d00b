package memo

import (
	"context"
	"errors"
	"time"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
	dsync "github.com/dcq-go/dcq/sync"
)

// obtain returns the result that nobody remembers: it computes it, or waits for the
// process that does. One that waits shares the lock with the others who wait, so that
// all go on at once when there is a result. If there is none then, they compute in turn.
// It calls seal before it looks. An error counts if it is not of the call that was seen
// before: it occurred meanwhile.
func (f *Func[K, V]) obtain(ctx context.Context, q question[K], seen int64, seal func()) outcome[V] {
	for turn := false; ; turn = true {
		g, err := f.acquire(ctx, q, turn)
		if errors.Is(err, dsync.ErrNotAcquired) {
			err = f.waitForOther(ctx, q)
		}
		if err != nil {
			return outcome[V]{err: err}
		}
		seal()
		m, err := f.look(ctx, q)
		switch {
		case err != nil:
			release(ctx, g)
			return outcome[V]{err: err}
		case m != nil && (m.remembered() || m.token != seen):
			release(ctx, g)
			return outcome[V]{value: m.value, err: m.err, token: m.token}
		case g != nil:
			return f.compute(ctx, g, q, nil)
		}
	}
}

// acquire acquires the right to compute: when it is free, or when its turn has come.
func (f *Func[K, V]) acquire(ctx context.Context, q question[K], turn bool) (*dsync.Grant, error) {
	l, err := f.lock(ctx, q.key)
	if err != nil {
		return nil, err
	}
	if turn {
		return l.AcquireWrite(ctx)
	}
	return l.TryAcquireWrite(ctx)
}

// waitForOther waits until nobody computes.
func (f *Func[K, V]) waitForOther(ctx context.Context, q question[K]) error {
	l, err := f.lock(ctx, q.key)
	if err != nil {
		return err
	}
	g, err := l.AcquireRead(ctx)
	release(ctx, g)
	return err
}

// release gives back what may be nil, or lost. If the store does not do it, the lease
// ends by itself.
func release(ctx context.Context, g *dsync.Grant) {
	if g != nil {
		_ = g.Release(ctx)
	}
}

// compute calls the function under a grant, which it releases, and remembers what it
// returns. m is what is served meanwhile, if anything.
func (f *Func[K, V]) compute(ctx context.Context, g *dsync.Grant, q question[K], m *memory[V]) outcome[V] {
	kept := false
	defer func() { // also if the function ends its goroutine
		if !kept {
			release(ctx, g)
		}
	}()
	since, err := f.generation(ctx)
	if err != nil {
		return outcome[V]{err: err}
	}
	value, e, err := f.call(ctx, g, q)
	switch {
	case err != nil && ctx.Err() != nil:
		return outcome[V]{err: context.Cause(ctx)} // nobody wants it any longer
	case err != nil && g.Err() != nil:
		return outcome[V]{err: err, void: true}
	}
	kept, void := f.remember(ctx, g, since, q, e, m)
	o := outcome[V]{value: value, err: err, void: void}
	if kept {
		o.token = e.token
	}
	return o
}

// call calls the function and makes an entry of the outcome.
func (f *Func[K, V]) call(ctx context.Context, g *dsync.Grant, q question[K]) (value V, e entry, err error) {
	both, cancel := context.WithCancelCause(context.WithValue(g.Context(), callKey{f, string(q.key)}, g))
	defer cancel(nil)
	defer context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })()
	clock := f.db.Clock()
	begin := clock.Monotonic()
	err = guard(func() (err error) {
		if value, err = f.fn(both, q.arg); err == nil {
			e.data, err = f.values.Encode(value)
		}
		return err
	})
	return value, f.entry(g, e.data, err, clock.Monotonic()-begin), err
}

// entry makes an entry of the outcome of a call.
func (f *Func[K, V]) entry(g *dsync.Grant, data []byte, err error, took time.Duration) entry {
	e := entry{kind: isResult, token: g.Token(), created: f.db.Clock().Now(), took: took, data: data}
	e.fresh = e.created.Add(f.jitter(f.opts.TTL))
	if err == nil {
		return e
	}
	e.kind, e.data, e.fresh = isShared, []byte(err.Error()), e.created
	for _, is := range f.opts.Negative {
		if errors.Is(err, is) {
			e.kind, e.sentinel, e.fresh = isNegative, is.Error(), e.created.Add(f.jitter(f.opts.NegativeTTL))
			break
		}
	}
	return e
}

func (f *Func[K, V]) jitter(d time.Duration) time.Duration {
	return max(d-time.Duration(f.random()*f.opts.Jitter*float64(d)), 1)
}

// lifetime is how long an entry is in the cache.
func (f *Func[K, V]) lifetime(e entry) time.Duration {
	switch e.kind {
	case isResult:
		return e.fresh.Sub(e.created) + f.opts.Stale
	case isNegative:
		return e.fresh.Sub(e.created)
	}
	return sharedFor
}

// remember is keep for a call that is over, whose outcome its callers get in any case.
// It reports whether it is remembered, and whether the right to do so was lost.
func (f *Func[K, V]) remember(ctx context.Context, g *dsync.Grant, since int64, q question[K], e entry, m *memory[V]) (kept, void bool) {
	err := f.keep(ctx, g, since, q, e, m)
	void = errors.Is(err, store.ErrLost)
	if err != nil && !void && !errors.Is(err, store.ErrClosed) {
		f.db.Logger().Warn("a result cannot be remembered", "memo", f.name, "error", err)
	}
	return err == nil, void
}

// keep remembers an entry and releases the grant in the same transaction. It returns
// ErrLost, and does nothing, if the grant was revoked or everything invalidated. An error
// that is not remembered leaves what is there, which is served a while longer.
func (f *Func[K, V]) keep(ctx context.Context, g *dsync.Grant, since int64, q question[K], e entry, m *memory[V]) error {
	what, opts := e, kv.SetOptions{TTL: f.lifetime(e), Tag: q.tag}
	if e.kind == isShared && m.remembered() && m.expires.After(e.created) {
		what, opts.TTL = m.afterFailure(e.created, f.opts.Backoff), m.expires.Sub(e.created)
	}
	staged, err := f.cache.Stage(what)
	if err != nil {
		return err
	}
	defer staged.Discard()
	return f.db.Batch(context.WithoutCancel(ctx), false, func(tx *store.Tx) error {
		if err := g.ReleaseTx(tx); err != nil {
			return err
		}
		now, err := generation(tx, f.name)
		if err != nil {
			return err
		}
		if now != since {
			return store.ErrLost
		}
		return f.cache.SetStagedTx(tx, q.key, staged, opts)
	})
}

// generation returns the generation under which a call begins.
func (f *Func[K, V]) generation(ctx context.Context) (n int64, err error) {
	err = f.db.View(ctx, func(tx *store.Tx) error {
		n, err = generation(tx, f.name)
		return err
	})
	return n, err
}

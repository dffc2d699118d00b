package memo

import (
	"context"
	"errors"
	"sync"

	"github.com/dcq-go/dcq/store"
	dsync "github.com/dcq-go/dcq/sync"
)

// refresh computes a result anew in the background, unless somebody does, or too many
// are being computed so in this process.
func (f *Func[K, V]) refresh(ctx context.Context, q question[K], m *memory[V]) {
	if !f.beginRefresh(q.key) {
		return
	}
	started := f.background.start(ctx, func(ctx context.Context) {
		defer f.endRefresh(q.key)
		err := guard(func() error { return f.recompute(ctx, q, m) })
		if err != nil && ctx.Err() == nil && !errors.Is(err, store.ErrClosed) {
			f.db.Logger().Warn("a result cannot be computed again", "memo", f.name, "error", err)
		}
	})
	if !started {
		f.endRefresh(q.key)
	}
}

// recompute computes a result anew. If another process does, it waits for that: as long
// as it waits, this process does not try again.
func (f *Func[K, V]) recompute(ctx context.Context, q question[K], m *memory[V]) error {
	g, err := f.acquire(ctx, q, false)
	if errors.Is(err, dsync.ErrNotAcquired) {
		return f.waitForOther(ctx, q)
	}
	if err != nil {
		return err
	}
	now, err := f.look(ctx, q)
	if err != nil || now.is() != m.is() || now.failures != m.failures {
		release(ctx, g) // it was done meanwhile, or invalidated
		return err
	}
	o := f.compute(ctx, g, q, now)
	if o.void {
		return nil
	}
	return o.err
}

func (f *Func[K, V]) beginRefresh(key []byte) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.refreshing[string(key)]; ok || len(f.refreshing) >= f.opts.Refreshers {
		return false
	}
	f.refreshing[string(key)] = struct{}{}
	return true
}

func (f *Func[K, V]) endRefresh(key []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.refreshing, string(key))
}

// background is what this process computes through one DB without a caller who waits.
type background struct {
	ctx    context.Context
	cancel context.CancelCauseFunc

	mu      sync.Mutex // protects the fields below
	running sync.WaitGroup
	closed  bool
}

func backgroundOf(db *store.DB) *background {
	return db.Attach(Package.Name, func() any {
		b := &background{}
		b.ctx, b.cancel = context.WithCancelCause(context.Background())
		return b
	}).(*background)
}

// start runs fn in a goroutine, with the values of ctx and a context that Close ends,
// unless it was closed.
func (b *background) start(ctx context.Context, fn func(context.Context)) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(b.ctx, func() { cancel(store.ErrClosed) })
	b.running.Go(func() {
		defer cancel(nil)
		defer stop()
		fn(ctx)
	})
	return true
}

// Close ends what is running, and waits for it.
func (b *background) Close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.cancel(store.ErrClosed)
	b.running.Wait()
}

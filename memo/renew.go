package memo

import (
	"context"
	"errors"

	dsync "github.com/dcq-go/dcq/sync"
)

// Due reports whether [Func.Renew] would call the function now. A process that is about
// to end, and with it what Get does in the background, asks this to leave it to another.
// Errors are those of Peek, but ErrNotFound.
func (f *Func[K, V]) Due(ctx context.Context, arg K) (bool, error) {
	q, err := f.question(arg)
	if err != nil {
		return false, err
	}
	g, _, err := f.takeDue(ctx, q)
	release(ctx, g)
	return g != nil, err
}

// Renew does, while its caller waits, what Get does in the background: it calls the
// function if something is remembered whose time to be computed anew has come, unless
// another does so or has just failed to. It reports whether it called the function, with
// the error of it, or returns an error as Peek does, but not ErrNotFound.
func (f *Func[K, V]) Renew(ctx context.Context, arg K) (called bool, err error) {
	q, err := f.question(arg)
	if err != nil {
		return false, err
	}
	g, m, err := f.takeDue(ctx, q)
	if g == nil || err != nil {
		return false, err
	}
	o := f.compute(ctx, g, q, m)
	if o.void {
		return true, nil // it was invalidated: nothing is due any longer
	}
	return true, o.err
}

// takeDue acquires the right to compute what is remembered and due. It returns no grant
// if nothing is, or another computes it.
func (f *Func[K, V]) takeDue(ctx context.Context, q question[K]) (*dsync.Grant, *memory[V], error) {
	m, err := f.look(ctx, q)
	if err != nil || !f.isDue(m) {
		return nil, nil, err
	}
	g, err := f.acquire(ctx, q, false)
	if errors.Is(err, dsync.ErrNotAcquired) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if m, err = f.look(ctx, q); err != nil || !f.isDue(m) {
		release(ctx, g) // it was done meanwhile, or invalidated
		return nil, nil, err
	}
	return g, m, nil
}

func (f *Func[K, V]) isDue(m *memory[V]) bool {
	return m.remembered() && m.due(f.db.Clock().Now(), m.expires, f.opts.Beta, 1-f.random())
}

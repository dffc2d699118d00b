package memo

import (
	"context"
	"fmt"
	"runtime/debug"

	dsync "github.com/dcq-go/dcq/sync"
)

// flight is a call that goroutines of this process share; x/sync calls the idea
// singleflight.
type flight[V any] struct {
	done    chan struct{}
	outcome outcome[V]
	cancel  context.CancelCauseFunc

	// Protected by Func.mu.
	waiters int
	sealed  bool // it has looked: what it brings may be older than a question from now on
}

// outcome is what came of a call.
type outcome[V any] struct {
	value V
	err   error
	token int64 // of what is remembered of it, 0 if nothing
	void  bool  // the right to compute was lost meanwhile
}

// again reports whether it is nothing for anybody: the call was told to end.
func (o outcome[V]) again() bool { return o.void && o.err != nil }

// wait returns the result that nobody remembers. Who asked before the flight looked takes
// what it brings; others only if that is still what is remembered, else they ask again.
func (f *Func[K, V]) wait(ctx context.Context, q question[K], m *memory[V]) (value V, err error) {
	if g, ok := ctx.Value(callKey{f, string(q.key)}).(*dsync.Grant); ok && g.Err() == nil {
		return value, fmt.Errorf("%w: %s called itself", ErrDeadlock, f)
	}
	for {
		o, late, err := f.join(ctx, q, m.is())
		if err != nil {
			return value, err
		}
		if !late && !o.again() {
			return o.value, o.err
		}
		if m, err = f.look(ctx, q); err != nil {
			return value, err
		}
		if o.token != 0 && m.is() == o.token {
			return o.value, o.err
		}
		if m.remembered() {
			return f.serve(ctx, q, m)
		}
	}
}

// join shares the flight of a key, or begins one, and reports whether it came after the
// flight had looked. The flight goes on until it is done, or nobody waits any longer.
func (f *Func[K, V]) join(ctx context.Context, q question[K], seen int64) (o outcome[V], late bool, err error) {
	if ctx.Err() != nil {
		return o, false, context.Cause(ctx)
	}
	f.mu.Lock()
	fl := f.flights[string(q.key)]
	if fl == nil {
		fl = &flight[V]{done: make(chan struct{})}
		var shared context.Context
		shared, fl.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
		f.flights[string(q.key)] = fl
		go f.fly(shared, fl, q, seen)
	}
	fl.waiters++
	late = fl.sealed
	f.mu.Unlock()
	select {
	case <-fl.done:
		return fl.outcome, late, nil
	case <-ctx.Done():
		f.leave(q.key, fl, context.Cause(ctx))
		return o, late, context.Cause(ctx)
	}
}

// fly obtains what the flight is for.
func (f *Func[K, V]) fly(ctx context.Context, fl *flight[V], q question[K], seen int64) {
	fl.outcome.err = errNoReturn
	defer close(fl.done)
	defer fl.cancel(nil)
	defer f.land(q.key, fl)
	err := guard(func() error {
		fl.outcome = f.obtain(ctx, q, seen, func() { f.seal(fl) })
		return nil
	})
	if err != nil {
		fl.outcome = outcome[V]{err: err}
	}
}

func (f *Func[K, V]) seal(fl *flight[V]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fl.sealed = true
}

// land makes the next caller begin a flight of its own.
func (f *Func[K, V]) land(key []byte, fl *flight[V]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.flights[string(key)] == fl {
		delete(f.flights, string(key))
	}
}

// leave takes a waiter off a flight; the last ends it.
func (f *Func[K, V]) leave(key []byte, fl *flight[V], cause error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fl.waiters--; fl.waiters > 0 {
		return
	}
	fl.cancel(cause)
	if f.flights[string(key)] == fl {
		delete(f.flights, string(key))
	}
}

// detach makes those who ask from now on begin a flight of their own, which need not
// wait for one that is in vain.
func (f *Func[K, V]) detach(key []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.flights, string(key))
}

// callKey marks the context of the function, for an argument, with the grant of the call.
type callKey struct {
	of  any
	key string
}

// guard returns a panic of fn as an error.
func guard(fn func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{v, string(debug.Stack())}
		}
	}()
	return fn()
}

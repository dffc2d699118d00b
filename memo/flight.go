package memo

import (
	"context"
	"runtime/debug"
)

// flight is a call that goroutines of this process share.
type flight[V any] struct {
	done   chan struct{}
	value  V
	err    error
	cancel context.CancelCauseFunc

	waiters int // protected by Func.mu
}

// wait returns the result that nobody remembers, sharing the call.
func (f *Func[K, V]) wait(ctx context.Context, key []byte, arg K) (V, error) {
	return f.join(ctx, key, func(ctx context.Context) (V, error) { return f.obtain(ctx, key, arg) })
}

// join shares the flight of a key, or begins one that calls fn. The flight goes on until
// fn returns or nobody waits any longer.
func (f *Func[K, V]) join(ctx context.Context, key []byte, fn func(context.Context) (V, error)) (value V, err error) {
	if ctx.Err() != nil {
		return value, context.Cause(ctx)
	}
	f.mu.Lock()
	fl := f.flights[string(key)]
	if fl == nil {
		fl = &flight[V]{done: make(chan struct{})}
		var shared context.Context
		shared, fl.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
		f.flights[string(key)] = fl
		go f.fly(shared, key, fl, fn)
	}
	fl.waiters++
	f.mu.Unlock()
	select {
	case <-fl.done:
		return fl.value, fl.err
	case <-ctx.Done():
		f.leave(key, fl, context.Cause(ctx))
		return value, context.Cause(ctx)
	}
}

// fly runs the shared call.
func (f *Func[K, V]) fly(ctx context.Context, key []byte, fl *flight[V], fn func(context.Context) (V, error)) {
	defer close(fl.done)
	defer fl.cancel(nil)
	defer f.land(key, fl)
	fl.value, fl.err = fn(ctx)
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

// detach makes those who ask from now on begin a flight of their own.
func (f *Func[K, V]) detach(key []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.flights, string(key))
}

func (f *Func[K, V]) detachAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.flights)
}

// callBatch calls Options.Batch as call calls the function.
func (f *Func[K, V]) callBatch(ctx context.Context, args []K) (values []V, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{v, string(debug.Stack())}
		}
	}()
	return f.opts.Batch(ctx, args)
}

// call calls the function and turns its panic into an error.
func (f *Func[K, V]) call(ctx context.Context, arg K) (value V, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{v, string(debug.Stack())}
		}
	}()
	return f.fn(ctx, arg)
}

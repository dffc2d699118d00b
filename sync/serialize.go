package sync

import "context"

// Serialize returns fn such that one call of it runs at a time, in all processes that
// use the lock, first come first served. A call ends, with ErrLost, when the lock is
// lost, as far as fn obeys its context. It is what DiskCache calls barrier.
func Serialize[A, R any](l *Lock, fn func(context.Context, A) (R, error)) func(context.Context, A) (R, error) {
	return func(ctx context.Context, arg A) (result R, err error) {
		err = l.Do(ctx, func(ctx context.Context, _ *Grant) error {
			result, err = fn(ctx, arg)
			return err
		})
		return result, err
	}
}

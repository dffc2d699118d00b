package memo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dcq-go/dcq/store"
	dsync "github.com/dcq-go/dcq/sync"
)

// GetMany returns the results for arguments, in their order. What is not remembered is
// computed together by Options.Batch, if that is set, else each by itself, some at a
// time; what another process, or goroutine, is computing is waited for. It returns the
// first error, as Get does; what was computed is remembered even so.
func (f *Func[K, V]) GetMany(ctx context.Context, args ...K) ([]V, error) {
	values := make([]V, len(args))
	missing, err := f.lookMany(ctx, args, values)
	if err != nil {
		return nil, err
	}
	if f.opts.Batch != nil && len(missing) > 1 {
		if missing, err = f.computeMany(ctx, args, values, missing); err != nil {
			return nil, err
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(f.opts.Refreshers)
	for _, i := range missing {
		group.Go(func() (err error) {
			values[i], err = f.Get(ctx, args[i])
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return values, nil
}

// Warm makes sure that the results for arguments are remembered. It is GetMany without
// the results.
func (f *Func[K, V]) Warm(ctx context.Context, args ...K) error {
	_, err := f.GetMany(ctx, args...)
	return err
}

// lookMany fills in what is remembered, and returns the places of the rest.
func (f *Func[K, V]) lookMany(ctx context.Context, args []K, values []V) (missing []int, err error) {
	for i, arg := range args {
		key, err := f.key(arg)
		if err != nil {
			return nil, fmt.Errorf("argument %d: %w", i, err)
		}
		e, err := f.look(ctx, key)
		if err != nil {
			return nil, err
		}
		if e == nil || e.kind == isShared {
			missing = append(missing, i)
			continue
		}
		if values[i], err = f.serve(ctx, key, arg, e); err != nil {
			return nil, err
		}
	}
	return missing, nil
}

// claim is a key that a batch computes.
type claim struct {
	place int
	key   []byte
	grant *dsync.Grant
}

// computeMany computes together what nobody else computes, and returns the places of
// what somebody does, or what could not be remembered.
func (f *Func[K, V]) computeMany(ctx context.Context, args []K, values []V, missing []int) (rest []int, err error) {
	since, err := f.since(ctx)
	if err != nil {
		return nil, err
	}
	claims, rest, err := f.claimMany(ctx, args, missing)
	if err != nil || len(claims) == 0 {
		return rest, err
	}
	batch := make([]K, len(claims))
	for i, c := range claims {
		batch[i] = args[c.place]
	}
	clock := f.db.Clock()
	begin := clock.Monotonic()
	results, err := f.callBatch(ctx, batch)
	took := (clock.Monotonic() - begin) / time.Duration(len(claims))
	if err == nil && len(results) != len(batch) {
		err = fmt.Errorf("memo: Options.Batch returned %d results for %d arguments", len(results), len(batch))
	}
	if err != nil {
		return nil, errors.Join(err, f.releaseAll(ctx, claims))
	}
	for i, c := range claims {
		values[c.place] = results[i]
		e := entry{created: clock.Now(), took: took}
		e.retry, e.fresh = e.created, e.created.Add(f.jitter(f.opts.TTL))
		if e.data, err = f.values.Encode(results[i]); err != nil {
			return nil, errors.Join(err, f.releaseAll(ctx, claims[i:]))
		}
		if err := f.keep(ctx, c.grant, since, c.key, batch[i], e, nil); errors.Is(err, store.ErrLost) {
			rest = append(rest, c.place)
		} else if err != nil {
			return nil, errors.Join(err, f.releaseAll(ctx, claims[i:]))
		}
	}
	return rest, nil
}

// claimMany acquires the right to compute each key that is free, in one commit.
func (f *Func[K, V]) claimMany(ctx context.Context, args []K, missing []int) (claims []claim, rest []int, err error) {
	err = f.db.Batch(ctx, false, func(tx *store.Tx) error {
		claims, rest = nil, nil
		for _, i := range missing {
			c := claim{place: i}
			if c.key, err = f.key(args[i]); err != nil {
				return err
			}
			l, err := f.lock(ctx, c.key)
			if err != nil {
				return err
			}
			known, err := f.cache.ContainsTx(tx, c.key)
			if err != nil {
				return err
			}
			if !known {
				c.grant, err = l.AcquireWriteTx(tx)
			}
			if known || errors.Is(err, dsync.ErrNotAcquired) { // for the same argument twice, too
				rest = append(rest, i)
				continue
			}
			if err != nil {
				return err
			}
			claims = append(claims, c)
		}
		return nil
	})
	return claims, rest, err
}

func (f *Func[K, V]) releaseAll(ctx context.Context, claims []claim) error {
	var errs []error
	for _, c := range claims {
		errs = append(errs, release(ctx, c.grant))
	}
	return errors.Join(errs...)
}

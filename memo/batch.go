package memo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dcq-go/dcq/store"
	dsync "github.com/dcq-go/dcq/sync"
)

// maxBatch bounds the arguments of one call of Options.Batch: acquiring the right to
// compute them all is one transaction.
const maxBatch = 256

// GetMany returns the results for arguments, in their order. What is not remembered is
// computed together by Options.Batch, if that is set, else each by itself, some at a
// time; what another process, or goroutine, is computing is waited for. It returns the
// first error, as Get does; what was computed is remembered even so. An error of
// Options.Batch is not remembered, and not told to others.
func (f *Func[K, V]) GetMany(ctx context.Context, args ...K) ([]V, error) {
	questions := make([]question[K], len(args))
	for i, arg := range args {
		var err error
		if questions[i], err = f.question(arg); err != nil {
			return nil, fmt.Errorf("argument %d: %w", i, err)
		}
	}
	values := make([]V, len(args))
	missing, err := f.lookMany(ctx, questions, values)
	if err != nil {
		return nil, err
	}
	if missing, err = f.computeAll(ctx, questions, values, missing); err != nil {
		return nil, err
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
func (f *Func[K, V]) lookMany(ctx context.Context, questions []question[K], values []V) (missing []int, err error) {
	for i, q := range questions {
		m, err := f.look(ctx, q)
		if err != nil {
			return nil, err
		}
		if !m.remembered() {
			missing = append(missing, i)
			continue
		}
		if values[i], err = f.serve(ctx, q, m); err != nil {
			return nil, err
		}
	}
	return missing, nil
}

// computeAll computes together what nobody else computes, and returns the places of what
// somebody does.
func (f *Func[K, V]) computeAll(ctx context.Context, questions []question[K], values []V, missing []int) (rest []int, err error) {
	if f.opts.Batch == nil || len(missing) < 2 {
		return missing, nil
	}
	for places := range slices.Chunk(missing, maxBatch) {
		claims, others, err := f.claim(ctx, questions, places)
		if err != nil {
			return nil, err
		}
		rest = append(rest, others...)
		if err := f.computeTogether(ctx, claims, values); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

// claim is the right to compute one of many.
type claim[K any] struct {
	question[K]
	place int
	grant *dsync.Grant
	kept  bool // it is remembered, and the grant released
}

// claim acquires the right to compute each key that is free, in one transaction. An
// argument that is there twice is somebody else's the second time.
func (f *Func[K, V]) claim(ctx context.Context, questions []question[K], places []int) (claims []claim[K], others []int, err error) {
	err = f.db.Batch(ctx, false, func(tx *store.Tx) error {
		claims, others = nil, nil
		for _, i := range places {
			g, err := f.claimTx(tx, questions[i])
			switch {
			case err == nil:
				claims = append(claims, claim[K]{questions[i], i, g, false})
			case errors.Is(err, dsync.ErrNotAcquired):
				others = append(others, i)
			default:
				return err
			}
		}
		return nil
	})
	return claims, others, err
}

// claimTx acquires the right to compute, or returns ErrNotAcquired: somebody computes, or
// has done so.
func (f *Func[K, V]) claimTx(tx *store.Tx, q question[K]) (*dsync.Grant, error) {
	l, err := f.lock(tx.Context(), q.key)
	if err != nil {
		return nil, err
	}
	known, err := f.cache.ContainsTx(tx, q.key)
	if err != nil {
		return nil, err
	}
	if known {
		return nil, dsync.ErrNotAcquired
	}
	return l.AcquireWriteTx(tx)
}

// computeTogether computes, and remembers, what is claimed, and releases the claims.
func (f *Func[K, V]) computeTogether(ctx context.Context, claims []claim[K], values []V) error {
	if len(claims) == 0 {
		return nil
	}
	defer func() { // also if the function ends its goroutine
		for _, c := range claims {
			if !c.kept {
				release(ctx, c.grant)
			}
		}
	}()
	since, err := f.generation(ctx)
	if err != nil {
		return err
	}
	args := make([]K, len(claims))
	for i, c := range claims {
		args[i] = c.arg
	}
	clock := f.db.Clock()
	begin := clock.Monotonic()
	results, data, err := f.callBatch(ctx, args)
	if err != nil {
		return err
	}
	took := (clock.Monotonic() - begin) / time.Duration(len(claims))
	for i := range claims {
		c := &claims[i]
		values[c.place] = results[i]
		c.kept, _ = f.remember(ctx, c.grant, since, c.question, f.entry(c.grant, data[i], nil, took), nil)
	}
	return nil
}

// callBatch calls Options.Batch and encodes the results.
func (f *Func[K, V]) callBatch(ctx context.Context, args []K) (results []V, data [][]byte, err error) {
	err = guard(func() (err error) {
		if results, err = f.opts.Batch(ctx, args); err != nil {
			return err
		}
		if len(results) != len(args) {
			return fmt.Errorf("memo: Options.Batch returned %d results for %d arguments", len(results), len(args))
		}
		data = make([][]byte, len(args))
		for i, v := range results {
			if data[i], err = f.values.Encode(v); err != nil {
				return err
			}
		}
		return nil
	})
	return results, data, err
}

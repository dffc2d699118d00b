package memo_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/memo"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

type numbers = memo.Func[int, int64]

// truth is what the results of a test depend on. Results for a key are versions of it.
type truth interface {
	// now is the version of a key: what the function returns.
	now(ctx context.Context, key int) (int64, error)
	// change makes the next version, and returns it.
	change(ctx context.Context, key int) (int64, error)
	// publish says that whatever is older than a version was invalidated.
	publish(ctx context.Context, key int, version int64) error
	// published is the greatest version of publish.
	published(ctx context.Context, key int) (int64, error)
}

const raceKeys = 3

// racer asks for results, and changes the truth, at random.
type racer struct {
	f     *numbers
	truth truth
	r     *rand.Rand
}

func openRacer(ctx context.Context, db *store.DB, truth truth, s uint64) (*racer, error) {
	f, err := memo.Open(ctx, db, "race", truth.now, memo.Options[int, int64]{
		TTL: time.Hour, Stale: time.Hour, Tag: func(k int) string { return fmt.Sprint(k) },
		Batch: func(ctx context.Context, ks []int) (values []int64, err error) {
			for _, k := range ks {
				v, err := truth.now(ctx, k)
				if err != nil {
					return nil, err
				}
				values = append(values, v)
			}
			return values, nil
		},
	})
	return &racer{f, truth, rand.New(rand.NewPCG(s, 0))}, err
}

// turn changes the truth, or asks and compares.
func (r *racer) turn(ctx context.Context) error {
	k := r.r.IntN(raceKeys)
	if r.r.IntN(4) == 0 {
		return r.change(ctx, k)
	}
	var least [raceKeys]int64
	for k := range least {
		var err error
		if least[k], err = r.truth.published(ctx, k); err != nil {
			return err
		}
	}
	if r.r.IntN(4) == 0 {
		args := r.r.Perm(raceKeys)
		got, err := r.f.GetMany(ctx, args...)
		if err != nil {
			return err
		}
		for i, k := range args {
			if got[i] < least[k] {
				return fmt.Errorf("GetMany: version %d of key %d, though %d was published", got[i], k, least[k])
			}
		}
		return nil
	}
	ask := r.f.Get
	if r.r.IntN(8) == 0 {
		ask = r.f.Force
	}
	got, err := ask(ctx, k)
	if err == nil && got < least[k] {
		err = fmt.Errorf("version %d of key %d, though %d was published", got, k, least[k])
	}
	return err
}

func (r *racer) change(ctx context.Context, k int) error {
	version, err := r.truth.change(ctx, k)
	if err != nil {
		return err
	}
	switch r.r.IntN(6) {
	case 0:
		_, err = r.f.InvalidateTag(ctx, fmt.Sprint(k))
	case 1:
		_, err = r.f.InvalidateAll(ctx)
	default:
		err = r.f.Invalidate(ctx, k)
	}
	if err != nil {
		return err
	}
	return r.truth.publish(ctx, k, version)
}

// inMemory is a truth of one process.
type inMemory struct{ newest, oldest [raceKeys]atomic.Int64 }

func (m *inMemory) now(_ context.Context, k int) (int64, error)    { return m.newest[k].Load(), nil }
func (m *inMemory) change(_ context.Context, k int) (int64, error) { return m.newest[k].Add(1), nil }

func (m *inMemory) published(_ context.Context, k int) (int64, error) {
	return m.oldest[k].Load(), nil
}

func (m *inMemory) publish(_ context.Context, k int, version int64) error {
	for old := m.oldest[k].Load(); old < version && !m.oldest[k].CompareAndSwap(old, version); {
		old = m.oldest[k].Load()
	}
	return nil
}

// Nobody gets a value from before an invalidation that had returned when he asked,
// whatever is asked for, forced and invalidated at the same time, through several
// openings of the store.
func TestInvalidationRace(t *testing.T) {
	t.Parallel()
	r := seed.Rand(t)
	turns := proctest.Rounds(t, 80)
	dir, truth := t.TempDir(), &inMemory{}
	var wg sync.WaitGroup
	for range 3 {
		db := storetest.OpenDir(t, dir, store.Options{})
		for range 3 {
			racer, err := openRacer(t.Context(), db, truth, r.Uint64())
			if err != nil {
				t.Fatal(err)
			}
			wg.Go(func() {
				for range turns {
					if err := racer.turn(t.Context()); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
	}
	wg.Wait()
}

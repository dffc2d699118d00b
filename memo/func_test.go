package memo_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dcq-go/dcq/memo"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// A hundred goroutines that ask for the same at once share one call, and later ones are
// served what it returned.
func TestGet(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	var calls atomic.Int64
	double, err := memo.Open(t.Context(), db, "double", func(_ context.Context, n int) (int, error) {
		calls.Add(1)
		return 2 * n, nil
	}, memo.Options[int, int]{TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if v, err := double.Get(t.Context(), 21); v != 42 || err != nil {
				t.Errorf("Get(21) = %v, %v", v, err)
			}
		})
	}
	wg.Wait()
	if n := calls.Load(); n != 1 {
		t.Errorf("the function was called %d times", n)
	}
	values, err := double.GetMany(t.Context(), 1, 21, 3, 1)
	if err != nil || len(values) != 4 || values[0] != 2 || values[1] != 42 || values[2] != 6 || values[3] != 2 {
		t.Errorf("GetMany = %v, %v", values, err)
	}
	if err := double.Invalidate(t.Context(), 21); err != nil {
		t.Fatal(err)
	}
	if _, _, err := double.Peek(t.Context(), 21); !errors.Is(err, memo.ErrNotFound) {
		t.Errorf("Peek after Invalidate = %v", err)
	}
	before := calls.Load()
	if v, err := double.Force(t.Context(), 21); v != 42 || err != nil || calls.Load() != before+1 {
		t.Errorf("Force(21) = %v, %v after %d calls", v, err, calls.Load()-before)
	}
}

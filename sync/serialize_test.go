package sync_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
	dsync "github.com/dcq-go/dcq/sync"
)

func TestSerialize(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	other := storetest.OpenDir(t, db.Dir(), store.Options{})
	var running atomic.Int64
	double := func(_ context.Context, n int) (int, error) {
		if running.Add(1) != 1 {
			t.Error("two calls run at a time")
		}
		running.Add(-1)
		return 2 * n, nil
	}
	var group sync.WaitGroup
	for _, db := range []*store.DB{db, other} {
		call := dsync.Serialize(openLock(t, db, "l", dsync.Options{}), double)
		for n := range 20 {
			group.Go(func() {
				if got, err := call(context.Background(), n); got != 2*n || err != nil {
					t.Errorf("call(%d) = %d, %v, want %d", n, got, err, 2*n)
				}
			})
		}
	}
	group.Wait()
}

func TestSerializeErrors(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	l := openLock(t, db, "l", dsync.Options{})
	failed := errors.New("failed")
	call := dsync.Serialize(l, func(_ context.Context, err error) (string, error) { return "result", err })
	got, err := call(t.Context(), failed)
	wantErr(t, "a call that fails", err, failed)
	if got != "result" {
		t.Errorf("a call that fails returns %q, want what the function returned", got)
	}
	again := dsync.Serialize(l, func(ctx context.Context, err error) (string, error) { return call(ctx, err) })
	_, err = again(t.Context(), nil)
	wantErr(t, "a call within a call", err, dsync.ErrDeadlock)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(failed)
	_, err = call(ctx, nil)
	wantErr(t, "a call whose context has ended", err, failed)

	g := must(t)(l.TryAcquire(t.Context()))
	release(t, g)
	lost := dsync.Serialize(l, func(ctx context.Context, _ int) (int, error) {
		err := l.Revoke(t.Context())
		return 1, err
	})
	_, err = lost(t.Context(), 0)
	wantErr(t, "a call that loses the lock", err, dsync.ErrLost)
}

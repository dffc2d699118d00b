package store_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// When every caller that could have led gives up, nobody keeps the gate that the first
// of them had asked for.
func TestNobodyIsLeftToLead(t *testing.T) {
	dir := t.TempDir()
	db, other := storetest.OpenDir(t, dir, store.Options{}), storetest.OpenDir(t, dir, store.Options{})
	patience, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	for round := range 200 {
		var wg sync.WaitGroup
		holding, release := make(chan struct{}), make(chan struct{})
		wg.Go(func() {
			_ = other.Update(patience, func(*store.Tx) error {
				close(holding)
				<-release
				return nil
			})
		})
		select {
		case <-holding:
		case <-patience.Done():
			t.Fatalf("round %d: another store does not get the gate", round)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var callers sync.WaitGroup
		for range 4 {
			callers.Go(func() {
				if err := db.Batch(ctx, false, func(*store.Tx) error { return nil }); !errors.Is(err, context.Canceled) {
					t.Errorf("Batch() = %v, want canceled", err)
				}
			})
		}
		for range 10 * (round % 50) { // how far they get differs
			runtime.Gosched()
		}
		cancel()
		callers.Wait()
		close(release)
		wg.Wait()
	}
}

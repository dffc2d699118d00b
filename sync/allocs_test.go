package sync_test

import (
	"testing"

	"github.com/dcq-go/dcq/internal/alloctest"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
	dsync "github.com/dcq-go/dcq/sync"
)

// A lock that nobody else wants allocates no more than it did.
func TestAllocations(t *testing.T) {
	db, ctx := storetest.Open(t, store.Options{}), t.Context()
	l := openLock(t, db, "l", dsync.Options{})
	alloctest.AtMost(t, "acquire and release", 84, func() error {
		g, err := l.Acquire(ctx)
		if err != nil {
			return err
		}
		return g.Release(ctx)
	})
}

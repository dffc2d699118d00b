package store_test

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// A session whose transaction has committed when Close comes, but is not known to the
// DB yet, ends with it.
func TestCloseEndsSessionUnderWay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := storetest.OpenDir(t, dir, store.Options{})
	other, err := store.Open(t.Context(), dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	committed, goOn, done := make(chan struct{}), make(chan struct{}), make(chan error, 2)
	go func() {
		done <- other.Batch(context.Background(), false, func(tx *store.Tx) error {
			tx.AfterCommit(func() {
				close(committed)
				<-goOn
			})
			_, err := tx.Session("store")
			return err
		})
	}()
	<-committed
	go func() { done <- other.Close() }()
	for !errors.Is(other.View(t.Context(), func(*store.Tx) error { return nil }), store.ErrClosed) {
		runtime.Gosched()
	}
	close(goOn)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if sessions, err := db.Sessions(t.Context()); err != nil || len(sessions) != 0 {
		t.Errorf("Sessions() = %+v, %v; want none", sessions, err)
	}
}

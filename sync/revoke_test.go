package sync_test

import (
	"context"
	"errors"
	"testing"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
	dsync "github.com/dcq-go/dcq/sync"
)

// A lock that is revoked goes to the next, and the old holder can do nothing under it.
func TestRevoke(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	l := openLock(t, db, "l", dsync.Options{})
	if err := l.Revoke(t.Context()); err != nil {
		t.Errorf("Revoke() of a free lock = %v", err)
	}
	old := must(t)(l.Acquire(t.Context()))
	got := make(chan *dsync.Grant)
	go func() {
		g, err := l.Acquire(t.Context())
		if err != nil {
			t.Error(err)
		}
		got <- g
	}()
	waitForLine(t, db, "lock", "l", 1)
	if err := l.Revoke(t.Context()); err != nil {
		t.Fatal(err)
	}
	next := <-got
	if err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.Require(old) }); !errors.Is(err, dsync.ErrLost) {
		t.Errorf("Require(revoked) = %v, want %v", err, dsync.ErrLost)
	}
	if err := old.Release(t.Context()); !errors.Is(err, dsync.ErrLost) {
		t.Errorf("Release() of the revoked = %v, want %v", err, dsync.ErrLost)
	}
	if err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.Require(next) }); err != nil {
		t.Errorf("Require(next) = %v", err)
	}
	release(t, next)

	rw, err := dsync.OpenRWLock(t.Context(), db, "rw", dsync.Options{})
	if err != nil {
		t.Fatal(err)
	}
	readers := []*dsync.Grant{must(t)(rw.AcquireRead(t.Context())), must(t)(rw.AcquireRead(t.Context()))}
	if err := rw.Revoke(t.Context()); err != nil {
		t.Fatal(err)
	}
	release(t, must(t)(rw.TryAcquireWrite(t.Context())))
	for _, g := range readers {
		if err := g.Release(t.Context()); !errors.Is(err, dsync.ErrLost) {
			t.Errorf("Release() of a revoked reader = %v, want %v", err, dsync.ErrLost)
		}
	}
}

// Who is granted a lock and loses it in one transaction is not told that it has it.
func TestRevokeWhatWasJustGranted(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	l := openLock(t, db, "l", dsync.Options{})
	g := must(t)(l.Acquire(t.Context()))
	got := make(chan *dsync.Grant)
	go func() { got <- must(t)(l.Acquire(context.WithoutCancel(t.Context()))) }()
	waitForLine(t, db, "lock", "l", 1)
	type last struct{}
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		err := g.ReleaseTx(tx)
		tx.AtCommit(last{}, l.RevokeTx) // after the release's own, which grants
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	next := <-got // it got in line again
	if err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.Require(next) }); err != nil {
		t.Errorf("Require(next) = %v", err)
	}
	release(t, next)
}

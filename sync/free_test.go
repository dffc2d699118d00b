package sync_test

import (
	"context"
	"errors"
	"strconv"
	"testing"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
	dsync "github.com/dcq-go/dcq/sync"
)

// That nobody waits is known without asking; that somebody holds is always asked.
func TestHeldWhileNobodyWaits(t *testing.T) {
	t.Parallel()
	db, other := twoDBs(t)
	owners := 0
	tries := map[string]func(*store.DB) (*dsync.Grant, error){
		"lock": func(db *store.DB) (*dsync.Grant, error) {
			return openLock(t, db, "x", dsync.Options{}).TryAcquire(t.Context())
		},
		"rlock": func(db *store.DB) (*dsync.Grant, error) {
			l, err := dsync.OpenRLock(t.Context(), db, "x", dsync.Options{})
			if err != nil {
				t.Fatal(err)
			}
			owners++
			return l.TryAcquire(t.Context(), strconv.Itoa(owners))
		},
		"election": func(db *store.DB) (*dsync.Grant, error) {
			e, err := dsync.OpenElection(t.Context(), db, "x", dsync.Options{})
			if err != nil {
				t.Fatal(err)
			}
			return e.TryCampaign(t.Context(), "")
		},
	}
	for name, try := range tries {
		for range 3 {
			g := must(t)(try(db))
			for _, db := range []*store.DB{db, other} {
				if _, err := try(db); !errors.Is(err, dsync.ErrNotAcquired) {
					t.Errorf("%s: TryAcquire while it is held = %v, want %v", name, err, dsync.ErrNotAcquired)
				}
			}
			release(t, g)
		}
	}
}

// twoDBs returns two DBs of one store, as two processes have them.
func twoDBs(t *testing.T) (one, other *store.DB) {
	t.Helper()
	one = storetest.Open(t, store.Options{})
	other, err := store.Open(t.Context(), one.Dir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	})
	return one, other
}

// A table of an earlier version is brought up to date, with those who hold and wait.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	db, other := twoDBs(t)
	l := openLock(t, db, "x", dsync.Options{})
	held := must(t)(l.Acquire(t.Context()))
	got := make(chan *dsync.Grant, 1)
	go func() { got <- must(t)(l.Acquire(context.Background())) }()
	waitForLine(t, db, "lock", "x", 1)
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE dcq_schema SET version = 3 WHERE package = 'sync'`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	late := openLock(t, other, "x", dsync.Options{})
	if _, err := late.TryAcquire(t.Context()); !errors.Is(err, dsync.ErrNotAcquired) {
		t.Errorf("TryAcquire after the upgrade = %v, want %v", err, dsync.ErrNotAcquired)
	}
	release(t, held)
	release(t, <-got)
	release(t, must(t)(late.TryAcquire(t.Context())))
}

// The table takes no kind that the package does not know.
func TestUnknownKind(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	openLock(t, db, "x", dsync.Options{})
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`
			INSERT INTO dcq_grants (kind, name, waits, id, session_id, weight, lease, since, token, lease_until)
			VALUES ('padlock', 'x', 0, 1, 1, 1, 1, 1, 1, 1)`)
		return err
	})
	if !store.IsConstraint(err) {
		t.Errorf("a grant of an unknown kind: %v", err)
	}
}

package kv_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

func openAverager(t testing.TB, db *store.DB, name string) *kv.Averager {
	t.Helper()
	a, err := kv.OpenAverager(context.Background(), db, name)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// wantMean fails the test unless the average is as said; a count of 0 means none.
func wantMean(t *testing.T, a *kv.Averager, mean float64, count int64) {
	t.Helper()
	m, n, err := a.Mean(t.Context())
	if m != mean || n != count || (count == 0) != errors.Is(err, kv.ErrNotFound) || count != 0 && err != nil {
		t.Errorf("Mean() = %v, %v, %v, want %v of %v", m, n, err, mean, count)
	}
}

func TestAverager(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	a, other := openAverager(t, db, "a"), openAverager(t, db, "other")
	wantMean(t, a, 0, 0)
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			if err := a.Add(t.Context(), float64(i)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	wantMean(t, a, 4.5, 10)
	wantMean(t, other, 0, 0)
	if m, n, err := a.Pop(t.Context()); m != 4.5 || n != 10 || err != nil {
		t.Errorf("Pop() = %v, %v, %v, want the mean", m, n, err)
	}
	wantMean(t, a, 0, 0)
	if _, _, err := a.Pop(t.Context()); !errors.Is(err, kv.ErrNotFound) {
		t.Errorf("Pop() of nothing = %v, want %v", err, kv.ErrNotFound)
	}
}

// What fails adds nothing.
func TestAveragerRefuses(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	a := openAverager(t, db, "a")
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if err := a.Add(t.Context(), v); !errors.Is(err, kv.ErrNumber) {
			t.Errorf("Add(%v) = %v, want %v", v, err, kv.ErrNumber)
		}
	}
	wantMean(t, a, 0, 0)
	if err := a.Add(t.Context(), math.MaxFloat64); err != nil {
		t.Fatal(err)
	}
	if err := a.Add(t.Context(), math.MaxFloat64); !errors.Is(err, kv.ErrNumber) {
		t.Errorf("Add past the largest number = %v, want %v", err, kv.ErrNumber)
	}
	failed := errors.New("failed")
	err := db.Update(t.Context(), func(tx *store.Tx) error { return errors.Join(a.AddTx(tx, 1), failed) })
	if !errors.Is(err, failed) {
		t.Errorf("Update = %v, want %v", err, failed)
	}
	wantMean(t, a, math.MaxFloat64, 1)
	for _, name := range []string{"", strings.Repeat("n", 256), "a\nb", "\xff"} {
		if _, err := kv.OpenAverager(t.Context(), db, name); !errors.Is(err, kv.ErrName) {
			t.Errorf("OpenAverager(%q) = %v, want %v", name, err, kv.ErrName)
		}
	}
}

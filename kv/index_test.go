package kv_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

func openIndex[K, V any](t testing.TB, db *store.DB, name string, opts kv.IndexOptions[K, V]) *kv.Index[K, V] {
	t.Helper()
	ix, err := kv.OpenIndex(context.Background(), db, name, opts)
	if err != nil {
		t.Fatal(err)
	}
	return ix
}

// want fails the test unless a call returned that, without an error.
func want(t testing.TB, call string, got any, err error, wanted any) {
	t.Helper()
	if err != nil || fmt.Sprint(got) != fmt.Sprint(wanted) {
		t.Fatalf("%s = %v, %v; want %v", call, got, err, wanted)
	}
}

func wantErr(t testing.TB, call string, err, wanted error) {
	t.Helper()
	if !errors.Is(err, wanted) {
		t.Fatalf("%s = %v, want %v", call, err, wanted)
	}
}

// list returns entries as key=value.
func list[K, V any](t testing.TB, entries iter.Seq2[kv.Entry[K, V], error]) []string {
	t.Helper()
	list := []string{}
	for e, err := range entries {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, fmt.Sprintf("%v=%v", e.Key, e.Value))
	}
	return list
}

func TestIndexOrders(t *testing.T) {
	t.Parallel()
	db, ctx := storetest.Open(t, store.Options{}), t.Context()
	ix := openIndex(t, db, "x", kv.IndexOptions[int, string]{})
	for _, n := range []int{5, -3, 8, 5, 0} {
		if _, err := ix.Put(ctx, n, fmt.Sprint("v", n)); err != nil {
			t.Fatal(err)
		}
	}
	from, to := -3, 8
	for _, c := range []struct {
		opts kv.ScanOptions[int]
		want string
	}{
		{kv.ScanOptions[int]{}, "[-3=v-3 0=v0 5=v5 8=v8]"},
		{kv.ScanOptions[int]{Reverse: true}, "[8=v8 5=v5 0=v0 -3=v-3]"},
		{kv.ScanOptions[int]{ByInsertion: true}, "[5=v5 -3=v-3 8=v8 0=v0]"},
		{kv.ScanOptions[int]{ByInsertion: true, Reverse: true, Limit: 3}, "[0=v0 8=v8 -3=v-3]"},
		{kv.ScanOptions[int]{From: &from, To: &to}, "[-3=v-3 0=v0 5=v5]"},
		{kv.ScanOptions[int]{From: &from, To: &to, Reverse: true, Limit: 2}, "[5=v5 0=v0]"},
		{kv.ScanOptions[int]{To: &to, ByInsertion: true, Limit: 2}, "[5=v5 -3=v-3]"},
		{kv.ScanOptions[int]{From: &to, To: &from}, "[]"},
	} {
		if got := fmt.Sprint(list(t, ix.Scan(ctx, c.opts))); got != c.want {
			t.Errorf("Scan(%+v) = %s, want %s", c.opts, got, c.want)
		}
	}
	e, err := ix.PopLast(ctx, kv.ScanOptions[int]{})
	want(t, "PopLast()", e.Key, err, 8)
	e, err = ix.PopFirst(ctx, kv.ScanOptions[int]{ByInsertion: true})
	want(t, "PopFirst(by insertion)", e.Key, err, 5)
	e, err = ix.Last(ctx, kv.ScanOptions[int]{})
	want(t, "Last()", e.Key, err, 0)
	n, err := ix.Len(ctx)
	want(t, "Len()", n, err, 2)
}

func TestIndexPrefix(t *testing.T) {
	t.Parallel()
	db, ctx := storetest.Open(t, store.Options{}), t.Context()
	ix := openIndex(t, db, "x", kv.IndexOptions[string, int]{})
	keys := []string{"", "a", "a\x00", "a\xff", "a\xff\xff", "b", "\xff", "\xff\xff"}
	for i, key := range keys {
		if _, err := ix.Put(ctx, key, i); err != nil {
			t.Fatal(err)
		}
	}
	for _, prefix := range append(keys, "c") {
		var wanted []string
		for i, key := range keys {
			if strings.HasPrefix(key, prefix) {
				wanted = append(wanted, fmt.Sprintf("%s=%d", key, i))
			}
		}
		slices.Sort(wanted)
		for _, byInsertion := range []bool{false, true} {
			got := list(t, ix.Scan(ctx, kv.ScanOptions[string]{Prefix: kv.StringPrefix(prefix), ByInsertion: byInsertion}))
			if slices.Sort(got); !slices.Equal(got, wanted) {
				t.Errorf("with prefix %q there are %q, want %q", prefix, got, wanted)
			}
		}
	}
}

func TestIndexCompareAndSwap(t *testing.T) {
	t.Parallel()
	db, ctx := storetest.Open(t, store.Options{}), t.Context()
	ix := openIndex(t, db, "x", kv.IndexOptions[string, string]{})
	_, err := ix.CompareAndSwap(ctx, "k", 1, "v")
	wantErr(t, "CompareAndSwap of what is not there", err, kv.ErrConflict)
	first, err := ix.CompareAndSwap(ctx, "k", 0, "v")
	wantErr(t, "CompareAndSwap(0)", err, nil)
	_, err = ix.CompareAndSwap(ctx, "k", 0, "w")
	wantErr(t, "CompareAndSwap(0) of what is there", err, kv.ErrConflict)
	second, err := ix.CompareAndSwap(ctx, "k", first, "w")
	if err != nil || second <= first {
		t.Fatalf("CompareAndSwap(%d) = %d, %v, want a greater revision", first, second, err)
	}
	wantErr(t, "CompareAndDelete of an old revision", ix.CompareAndDelete(ctx, "k", first), kv.ErrConflict)
	e, err := ix.GetEntry(ctx, "k")
	want(t, "GetEntry()", e, err, kv.Entry[string, string]{Key: "k", Value: "w", Revision: second})
	wantErr(t, "CompareAndDelete", ix.CompareAndDelete(ctx, "k", second), nil)
	wantErr(t, "CompareAndDelete of nothing", ix.CompareAndDelete(ctx, "k", 0), nil)
	old, err := ix.Swap(ctx, "k", "x")
	want(t, "Swap() of nothing", old, err, kv.Entry[string, string]{Key: "k"})
	old, err = ix.Swap(ctx, "k", "y")
	want(t, "Swap()", old.Value, err, "x")
	e, put, err := ix.PutIfAbsent(ctx, "k", "z")
	want(t, "PutIfAbsent()", []any{e.Value, put}, err, "[y false]")
}

func TestIndexUpdate(t *testing.T) {
	t.Parallel()
	db, ctx := storetest.Open(t, store.Options{}), t.Context()
	ix := openIndex(t, db, "x", kv.IndexOptions[string, []string]{})
	for _, word := range []string{"a", "b"} {
		_, err := ix.Update(ctx, "k", func(old []string, had bool) ([]string, error) {
			if had != (word == "b") {
				t.Errorf("Update() had = %v before %q", had, word)
			}
			return append(old, word), nil
		})
		wantErr(t, "Update()", err, nil)
	}
	failed := errors.New("failed")
	_, err := ix.Update(ctx, "k", func([]string, bool) ([]string, error) { return nil, failed })
	wantErr(t, "Update() that fails", err, failed)
	v, err := ix.Get(ctx, "k")
	want(t, "Get()", v, err, "[a b]")
}

func TestAddOverflow(t *testing.T) {
	t.Parallel()
	db, ctx := storetest.Open(t, store.Options{}), t.Context()
	ints := openIndex(t, db, "int64", kv.IndexOptions[string, int64]{})
	n, err := kv.Add(ctx, ints, "k", math.MaxInt64)
	want(t, "Add()", n, err, int64(math.MaxInt64))
	n, err = kv.Add(ctx, ints, "k", -1)
	want(t, "Add(-1)", n, err, int64(math.MaxInt64-1))
	_, err = kv.Add(ctx, ints, "k", 2)
	wantErr(t, "Add() above the largest", err, kv.ErrNumber)
	_, err = kv.Add(ctx, ints, "low", math.MinInt64)
	wantErr(t, "Add() of the smallest", err, nil)
	_, err = kv.Add(ctx, ints, "low", -1)
	wantErr(t, "Add() below the smallest", err, kv.ErrNumber)
	n, err = ints.Get(ctx, "k")
	want(t, "Get() after overflows", n, err, int64(math.MaxInt64-1))

	bytes := openIndex(t, db, "uint8", kv.IndexOptions[string, uint8]{})
	_, err = kv.Add(ctx, bytes, "k", 200)
	wantErr(t, "Add(200)", err, nil)
	_, err = kv.Add(ctx, bytes, "k", 56)
	wantErr(t, "Add(56) in a byte", err, kv.ErrNumber)
	floats := openIndex(t, db, "float", kv.IndexOptions[string, float64]{})
	_, err = kv.Add(ctx, floats, "k", math.MaxFloat64)
	wantErr(t, "Add() of a float", err, nil)
	for _, f := range []float64{math.MaxFloat64, math.Inf(-1), math.NaN()} {
		_, err = kv.Add(ctx, floats, "k", f)
		wantErr(t, fmt.Sprintf("Add(%v)", f), err, kv.ErrNumber)
	}
}

// A change that is rolled back, alone or with its transaction, leaves nothing behind:
// neither in the length nor among the files.
func TestIndexRollback(t *testing.T) {
	t.Parallel()
	db, ctx := storetest.Open(t, store.Options{BlobThreshold: 10}), t.Context()
	ix := openIndex(t, db, "x", kv.IndexOptions[string, string]{History: 5})
	big := strings.Repeat("x", 20)
	failed := errors.New("failed")
	wantErr(t, "PutMany()", ix.PutMany(ctx, maps.All(map[string]string{"a": big, "b": "b"})), nil)
	err := db.Update(ctx, func(tx *store.Tx) error {
		_, putErr := ix.PutTx(tx, "c", big)
		_, deleteErr := ix.DeleteTx(tx, "a")
		_, addErr := ix.PutTx(tx, "d", "d")
		n, err := ix.LenTx(tx)
		want(t, "LenTx() inside", n, err, 3)
		return errors.Join(putErr, deleteErr, addErr, failed)
	})
	wantErr(t, "Update()", err, failed)
	n, err := ix.Len(ctx)
	want(t, "Len()", n, err, 2)
	want(t, "All()", list(t, ix.All(ctx)), nil, []string{"a=" + big, "b=b"})

	var all sync.WaitGroup // commits of several operations, of which some fail
	for i := range 60 {
		all.Go(func() {
			err := db.Batch(ctx, true, func(tx *store.Tx) error {
				_, err := ix.PutTx(tx, fmt.Sprint(i), "v")
				if i%2 == 0 {
					err = errors.Join(err, failed)
				}
				return err
			})
			if (err == nil) != (i%2 == 1) {
				t.Errorf("Batch() of %d = %v", i, err)
			}
		})
	}
	all.Wait()
	n, err = ix.Len(ctx)
	want(t, "Len()", n, err, 2+30)
}

func TestPutMany(t *testing.T) {
	t.Parallel()
	db, ctx := storetest.Open(t, store.Options{BlobThreshold: 50}), t.Context()
	ix := openIndex(t, db, "x", kv.IndexOptions[int, string]{History: 1})
	var pairs []kv.Pair[int, string]
	for i := range 230 {
		pairs = append(pairs, kv.PairOf((i*7)%200, strings.Repeat(fmt.Sprint(i), i%30)))
	}
	for range 2 { // the second time all keys are there
		wantErr(t, "PutMany()", ix.PutMany(ctx, kv.Pairs(pairs...)), nil)
		n, err := ix.Len(ctx)
		want(t, "Len()", n, err, 200)
	}
	for i := range 200 {
		last := i
		if i < 30 {
			last += 200
		}
		v, err := ix.Get(ctx, (i*7)%200)
		want(t, "Get()", v, err, pairs[last].Second)
	}
	e, err := ix.First(ctx, kv.ScanOptions[int]{ByInsertion: true})
	want(t, "First()", e.Key, err, 0)
	many, err := ix.GetMany(ctx, 7, 1000, 14)
	want(t, "GetMany()", fmt.Sprint(many[0].Value, many[1].Revision, many[2].Key), err, fmt.Sprint(pairs[201].Second, 0, 14))
	deleted, err := ix.DeleteMany(ctx, 7, 1000, 7, 14)
	want(t, "DeleteMany()", deleted, err, 2)
	wantErr(t, "Clear()", ix.Clear(ctx), nil)
	n, err := ix.Len(ctx)
	want(t, "Len()", n, err, 0)
}

// Clear takes more than one transaction, ClearTx one.
func TestClear(t *testing.T) {
	t.Parallel()
	db, ctx := storetest.Open(t, store.Options{}), t.Context()
	ix := openIndex(t, db, "x", kv.IndexOptions[int, int]{History: 10})
	fill := func(yield func(int, int) bool) {
		for i := range 2500 {
			if !yield(i, i) {
				return
			}
		}
	}
	wantErr(t, "PutMany()", ix.PutMany(ctx, fill), nil)
	wantErr(t, "Clear()", ix.Clear(ctx), nil)
	n, err := ix.Len(ctx)
	want(t, "Len()", n, err, 0)
	wantErr(t, "PutMany()", ix.PutMany(ctx, fill), nil)
	failed := errors.New("failed")
	err = db.Update(ctx, func(tx *store.Tx) error {
		err := ix.ClearTx(tx)
		n, lenErr := ix.LenTx(tx)
		want(t, "LenTx()", n, lenErr, 0)
		return errors.Join(err, failed)
	})
	wantErr(t, "Update()", err, failed)
	n, err = ix.Len(ctx)
	want(t, "Len()", n, err, 2500)
}

// A loop may change what it goes over.
func TestScanWhileChanging(t *testing.T) {
	t.Parallel()
	db, ctx := storetest.Open(t, store.Options{BlobThreshold: 10, Durability: store.Relaxed}), t.Context()
	const n = 150 // more than a page
	value := func(i int) string { return strings.Repeat("x", 1+19*(i%30/29)) }
	for _, opts := range []kv.ScanOptions[int]{{}, {Reverse: true}, {ByInsertion: true}, {ByInsertion: true, Reverse: true}} {
		ix := openIndex(t, db, fmt.Sprint(opts.ByInsertion, opts.Reverse), kv.IndexOptions[int, string]{})
		for i := range n {
			_, err := ix.Put(ctx, i, value(i))
			wantErr(t, "Put()", err, nil)
		}
		seen := 0
		for e, err := range ix.Scan(ctx, opts) {
			wantErr(t, "Scan()", err, nil)
			if e.Key >= n || e.Value == "" {
				t.Fatalf("Scan(%+v) yielded %v", opts, e)
			}
			seen++
			_, err := ix.Put(ctx, (e.Key+n/2)%n, value(e.Key)) // before and behind the loop
			wantErr(t, "Put()", err, nil)
			if opts.ByInsertion {
				_, err = ix.Put(ctx, n+seen, "new")
				wantErr(t, "Put()", err, nil)
			}
		}
		if seen != n {
			t.Errorf("Scan(%+v) yielded %d entries, want %d", opts, seen, n)
		}
	}
}

// A value whose file is gone when the loop comes to it is read anew, or skipped.
func TestScanWhileFilesGo(t *testing.T) {
	t.Parallel()
	db, ctx := storetest.Open(t, store.Options{BlobThreshold: 10}), t.Context()
	ix := openIndex(t, db, "x", kv.IndexOptions[string, string]{})
	old, replaced := strings.Repeat("o", 20), strings.Repeat("r", 20)
	wantErr(t, "PutMany()", ix.PutMany(ctx, maps.All(map[string]string{"a": old, "b": old, "c": old, "d": old})), nil)
	var got []string
	for e, err := range ix.All(ctx) {
		wantErr(t, "All()", err, nil)
		got = append(got, e.Key+"="+e.Value)
		if e.Key == "a" {
			_, err := ix.Put(ctx, "b", replaced)
			wantErr(t, "Put()", err, nil)
			_, err = ix.Delete(ctx, "c")
			wantErr(t, "Delete()", err, nil)
		}
	}
	want(t, "All()", got, nil, []string{"a=" + old, "b=" + replaced, "d=" + old})
}

func TestOpenIndexRefuses(t *testing.T) {
	t.Parallel()
	db, ctx := storetest.Open(t, store.Options{}), t.Context()
	openIndex(t, db, "x", kv.IndexOptions[string, int]{})
	_, err := kv.OpenIndex(ctx, db, "x", kv.IndexOptions[int, int]{})
	wantErr(t, "OpenIndex() with other keys", err, kv.ErrKey)
	_, err = kv.OpenIndex(ctx, db, "y", kv.IndexOptions[map[string]int, int]{})
	wantErr(t, "OpenIndex() with maps as keys", err, kv.ErrKey)
	_, err = kv.OpenIndex(ctx, db, "y", kv.IndexOptions[any, int]{})
	wantErr(t, "OpenIndex() with anything as keys", err, kv.ErrKey)
	_, err = kv.OpenIndex(ctx, db, "a\nb", kv.IndexOptions[string, int]{})
	wantErr(t, "OpenIndex() of a bad name", err, kv.ErrName)
	if _, err = kv.OpenIndex(ctx, db, "y", kv.IndexOptions[string, int]{History: -1}); err == nil {
		t.Error("OpenIndex() with a negative history = nil")
	}
	ix := openIndex(t, db, "z", kv.IndexOptions[string, int]{})
	_, err = ix.Put(ctx, strings.Repeat("k", kv.MaxKey+1), 1)
	wantErr(t, "Put() of a long key", err, kv.ErrKey)
	_, err = ix.Put(ctx, strings.Repeat("\xff", kv.MaxKey), 1)
	wantErr(t, "Put() of the largest key", err, nil)
	want(t, "All()", len(list(t, ix.All(ctx))), nil, 1)
	err = db.View(ctx, func(tx *store.Tx) error {
		_, err := ix.PutTx(tx, "k", 1)
		return err
	})
	wantErr(t, "PutTx() in a View", err, store.ErrReadOnly)
	other := storetest.Open(t, store.Options{})
	err = other.Update(ctx, func(tx *store.Tx) error {
		_, err := ix.PutTx(tx, "k", 1)
		return err
	})
	if err == nil {
		t.Error("PutTx() in a transaction of another store = nil")
	}
}

// grant is one that does or does not stand.
type grant struct{ err error }

func (g grant) CheckTx(*store.Tx) error { return g.err }

func TestPutUnder(t *testing.T) {
	t.Parallel()
	db, ctx := storetest.Open(t, store.Options{}), t.Context()
	ix := openIndex(t, db, "x", kv.IndexOptions[string, int]{})
	_, err := ix.PutUnder(ctx, grant{store.ErrLost}, "k", 1)
	wantErr(t, "PutUnder() a lost grant", err, kv.ErrLost)
	_, err = ix.Get(ctx, "k")
	wantErr(t, "Get()", err, kv.ErrNotFound)
	_, err = ix.PutUnder(ctx, grant{}, "k", 1)
	wantErr(t, "PutUnder()", err, nil)
}

// Of all types only []byte and string themselves are kept as they are. What was stored as
// JSON cannot be told from bytes that look so, so that this must not change.
func TestDefinedTypesAreJSON(t *testing.T) {
	t.Parallel()
	type bytes []byte
	type text string
	db, ctx := storetest.Open(t, store.Options{}), t.Context()
	stored := openIndex(t, db, "x", kv.IndexOptions[string, string]{})
	_, err := openIndex(t, db, "x", kv.IndexOptions[string, bytes]{}).Put(ctx, "bytes", bytes("hi"))
	wantErr(t, "Put()", err, nil)
	_, err = openIndex(t, db, "x", kv.IndexOptions[string, text]{}).Put(ctx, "text", "hi")
	wantErr(t, "Put()", err, nil)
	_, err = openIndex(t, db, "x", kv.IndexOptions[string, json.RawMessage]{}).Put(ctx, "raw", json.RawMessage("[1]"))
	wantErr(t, "Put()", err, nil)
	got := list(t, stored.All(ctx))
	want(t, "stored", got, nil, `[bytes="aGk=" raw=[1] text="hi"]`)
}

package memo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	mathrand "math/rand"
	mathrand2 "math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/dcq-go/dcq/memo"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

type shape struct {
	A any
	B *int
	C []string
}

type cycle struct{ Next *cycle }

func key(t testing.TB, v any) []byte {
	t.Helper()
	b, err := memo.Key(v)
	if err != nil {
		t.Fatalf("Key(%#v) = %v", v, err)
	}
	return b
}

// No two of these are equal, so no two have one key.
func TestKeysDiffer(t *testing.T) {
	t.Parallel()
	one, long := 1, strings.Repeat("x", 1000)
	all := []any{
		nil, 0, 1, -1, uint(1), 1.0, 1.5, math.NaN(), "", "1", "a", []byte{}, []byte("1"), true, false, 1i,
		[]string{}, []string{""}, []string{"ab", "c"}, []string{"a", "bc"}, []string{"abc"},
		[2]string{"a", "b"}, []int{1}, []int{1, 0}, []any{1}, []any{"1"}, []any{nil}, []any{int64(1)}, []any{uint8(1)},
		shape{}, shape{A: 0}, shape{A: ""}, shape{B: &one}, shape{A: 1}, shape{A: "1"}, shape{C: []string{}}, shape{C: []string{"A"}},
		map[string]int{}, shape{A: []byte(nil)}, shape{A: []string(nil)}, shape{A: map[string]int(nil)}, shape{A: &one}, map[string]int{"a": 1, "b": 2}, map[string]int{"a": 2, "b": 1},
		map[string]string{"a": "b"}, map[string]string{"b": "a"},
		time.Unix(0, 0), time.Unix(0, 1), time.Unix(1, 0),
		long, long + "x", []string{long}, []string{long, ""},
	}
	for i, a := range all {
		for _, b := range all[:i] {
			if bytes.Equal(key(t, a), key(t, b)) {
				t.Errorf("%#v and %#v have one key", a, b)
			}
		}
	}
}

// What is equal has one key, wherever it is in memory.
func TestKeysAgree(t *testing.T) {
	t.Parallel()
	one, other, zero := 1, 1, 0.0
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	for _, c := range [][2]any{
		{shape{B: &one}, shape{B: &other}}, {&one, 1}, {zero, -zero}, {math.NaN(), -math.NaN()},
		{map[string]int{"a": 1, "b": 2}, map[string]int{"b": 2, "a": 1}},
		{noon, noon.In(time.FixedZone("east", 3600))},
	} {
		if !bytes.Equal(key(t, c[0]), key(t, c[1])) {
			t.Errorf("%#v and %#v have different keys", c[0], c[1])
		}
	}
}

func TestKeyRefuses(t *testing.T) {
	t.Parallel()
	c := &cycle{}
	c.Next = c
	for _, v := range []any{func() {}, make(chan int), shape{A: func() {}}, c, []any{c}, struct{ at time.Time }{}} {
		if _, err := memo.Key(v); !errors.Is(err, memo.ErrKey) {
			t.Errorf("Key(%T) = %v, want %v", v, err, memo.ErrKey)
		}
	}
}

// Whatever a pointer, an interface or a list of types leads to is part of the key: two
// packages, or two kinds, that have types of one name are kept apart.
func TestKeyTypes(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	name := func(_ context.Context, v any) (string, error) { return fmt.Sprintf("%T %v", v, v), nil }
	f := open(t, db, name, memo.Options[any, string]{})
	type text string
	for _, v := range []any{
		1, int8(1), int64(1), uint(1), 1.0, "1", text("1"), []text{}, []string{}, [0]int{}, [0]text{}, map[string]text{}, map[text]text{}, (*int)(nil), (*text)(nil), nil,
		[]mathrand.Source{}, []mathrand2.Source{}, []*mathrand.Rand{}, []*mathrand2.Rand{},
	} {
		want, _ := name(t.Context(), v)
		if got, err := f.Get(t.Context(), v); err != nil || got != want {
			t.Errorf("Get(%T) = %q, %v", v, got, err)
		}
	}
	if a, _ := f.Get(t.Context(), []mathrand.Source{}); a != "[]rand.Source []" {
		t.Errorf("Get([]rand.Source) = %q", a)
	}
	if n, err := f.InvalidateAll(t.Context()); n != 20 || err != nil {
		t.Errorf("InvalidateAll() = %d, %v, want 20", n, err)
	}
}

type tree struct{ Left, Right *tree }

// A value whose parts are shared, so that it is small in memory and large in writing, is
// refused in time.
func TestKeyBounds(t *testing.T) {
	t.Parallel()
	shared := &tree{}
	for range 50 {
		shared = &tree{shared, shared}
	}
	for _, v := range []any{shared, map[string]any{"a": shared}, make([]bool, 1<<20)} {
		if _, err := memo.Key(v); !errors.Is(err, memo.ErrKey) {
			t.Errorf("Key(%T) = %v, want %v", v, err, memo.ErrKey)
		}
	}
	if b := key(t, make([]byte, 1<<21)); len(b) != 33 {
		t.Errorf("a long key has %d bytes", len(b))
	}
}

// FuzzKey compares keys of values that are made from bytes in two ways: they are the same
// exactly if the values are equal.
func FuzzKey(f *testing.F) {
	f.Add("ab", "c", "a", "bc", int64(0), int64(1))
	f.Add("", "", "", "", int64(0), int64(0))
	f.Add(strings.Repeat("x", 300), "", "", strings.Repeat("x", 300), int64(-1), int64(1))
	f.Fuzz(func(t *testing.T, a, b, c, d string, m, n int64) {
		pairs := [][2]any{
			{[]any{a, b, m}, []any{c, d, n}},
			{[]string{a, b}, []string{c, d}},
			{map[string]string{a: b}, map[string]string{c: d}},
			{map[string]int64{a: m, b: n}, map[string]int64{c: n, d: m}},
			{shape{A: a, B: &one, C: []string{b}}, shape{A: c, B: &one, C: []string{d}}},
			{struct {
				A []byte
				B int64
			}{[]byte(a), m}, struct {
				A []byte
				B int64
			}{[]byte(c), n}},
			{[]string{a, b, c}, []string{a, b + c}},
			{[]any{a, []any{b}, c}, []any{a, []any{b, c}}},
		}
		for _, p := range pairs {
			same := bytes.Equal(key(t, p[0]), key(t, p[1]))
			if want := reflect.DeepEqual(p[0], p[1]); same != want {
				t.Errorf("one key for %#v and %#v: %v, want %v", p[0], p[1], same, want)
			}
		}
	})
}

var one = 1

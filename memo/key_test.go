package memo_test

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/dcq-go/dcq/memo"
)

type call struct {
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
		call{}, call{A: 0}, call{A: ""}, call{B: &one}, call{A: 1}, call{A: "1"}, call{C: []string{}}, call{C: []string{"A"}},
		map[string]int{}, call{A: []byte(nil)}, call{A: []string(nil)}, call{A: map[string]int(nil)}, call{A: &one}, map[string]int{"a": 1, "b": 2}, map[string]int{"a": 2, "b": 1},
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
		{call{B: &one}, call{B: &other}}, {&one, 1}, {zero, -zero}, {math.NaN(), -math.NaN()},
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
	for _, v := range []any{func() {}, make(chan int), call{A: func() {}}, c, []any{c}, struct{ at time.Time }{}} {
		if _, err := memo.Key(v); !errors.Is(err, memo.ErrKey) {
			t.Errorf("Key(%T) = %v, want %v", v, err, memo.ErrKey)
		}
	}
}

package kv_test

import (
	"bytes"
	"cmp"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/dcq-go/dcq/kv"
)

// keysOf returns the codec that an index of K has by itself.
func keysOf[K any](t testing.TB) kv.KeyCodec[K] {
	t.Helper()
	codec, err := kv.DefaultKeys[K]()
	if err != nil {
		t.Fatal(err)
	}
	return codec
}

// checkOrder fails the test unless a and b come back from their encodings, which have
// their order.
func checkOrder[K any](t testing.TB, compare func(a, b K) int, a, b K) {
	t.Helper()
	codec := keysOf[K](t)
	var encoded [2][]byte
	for i, key := range []K{a, b} {
		var err error
		if encoded[i], err = codec.Encode(key); err != nil {
			t.Fatalf("Encode(%#v) = %v", key, err)
		}
		back, err := codec.Decode(encoded[i])
		if err != nil || compare(back, key) != 0 {
			t.Fatalf("Decode(Encode(%#v)) = %#v, %v", key, back, err)
		}
	}
	if got, wanted := bytes.Compare(encoded[0], encoded[1]), compare(a, b); got != wanted {
		t.Fatalf("%#v is encoded as %x, %#v as %x: order %d, want %d", a, encoded[0], b, encoded[1], got, wanted)
	}
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

type (
	named     int8
	namedTime time.Time
	visit     struct {
		Host string
		At   time.Time
		N    named
	}
)

func comparePairs(a, b kv.Pair[string, int64]) int {
	return cmp.Or(strings.Compare(a.First, b.First), cmp.Compare(a.Second, b.Second))
}

type triple = kv.Triple[[]byte, bool, kv.Pair[string, float64]]

func compareTriples(a, b triple) int {
	return cmp.Or(bytes.Compare(a.First, b.First), compareBools(a.Second, b.Second),
		strings.Compare(a.Third.First, b.Third.First), cmp.Compare(a.Third.Second, b.Third.Second))
}

func compareVisits(a, b visit) int {
	return cmp.Or(strings.Compare(a.Host, b.Host), a.At.Compare(b.At), cmp.Compare(a.N, b.N))
}

// keySource makes values that are likely to be hard: extremes, and near each other.
type keySource struct{ *rand.Rand }

func (r keySource) integer() int64 {
	extremes := []int64{0, 1, -1, math.MaxInt64, math.MinInt64, 255, 256, -256, 1 << 32}
	if r.IntN(2) == 0 {
		return extremes[r.IntN(len(extremes))] + int64(r.IntN(3)) - 1
	}
	return int64(r.Uint64())
}

func (r keySource) text() string {
	b := make([]byte, r.IntN(4))
	for i := range b {
		b[i] = []byte{0, 1, 2, 'a', 0xfe, 0xff}[r.IntN(6)]
	}
	return string(b)
}

func (r keySource) float() float64 {
	extremes := []float64{0, math.Copysign(0, -1), 1, -1, math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64}
	if r.IntN(2) == 0 {
		return extremes[r.IntN(len(extremes))]
	}
	return r.NormFloat64()
}

// time is of any year up to 10,000 on both sides.
func (r keySource) time() time.Time {
	return time.Unix(r.Int64N(600_000_000_000)-300_000_000_000, r.Int64N(1_000_000_000)*r.Int64N(2))
}

func TestKeyOrder(t *testing.T) {
	t.Parallel()
	r := keySource{seed.Rand(t)}
	for range 5000 {
		checkOrder(t, cmp.Compare, r.integer(), r.integer())
		checkOrder(t, cmp.Compare, uint64(r.integer()), uint64(r.integer()))
		checkOrder(t, cmp.Compare, named(r.integer()), named(r.integer()))
		checkOrder(t, strings.Compare, r.text(), r.text())
		checkOrder(t, bytes.Compare, []byte(r.text()), []byte(r.text()))
		checkOrder(t, cmp.Compare, r.float(), r.float())
		checkOrder(t, cmp.Compare, float32(r.float()), float32(r.float()))
		checkOrder(t, compareBools, r.IntN(2) == 0, r.IntN(2) == 0)
		checkOrder(t, time.Time.Compare, r.time(), r.time())
		checkOrder(t, func(a, b namedTime) int { return time.Time(a).Compare(time.Time(b)) }, namedTime(r.time()), namedTime(r.time()))
		checkOrder(t, comparePairs, kv.PairOf(r.text(), r.integer()), kv.PairOf(r.text(), r.integer()))
		make3 := func() triple {
			return kv.TripleOf([]byte(r.text()), r.IntN(2) == 0, kv.PairOf(r.text(), r.float()))
		}
		checkOrder(t, compareTriples, make3(), make3())
		checkOrder(t, compareVisits, visit{r.text(), r.time(), named(r.integer())}, visit{r.text(), r.time(), named(r.integer())})
		uuid := func() (u [16]byte) { copy(u[:], r.text()+r.text()); return u }
		checkOrder(t, func(a, b [16]byte) int { return bytes.Compare(a[:], b[:]) }, uuid(), uuid())
	}
}

// The keys with a tuple prefix are those that begin with its components.
func TestTuplePrefix(t *testing.T) {
	t.Parallel()
	r := keySource{seed.Rand(t)}
	codec := keysOf[kv.Triple[string, int64, string]](t)
	for range 5000 {
		key := kv.TripleOf(r.text(), r.integer()%2, r.text())
		first, second := r.text(), r.integer()%2
		b, err := codec.Encode(key)
		wantErr(t, "Encode()", err, nil)
		one, err := kv.TuplePrefix(first)
		wantErr(t, "TuplePrefix()", err, nil)
		two, err := kv.TuplePrefix(first, second)
		wantErr(t, "TuplePrefix()", err, nil)
		if got, wanted := bytes.HasPrefix(b, one), key.First == first; got != wanted {
			t.Fatalf("%x begins with %x of %q: %v", b, one, first, got)
		}
		if got, wanted := bytes.HasPrefix(b, two), key.First == first && key.Second == second; got != wanted {
			t.Fatalf("%x begins with %x of %q, %d: %v", b, two, first, second, got)
		}
	}
	for _, bad := range []any{nil, math.NaN(), map[string]int{}, struct{ hidden int }{}} {
		if _, err := kv.TuplePrefix(bad); !errors.Is(err, kv.ErrKey) {
			t.Errorf("TuplePrefix(%v) = %v, want %v", bad, err, kv.ErrKey)
		}
	}
}

// checkDecode fails the test if bytes decode into a key that is encoded otherwise.
func checkDecode[K any](t *testing.T, b []byte) {
	codec := keysOf[K](t)
	key, err := codec.Decode(b)
	if err != nil {
		return
	}
	if again, err := codec.Encode(key); err != nil || !bytes.Equal(again, b) {
		t.Errorf("%x decodes into the %v %#v, which is encoded as %x, %v", b, reflect.TypeFor[K](), key, again, err)
	}
}

// Whatever bytes there are, no two sets of them are the same key.
func FuzzKeyDecode(f *testing.F) {
	for _, s := range []string{"", "\x00", "\x00\x01", "a\x00\xff\x00\x01", strings.Repeat("\xff", 12), "\x80" + strings.Repeat("\x00", 11), "\x7f\xff" + strings.Repeat("\xff", 6)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		checkDecode[int64](t, b)
		checkDecode[int8](t, b)
		checkDecode[uint16](t, b)
		checkDecode[bool](t, b)
		checkDecode[string](t, b)
		checkDecode[[]byte](t, b)
		checkDecode[[4]byte](t, b)
		checkDecode[float64](t, b)
		checkDecode[float32](t, b)
		checkDecode[time.Time](t, b)
		checkDecode[kv.Pair[string, bool]](t, b)
		checkDecode[kv.Triple[[]byte, int8, string]](t, b)
		checkDecode[visit](t, b)
	})
}

func FuzzKeyOrder(f *testing.F) {
	f.Add("a", "a\x00", int64(-1), int64(1), 0.5, -0.5)
	f.Fuzz(func(t *testing.T, s1, s2 string, n1, n2 int64, f1, f2 float64) {
		if math.IsNaN(f1) || math.IsNaN(f2) {
			return
		}
		checkOrder(t, strings.Compare, s1, s2)
		checkOrder(t, cmp.Compare, f1, f2)
		checkOrder(t, comparePairs, kv.PairOf(s1, n1), kv.PairOf(s2, n2))
		checkOrder(t, compareTriples, kv.TripleOf([]byte(s1), n1 < 0, kv.PairOf(s2, f1)), kv.TripleOf([]byte(s2), n2 < 0, kv.PairOf(s1, f2)))
		at := func(n int64) time.Time { return time.Unix(n%(1<<40), n%1_000_000_000) }
		checkOrder(t, time.Time.Compare, at(n1), at(n2))
	})
}

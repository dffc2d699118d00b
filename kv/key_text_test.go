package kv_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// Who does not know the type of the keys reads and writes them as text.
func TestTextKeys(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	testTextKeys(t, db, "int", []int64{math.MinInt64, -5, 0, 42, math.MaxInt64}, "x", "", "1.0", "9223372036854775808")
	testTextKeys(t, db, "uint", []uint{0, 42, math.MaxUint}, "-1", "x", "18446744073709551616")
	testTextKeys(t, db, "bytes", []string{"", "-5", "a\x00b", "\xff"})
	for _, form := range []string{"", "bool", "bytes3", "(int,bytes)", "custom"} {
		if _, err := kv.TextKeys(form); !errors.Is(err, kv.ErrKey) || !strings.Contains(err.Error(), form) {
			t.Errorf("TextKeys(%s) = %v, want %v that names it", form, err, kv.ErrKey)
		}
	}
	small := openIndex(t, db, "small", kv.IndexOptions[int8, string]{})
	text := openTextKeys(t, db, "small", "int")
	_, err := text.Put(t.Context(), "300", "")
	wantErr(t, "Put()", err, nil)
	_, err = small.Last(t.Context(), kv.ScanOptions[int8]{})
	wantErr(t, "Last() of a key that is too large", err, kv.ErrDecode)
}

func openTextKeys(t *testing.T, db *store.DB, name, form string) *kv.Index[string, string] {
	t.Helper()
	codec, err := kv.TextKeys(form)
	wantErr(t, "TextKeys()", err, nil)
	return openIndex(t, db, name, kv.IndexOptions[string, string]{Key: codec})
}

// testTextKeys tests keys in their order, and texts that are none.
func testTextKeys[K any](t *testing.T, db *store.DB, form string, keys []K, bad ...string) {
	t.Helper()
	ix, text := openIndex(t, db, form, kv.IndexOptions[K, string]{}), openTextKeys(t, db, form, form)
	for _, key := range keys {
		_, err := text.Put(t.Context(), fmt.Sprint(key), "")
		wantErr(t, "Put()", err, nil)
		_, err = ix.Update(t.Context(), key, func(_ string, had bool) (string, error) {
			want(t, "the key is there", had, nil, true)
			return fmt.Sprint(key), nil
		})
		wantErr(t, "Update()", err, nil)
	}
	i := 0
	for e, err := range text.All(t.Context()) {
		want(t, "a key and its value", e.Key+" "+e.Value, err, fmt.Sprint(keys[i], " ", keys[i]))
		i++
	}
	want(t, "the number of keys", i, nil, len(keys))
	for _, b := range bad {
		_, err := text.Put(t.Context(), b, "")
		wantErr(t, "Put("+b+")", err, kv.ErrKey)
	}
	other := "int"
	if form == other {
		other = "uint"
	}
	codec, err := kv.TextKeys(other)
	wantErr(t, "TextKeys()", err, nil)
	_, err = kv.OpenIndex(t.Context(), db, form, kv.IndexOptions[string, string]{Key: codec})
	wantErr(t, "OpenIndex() with keys of another form", err, kv.ErrKey)
}

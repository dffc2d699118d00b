package diskcache_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/dcq-go/dcq/internal/diskcache"
)

// FuzzRow reads a row of which everything is made up. Whatever it is, the reader yields
// one item, either with a problem or within its bounds.
func FuzzRow(f *testing.F) {
	f.Add([]byte("key"), int64(1), "1", []byte("value"), "ab/cd/x.val", int64(1), int64(5), false)
	f.Add(deflate(`"key"`), int64(1), "2e9", deflate(`[1]`), "", int64(1), int64(0), true)
	f.Add([]byte("key"), int64(0), "", []byte("c__builtin__"), "../../etc/passwd", int64(2), int64(9), false)
	f.Add([]byte("key"), int64(1), "nan", []byte("x"), "x.val", int64(3), int64(2), true)
	const limit = 1 << 12
	f.Fuzz(func(t *testing.T, key []byte, raw int64, expires string, value []byte, name string, mode, size int64, isJSON bool) {
		dir := write(t, "none", entry{key: key, raw: raw, expires: expires, mode: mode, size: size, file: name, value: value})
		file(t, dir, "x.val", "in")
		r := open(t, dir, diskcache.Options{JSON: isJSON, MaxValue: limit})
		got := items(t, r, true)
		if len(got) != 1 {
			t.Fatalf("%d items, want 1", len(got))
		}
		item := got[0]
		if item.Problem != nil {
			return
		}
		if len(item.Value) > limit || raw != 1 || mode < 1 || mode > 3 {
			t.Errorf("%+v of raw %d, mode %d", item, raw, mode)
		}
		if r.JSON && mode < 3 && !json.Valid(item.Value) {
			t.Errorf("%q is no JSON", item.Value)
		}
		if mode > 1 && string(item.Value) != "in" {
			t.Errorf("%q is not what is in the file", item.Value)
		}
	})
}

// FuzzDatabase reads a database with any byte changed. It may find anything, or refuse,
// but not crash, nor run for ever.
func FuzzDatabase(f *testing.F) {
	dir := write(f, "none", entry{key: "a", value: "b"}, entry{key: deflate(`"c"`), value: deflate(`1`)})
	for offset := range 16 {
		f.Add(offset*997, byte(1<<(offset%8)))
	}
	good := read(f, dir)
	f.Fuzz(func(t *testing.T, offset int, change byte) {
		bad := bytes.Clone(good)
		bad[int(uint(offset)%uint(len(bad)))] ^= change
		dir := t.TempDir()
		file(t, dir, "cache.db", string(bad))
		r, err := diskcache.Open(t.Context(), dir, diskcache.Options{})
		if err != nil {
			return
		}
		defer r.Close()
		n := 0
		for _, err := range r.Items(context.Background(), false) {
			if n++; n > 1000 {
				t.Fatal("more items than there is room for")
			}
			if err != nil && !errors.Is(err, diskcache.ErrFormat) {
				t.Errorf("Items() = %v", err)
			}
		}
	})
}

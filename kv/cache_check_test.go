package kv_test

import (
	"strings"
	"testing"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
)

// Check finds what is damaged.
func TestCacheCheck(t *testing.T) {
	damages := []struct{ damage, repair, want string }{
		{`UPDATE dcq_caches SET items = items + 1`, `UPDATE dcq_caches SET items = items - 1`, "number of items"},
		{`UPDATE dcq_caches SET volume = volume + 1`, `UPDATE dcq_caches SET volume = volume - 1`, "volume"},
		{`UPDATE dcq_cache_items SET cache_id = -cache_id`, `UPDATE dcq_cache_items SET cache_id = -cache_id`, "does not exist"},
		{`UPDATE dcq_cache_items SET blob = upper(blob)`, `UPDATE dcq_cache_items SET blob = lower(blob)`, "not in the store"},
		{`UPDATE dcq_cache_items SET size = size + 1`, `UPDATE dcq_cache_items SET size = size - 1`, "another size"},
		{`UPDATE dcq_cache_items SET rank = rank + 100000`, `UPDATE dcq_cache_items SET rank = rank - 100000`, "ranked ahead"},
		{`UPDATE dcq_cache_items SET id = id + 100000`, `UPDATE dcq_cache_items SET id = id - 100000`, "the id"},
	}
	f := newFixture(t)
	c, ctx := f.cache(stringOptions{}), t.Context()
	f.set(c, "a", large("a"), kv.SetOptions{Tag: "tä"})
	for _, d := range damages {
		exec := func(query string) {
			f.must(f.db.Update(ctx, func(tx *store.Tx) error { _, err := tx.Exec(query); return err }))
		}
		exec(d.damage)
		problems, err := f.db.Check(ctx)
		f.must(err)
		found := false
		for _, p := range problems {
			found = found || p.Package == "kv" && strings.Contains(p.Text, d.want)
		}
		if !found {
			t.Errorf("Check() after %q found %v, want something about %q", d.damage, problems, d.want)
		}
		exec(d.repair)
	}
}

// Check only reports: DiskCache's check(fix) removes the files of a cache that lies in
// the directory of another.
func TestCacheCheckChangesNothing(t *testing.T) {
	f := newFixture(t)
	outer := f.cache(stringOptions{})
	f.set(outer, "a", large("a"), kv.SetOptions{})
	nested, err := store.Open(t.Context(), f.db.Dir()+"/nested", store.Options{BlobThreshold: threshold, Clock: f.clock})
	f.must(err)
	defer nested.Close()
	inner := openCache(t, nested, stringOptions{})
	f.set(inner, "a", large("i"), kv.SetOptions{})
	f.clock.Step(24 * 365 * 100 * 3600 * 1e9 / 2) // all files are old
	_, err = f.db.Check(t.Context())
	f.must(err)
	n, err := f.db.SweepBlobs(t.Context())
	equal(t, "SweepBlobs()", n, err, 0)
	f.want(outer, "a", large("a"))
	f.want(inner, "a", large("i"))
}

package memo_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// invalidations are the ways to invalidate "x", whose tag is "x" too.
var invalidations = map[string]func(context.Context, *texts) error{
	"Invalidate": func(ctx context.Context, f *texts) error { return f.Invalidate(ctx, "x") },
	"InvalidateTx": func(ctx context.Context, f *texts) error {
		return f.DB().Update(ctx, func(tx *store.Tx) error { return f.InvalidateTx(tx, "x") })
	},
	"InvalidateTag": func(ctx context.Context, f *texts) error {
		_, err := f.InvalidateTag(ctx, "x")
		return err
	},
	"InvalidateTagTx": func(ctx context.Context, f *texts) error {
		return f.DB().Update(ctx, func(tx *store.Tx) error {
			_, err := f.InvalidateTagTx(tx, "x")
			return err
		})
	},
	"InvalidateAll": func(ctx context.Context, f *texts) error {
		_, err := f.InvalidateAll(ctx)
		return err
	},
	"InvalidateAllTx": func(ctx context.Context, f *texts) error {
		return f.DB().Update(ctx, func(tx *store.Tx) error {
			_, err := f.InvalidateAllTx(tx)
			return err
		})
	},
}

var tagged = opts{Tag: func(arg string) string { return arg }}

// What was invalidated is computed again, and nothing else.
func TestInvalidate(t *testing.T) {
	t.Parallel()
	for name, invalidate := range invalidations {
		t.Run(name, func(t *testing.T) {
			db := storetest.Open(t, store.Options{})
			var fn counted
			f := open(t, db, fn.fn, tagged)
			fn.set("one", nil)
			expectGet(t, f, "x", "one")
			expectGet(t, f, "y", "one")
			fn.set("two", nil)
			if err := invalidate(t.Context(), f); err != nil {
				t.Fatal(err)
			}
			expectGet(t, f, "x", "two")
			if strings.HasPrefix(name, "InvalidateAll") {
				expectGet(t, f, "y", "two")
				return
			}
			expectGet(t, f, "y", "one")
		})
	}
}

func TestInvalidateCounts(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	var fn counted
	f := open(t, db, fn.fn, opts{Tag: func(arg string) string { return strings.TrimRight(arg, "0123456789") }})
	if err := f.Warm(t.Context(), "a1", "a2", "b1", "", "c"); err != nil {
		t.Fatal(err)
	}
	if n, err := f.InvalidateTag(t.Context(), "a"); n != 2 || err != nil {
		t.Errorf("InvalidateTag(a) = %d, %v, want 2", n, err)
	}
	if n, err := f.InvalidateAll(t.Context()); n != 3 || err != nil {
		t.Errorf("InvalidateAll() = %d, %v, want 3", n, err)
	}
}

// What is computed while it is invalidated, here or elsewhere, is not remembered. Who
// asked before gets it; who asks later does not, and does not wait for it if only its
// key was invalidated here.
func TestInvalidateDuringCall(t *testing.T) {
	t.Parallel()
	for name, invalidate := range invalidations {
		for _, where := range []string{"here", "elsewhere"} {
			t.Run(name+" "+where, func(t *testing.T) {
				dir := t.TempDir()
				db, elsewhere := storetest.OpenDir(t, dir, store.Options{}), storetest.OpenDir(t, dir, store.Options{})
				p := make(player)
				f := open(t, db, p.fn, tagged)
				from := map[string]*texts{"here": f, "elsewhere": open(t, elsewhere, p.fn, tagged)}[where]
				before := get(t.Context(), f, "x")
				old := <-p
				if err := invalidate(t.Context(), from); err != nil {
					t.Fatal(err)
				}
				after := get(t.Context(), f, "x")
				if where == "here" && (name == "Invalidate" || name == "InvalidateTx") {
					c := <-p
					c.returns("new")
					expect(t, after, "new", nil)
					old.returns("old")
				} else {
					untilWaiting(f, "x", 2)
					old.returns("old")
					(<-p).returns("new")
					expect(t, after, "new", nil)
				}
				expect(t, before, "old", nil)
				expectGet(t, f, "x", "new")
			})
		}
	}
}

// A large result that is not remembered leaves no file.
func TestLostCallLeavesNoFile(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{BlobThreshold: 1000})
	p := make(player)
	f := open(t, db, p.fn, opts{})
	got := get(t.Context(), f, "x")
	c := <-p
	if err := f.Invalidate(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	large := strings.Repeat("x", 2000)
	c.returns(large)
	expect(t, got, large, nil)
	got = get(t.Context(), f, "y")
	(<-p).returns(large)
	expect(t, got, large, nil)
	files, err := filepath.Glob(filepath.Join(db.Dir(), "blobs", "*", "*"))
	if len(files) != 1 || err != nil {
		t.Errorf("there are the files %q, %v, want that of y", files, err)
	}
}

// A call that fails because its right was taken away is repeated for those who wait.
func TestLostCallIsRepeated(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	p := make(player)
	f := open(t, db, p.fn, opts{})
	for _, ask := range []func() <-chan answered{
		func() <-chan answered { return get(t.Context(), f, "x") },
		func() <-chan answered { return force(t.Context(), f, "x") },
	} {
		got := ask()
		c := <-p
		if err := f.Invalidate(t.Context(), "x"); err != nil {
			t.Fatal(err)
		}
		c.fails(errOther)
		(<-p).returns("one")
		expect(t, got, "one", nil)
	}
}

func force(ctx context.Context, f *texts, arg string) <-chan answered {
	got := make(chan answered, 1)
	go func() {
		v, err := f.Force(ctx, arg)
		got <- answered{v, err}
	}()
	return got
}

// A transaction that fails invalidates nothing.
func TestInvalidateTxRolledBack(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	p := make(player)
	f := open(t, db, p.fn, opts{})
	got := get(t.Context(), f, "x")
	c := <-p
	err := db.Update(t.Context(), func(tx *store.Tx) error { return errors.Join(f.InvalidateTx(tx, "x"), errOther) })
	if !errors.Is(err, errOther) {
		t.Fatal(err)
	}
	c.returns("one")
	expect(t, got, "one", nil)
	expectGet(t, f, "x", "one")
}

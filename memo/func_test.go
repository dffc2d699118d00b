package memo_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/memo"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// A hundred goroutines that ask for the same at once share one call, and later ones are
// served what it returned, also by another opening of the store.
func TestGet(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, elsewhere := storetest.OpenDir(t, dir, store.Options{}), storetest.OpenDir(t, dir, store.Options{})
	var calls atomic.Int64
	double := func(_ context.Context, n int) (int, error) {
		calls.Add(1)
		return 2 * n, nil
	}
	here, there := open(t, db, double, memo.Options[int, int]{}), open(t, elsewhere, double, memo.Options[int, int]{})
	var wg sync.WaitGroup
	for i := range 100 {
		f := []*memo.Func[int, int]{here, there}[i%2]
		wg.Go(func() {
			if v, err := f.Get(t.Context(), 21); v != 42 || err != nil {
				t.Errorf("Get(21) = %v, %v", v, err)
			}
		})
	}
	wg.Wait()
	if n := calls.Load(); n != 1 {
		t.Errorf("the function was called %d times", n)
	}
}

func TestPeek(t *testing.T) {
	t.Parallel()
	db, clock := openAt(t)
	var fn counted
	f := open(t, db, fn.fn, opts{})
	expectPeek(t, f, "x", "", memo.ErrNotFound)
	if _, _, err := f.Peek(t.Context(), "x"); !errors.Is(err, kv.ErrNotFound) {
		t.Errorf("Peek() = %v, want kv.ErrNotFound", err)
	}
	fn.expectCalls(t, 0)
	fn.set("one", nil)
	expectGet(t, f, "x", "one")
	if info := expectPeek(t, f, "x", "one", nil); !info.Created.Equal(clock.Now()) || !info.Fresh || info.Failures != 0 {
		t.Errorf("Peek() = %+v", info)
	}
	if f.String() != `memo "f"` || f.DB() != db {
		t.Errorf("String() = %s", f)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	var fn counted
	for _, name := range []string{"", strings.Repeat("n", 181), "a\nb", "\xff"} {
		if _, err := memo.Open(t.Context(), db, name, fn.fn, opts{TTL: 1}); !errors.Is(err, memo.ErrName) {
			t.Errorf("Open(%q) = %v, want %v", name, err, memo.ErrName)
		}
	}
	long, err := memo.Open(t.Context(), db, strings.Repeat("n", 180), fn.fn, opts{TTL: 1})
	if err != nil {
		t.Errorf("Open with a name of 180 bytes = %v", err)
	} else if _, err := long.Get(t.Context(), ""); err != nil {
		t.Errorf("Get with a name of 180 bytes = %v", err)
	}
	const century = 100 * 365 * 24 * time.Hour
	bad := map[string]opts{
		"TTL": {TTL: -1}, "Stale": {Stale: -1}, "NegativeTTL": {NegativeTTL: -1}, "Backoff": {Backoff: -1}, "Refreshers": {Refreshers: -1},
		"Jitter": {Jitter: 1}, "Beta": {Beta: math.NaN()}, "Negative": {Negative: []error{nil}}, "Lease": {Lease: 1}, "SizeLimit": {SizeLimit: -1},
	}
	for field, o := range bad {
		if field != "TTL" {
			o.TTL = 1
		}
		if _, err := memo.Open(t.Context(), db, "bad", fn.fn, o); err == nil || !strings.Contains(err.Error(), "Options."+field) {
			t.Errorf("Open with a bad %s = %v", field, err)
		}
	}
	all := opts{Stale: century + 1, NegativeTTL: century + 1, Backoff: century + 1, Jitter: math.NaN(), Refreshers: -1}
	_, err = memo.Open(t.Context(), db, "bad", fn.fn, all)
	for _, field := range []string{"TTL", "Stale", "NegativeTTL", "Backoff", "Jitter", "Refreshers"} {
		if err == nil || !strings.Contains(err.Error(), "Options."+field) {
			t.Errorf("Open with all faults does not mention %s: %v", field, err)
		}
	}
	most := opts{TTL: century, Stale: century, NegativeTTL: century, Backoff: century}
	f, err := memo.Open(t.Context(), db, "most", fn.fn, most)
	if err != nil {
		t.Fatal(err)
	}
	expectGet(t, f, "x", "")
	if info := expectPeek(t, f, "x", "", nil); !info.Fresh || info.Expires.Sub(info.Created) < 189*365*24*time.Hour {
		t.Errorf("Peek() of what lives long = %+v", info)
	}
}

// The size limit and the policy hold for all, and a result that is too large for it goes
// to those who waited, and to the log.
func TestSizeLimit(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	var fn counted
	f := open(t, db, fn.fn, opts{SizeLimit: 1000, Policy: kv.LeastFrequentlyUsed})
	for _, o := range []opts{{TTL: 1, SizeLimit: 2000}, {TTL: 1, Policy: kv.None}} {
		if _, err := memo.Open(t.Context(), db, "f", fn.fn, o); !errors.Is(err, kv.ErrConflict) {
			t.Errorf("Open with other limits = %v, want %v", err, kv.ErrConflict)
		}
	}
	large := strings.Repeat("x", 2000)
	fn.set(large, nil)
	for range 2 {
		expectGet(t, f, "x", large)
		expectPeek(t, f, "x", "", memo.ErrNotFound)
	}
	fn.expectCalls(t, 2)
	fn.set(large[:700], nil)
	expectGet(t, f, "x", large[:700])
	expectGet(t, f, "y", large[:700])
	expectGet(t, f, "z", large[:700])
	kept := 0
	for _, arg := range []string{"x", "y", "z"} {
		if _, _, err := f.Peek(t.Context(), arg); err == nil {
			kept++
		}
	}
	if kept != 1 {
		t.Errorf("%d results of 700 bytes are remembered within 1000", kept)
	}
}

// Another version, and another function, is another memory; what another type left, or a
// stranger took away, is computed again.
func TestOldResults(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{BlobThreshold: 1000})
	var fn counted
	fn.set("one", nil)
	f := open(t, db, fn.fn, opts{})
	expectGet(t, f, "x", "one")
	fn.set("two", nil)
	second := open(t, db, fn.fn, opts{Version: "2"})
	expectGet(t, second, "x", "two")
	expectGet(t, f, "x", "one")

	other := open(t, db, func(context.Context, string) (int, error) { return 3, nil }, memo.Options[string, int]{})
	if _, _, err := other.Peek(t.Context(), "x"); !errors.Is(err, memo.ErrNotFound) {
		t.Errorf("Peek() of another type = %v, want %v", err, memo.ErrNotFound)
	}
	if v, err := other.Get(t.Context(), "x"); v != 3 || err != nil {
		t.Errorf("Get() of another type = %v, %v", v, err)
	}

	fn.set(strings.Repeat("x", 2000), nil)
	expectGet(t, f, "blob", strings.Repeat("x", 2000))
	removed := 0
	err := filepath.WalkDir(filepath.Join(db.Dir(), "blobs"), func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			removed++
			return os.Remove(path)
		}
		return err
	})
	if err != nil || removed != 1 {
		t.Fatalf("removed %d files, %v", removed, err)
	}
	fn.set("short", nil)
	expectGet(t, f, "blob", "short")
}

// A version and a key are not taken for another version and another key, nor is what is
// long for what is short.
func TestKeysOfVersions(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	raw := func(b string) ([]byte, error) { return []byte(b), nil }
	long := strings.Repeat("k", 1000)
	var all []*texts
	var args []string
	for _, version := range []string{"", "a", "a\x00b", "a\x00", long} {
		for _, arg := range []string{"", "b", "\x00b", "b\x00c", "c", long, long + "x"} {
			echo := func(_ context.Context, arg string) (string, error) { return version + "|" + arg, nil }
			f := open(t, db, echo, opts{Version: version, Key: raw})
			expectGet(t, f, arg, version+"|"+arg)
			all, args = append(all, f), append(args, arg)
		}
	}
	for i, f := range all {
		before, _, err := f.Peek(t.Context(), args[i])
		if err != nil || !strings.HasSuffix(before, "|"+args[i]) {
			t.Errorf("Peek(%.9q) = %.9q, %v", args[i], before, err)
		}
		expectGet(t, f, args[i], before)
	}
}

// Bad arguments are refused by every method, and nothing is called.
func TestBadArguments(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	noKey := open(t, db, func(context.Context, any) (int, error) { return 0, nil }, memo.Options[any, int]{})
	noTag := open(t, db, func(context.Context, any) (int, error) { return 0, nil }, memo.Options[any, int]{Tag: func(any) string { return "\n" }})
	for _, c := range []struct {
		f    *memo.Func[any, int]
		arg  any
		want error
	}{{noKey, func() {}, memo.ErrKey}, {noTag, 1, memo.ErrTag}} {
		ctx := t.Context()
		_, get := c.f.Get(ctx, c.arg)
		_, force := c.f.Force(ctx, c.arg)
		_, _, peek := c.f.Peek(ctx, c.arg)
		_, many := c.f.GetMany(ctx, c.arg)
		for name, err := range map[string]error{
			"Get": get, "Force": force, "Peek": peek, "GetMany": many, "Warm": c.f.Warm(ctx, c.arg), "Invalidate": c.f.Invalidate(ctx, c.arg),
		} {
			if !errors.Is(err, c.want) {
				t.Errorf("%s = %v, want %v", name, err, c.want)
			}
		}
	}
}

package memo_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/dcq-go/dcq/memo"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// batches is Options.Batch as a test sees it: the arguments of each call.
type batches struct {
	calls [][]string
	err   error
	less  int // results too few
	enter func()
}

func (b *batches) fn(_ context.Context, args []string) ([]string, error) {
	b.calls = append(b.calls, args)
	if b.enter != nil {
		b.enter()
	}
	values := make([]string, len(args))
	for i, arg := range args {
		values[i] = "batch " + arg
	}
	return values[b.less:], b.err
}

// many asks for many, and compares.
func expectMany(t *testing.T, f *texts, args, want []string) {
	t.Helper()
	if got, err := f.GetMany(t.Context(), args...); err != nil || !slices.Equal(got, want) {
		t.Errorf("GetMany(%q) = %q, %v, want %q", args, got, err, want)
	}
}

func (b *batches) expect(t *testing.T, want ...[]string) {
	t.Helper()
	if !slices.EqualFunc(b.calls, want, slices.Equal) {
		t.Errorf("Options.Batch was called with %q, want %q", b.calls, want)
	}
	b.calls = nil
}

// What is missing is computed together, each argument once; what is remembered is not
// asked for, and one alone goes to the function.
func TestGetMany(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	var fn counted
	var b batches
	f := open(t, db, fn.fn, opts{Batch: b.fn})
	fn.set("single", nil)
	expectMany(t, f, nil, nil)
	expectMany(t, f, []string{"x"}, []string{"single"})
	fn.expectCalls(t, 1)
	expectMany(t, f, []string{"a", "x", "b", "a"}, []string{"batch a", "single", "batch b", "batch a"})
	b.expect(t, []string{"a", "b"})
	expectMany(t, f, []string{"b", "a"}, []string{"batch b", "batch a"})
	expectGet(t, f, "a", "batch a")
	fn.expectCalls(t, 0)
	b.expect(t)
	if err := f.Warm(t.Context(), "c", "d"); err != nil {
		t.Errorf("Warm() = %v", err)
	}
	expectPeek(t, f, "d", "batch d", nil)
}

// Without Options.Batch, each is computed by itself.
func TestGetManyWithoutBatch(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	f := open(t, db, func(_ context.Context, n int) (int, error) { return 2 * n, nil }, memo.Options[int, int]{})
	if got, err := f.GetMany(t.Context(), 1, 2, 1, 3); err != nil || !slices.Equal(got, []int{2, 4, 2, 6}) {
		t.Errorf("GetMany() = %v, %v", got, err)
	}
}

// Options.Batch gets no more than 256 arguments.
func TestGetManyInParts(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	var fn counted
	var b batches
	f := open(t, db, fn.fn, opts{Batch: b.fn})
	var args, want []string
	for i := range 600 {
		args, want = append(args, fmt.Sprint(i)), append(want, fmt.Sprint("batch ", i))
	}
	expectMany(t, f, args, want)
	b.expect(t, args[:256], args[256:512], args[512:])
	fn.expectCalls(t, 0)
}

// What somebody else computes is waited for, and not computed in the batch.
func TestGetManyWaits(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, elsewhere := storetest.OpenDir(t, dir, store.Options{}), storetest.OpenDir(t, dir, store.Options{})
	p := make(player)
	var b batches
	here, there := open(t, db, p.fn, opts{Batch: b.fn}), open(t, elsewhere, p.fn, opts{})
	gets := []<-chan answered{get(t.Context(), here, "here"), get(t.Context(), there, "there")}
	calls := []*call{<-p, <-p}
	b.enter = func() {
		for _, c := range calls {
			c.returns(c.arg)
		}
	}
	expectMany(t, here, []string{"here", "a", "there", "b"}, []string{"here", "batch a", "there", "batch b"})
	b.expect(t, []string{"a", "b"})
	expect(t, gets[0], "here", nil)
	expect(t, gets[1], "there", nil)
}

// An error of Options.Batch, too few results, or a panic: nothing is remembered, told to
// others, or left to be waited for.
func TestGetManyFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, elsewhere := storetest.OpenDir(t, dir, store.Options{}), storetest.OpenDir(t, dir, store.Options{})
	for _, b := range []*batches{{err: errAbsent}, {less: 1}, {enter: func() { panic("boom") }}} {
		p := make(player)
		here, there := open(t, db, p.fn, opts{Batch: b.fn, Negative: []error{errAbsent}}), open(t, elsewhere, p.fn, opts{})
		enter := b.enter
		var other <-chan answered
		b.enter = func() {
			other = get(t.Context(), there, "a")
			untilInLine(t, db, 1)
			if enter != nil {
				enter()
			}
		}
		_, err := here.GetMany(t.Context(), "a", "b")
		if err == nil || b.err != nil && !errors.Is(err, b.err) {
			t.Errorf("GetMany() = %v", err)
		}
		(<-p).returns("alone")
		expect(t, other, "alone", nil)
		expectPeek(t, here, "b", "", memo.ErrNotFound)
		if err := here.Invalidate(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
	}
}

// An error of one is that of all, and the others are remembered.
func TestGetManyOneFails(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	f := open(t, db, func(_ context.Context, n int) (int, error) {
		if n == 1 {
			return 0, errAbsent
		}
		return n, nil
	}, memo.Options[int, int]{Negative: []error{errAbsent}, Refreshers: 1})
	for range 2 { // computed, and remembered
		if got, err := f.GetMany(t.Context(), 0, 1); !errors.Is(err, errAbsent) {
			t.Errorf("GetMany() = %v, %v, want %v", got, err, errAbsent)
		}
	}
	if v, _, err := f.Peek(t.Context(), 0); v != 0 || err != nil {
		t.Errorf("Peek(0) = %v, %v", v, err)
	}
}

// What is invalidated while the batch is computed goes to who asked before, and is not
// remembered.
func TestGetManyLost(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	var fn counted
	var b batches
	f := open(t, db, fn.fn, opts{Batch: b.fn})
	b.enter = func() {
		if err := f.Invalidate(t.Context(), "a"); err != nil {
			t.Error(err)
		}
	}
	expectMany(t, f, []string{"a", "b"}, []string{"batch a", "batch b"})
	expectPeek(t, f, "a", "", memo.ErrNotFound)
	expectPeek(t, f, "b", "batch b", nil)
	b.enter = func() {
		if _, err := f.InvalidateAll(t.Context()); err != nil {
			t.Error(err)
		}
	}
	expectMany(t, f, []string{"c", "d"}, []string{"batch c", "batch d"})
	expectPeek(t, f, "c", "", memo.ErrNotFound)
	fn.set("single", nil)
	expectGet(t, f, "c", "single") // nobody holds the right
}

// decodeHook is a codec that calls something when it decodes "hook".
type decodeHook struct{ hook func() }

func (decodeHook) Encode(s string) ([]byte, error) { return []byte(s), nil }

func (d decodeHook) Decode(b []byte) (string, error) {
	if string(b) == "hook" {
		d.hook()
	}
	return string(b), nil
}

// What somebody else computed between the look and the claim is not computed again.
func TestGetManyComesTooLate(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	var fn counted
	var b batches
	other := open(t, db, fn.fn, opts{})
	fn.set("hook", nil)
	expectGet(t, other, "hook", "hook")
	fn.set("other", nil)
	f := open(t, db, fn.fn, opts{Batch: b.fn, Codec: decodeHook{func() { expectGet(t, other, "b", "other") }}})
	expectMany(t, f, []string{"a", "b", "c", "hook"}, []string{"batch a", "other", "batch c", "hook"})
	b.expect(t, []string{"a", "c"})
}

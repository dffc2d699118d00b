package memo_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/dcq-go/dcq/memo"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// Each waiter obeys its own context; the call goes on until the last has left, and the
// next caller begins another.
func TestWaitersLeave(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	p := make(player)
	f := open(t, db, p.fn, opts{})
	why := errors.New("enough")
	var got []<-chan answered
	var leave []context.CancelCauseFunc
	for range 3 {
		ctx, cancel := context.WithCancelCause(t.Context())
		leave, got = append(leave, cancel), append(got, get(ctx, f, "x"))
	}
	c := <-p
	untilWaiting(f, "x", 3)
	for i, cancel := range leave {
		if n := f.Waiters("x"); n != 3-i || c.ctx.Err() != nil {
			t.Errorf("when %d of 3 had left, %d wait for a call that goes on with %v", i, n, c.ctx.Err())
		}
		cancel(why)
		expect(t, got[i], "", why)
	}
	<-c.ctx.Done()
	if cause := context.Cause(c.ctx); cause != why {
		t.Errorf("the call ended with %v, want %v", cause, why)
	}
	again := get(t.Context(), f, "x")
	(<-p).returns("one")
	expect(t, again, "one", nil)
}

// That the first caller gives up does not concern the others, nor does its deadline end
// the call. Its values reach the call.
func TestFirstCallerGivesUp(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	p := make(player)
	f := open(t, db, p.fn, opts{})
	type key struct{}
	ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, "value"), time.Hour)
	first := get(ctx, f, "x")
	c := <-p
	if _, ok := c.ctx.Deadline(); ok || c.ctx.Value(key{}) != "value" {
		t.Errorf("the call has a deadline: %v; it has the value %v", ok, c.ctx.Value(key{}))
	}
	second := get(t.Context(), f, "x")
	untilWaiting(f, "x", 2)
	cancel()
	expect(t, first, "", context.Canceled)
	c.returns("one")
	expect(t, second, "one", nil)
	if v, err := f.Get(ctx, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("Get(canceled) = %q, %v", v, err)
	}
}

// A call that nobody waits for any longer but that returns all the same is remembered;
// its error is told to nobody.
func TestCallOutlivesWaiters(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	p := make(player)
	f := open(t, db, p.stubborn, opts{Negative: []error{errAbsent}})
	for _, arg := range []string{"returns", "fails"} {
		ctx, cancel := context.WithCancel(t.Context())
		got := get(ctx, f, arg)
		c := <-p
		cancel()
		expect(t, got, "", context.Canceled)
		next := get(t.Context(), f, arg) // waits for the call to end
		untilInLine(t, db, 1)
		if arg == "returns" {
			c.returns("one")
			expect(t, next, "one", nil)
			continue
		}
		c.fails(errAbsent)
		(<-p).returns("two")
		expect(t, next, "two", nil)
	}
}

// An error reaches all who wait, in the process that called as it is, and in others as
// text, with the error of Negative that it was.
func TestErrorIsShared(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, elsewhere := storetest.OpenDir(t, dir, store.Options{}), storetest.OpenDir(t, dir, store.Options{})
	for _, err := range []error{errOther, fmt.Errorf("user 7: %w", errAbsent)} {
		p := make(player)
		o := opts{Negative: []error{errAbsent}}
		here, there := open(t, db, p.fn, o), open(t, elsewhere, p.fn, o)
		first := get(t.Context(), here, "x")
		c := <-p
		late := get(t.Context(), here, "x")
		untilWaiting(here, "x", 2)
		far := []<-chan answered{get(t.Context(), there, "x"), get(t.Context(), there, "x")}
		untilWaiting(there, "x", 2)
		untilInLine(t, db, 1)
		c.fails(err)
		for _, got := range []<-chan answered{first, late} {
			if a := <-got; a.err != err {
				t.Errorf("Get() here = %v, want %v itself", a.err, err)
			}
		}
		for _, got := range far {
			a := <-got
			var remembered *memo.RememberedError
			if !errors.As(a.err, &remembered) || remembered.Text != err.Error() || errors.Is(a.err, errAbsent) != errors.Is(err, errAbsent) {
				t.Errorf("Get() elsewhere = %v, want a RememberedError of %v", a.err, err)
			}
		}
	}
}

// A panic reaches every waiter as an error, and so does the end of the goroutine. The
// next caller calls again at once.
func TestPanic(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, elsewhere := storetest.OpenDir(t, dir, store.Options{}), storetest.OpenDir(t, dir, store.Options{})
	p := make(player)
	here, there := open(t, db, p.fn, opts{}), open(t, elsewhere, p.fn, opts{})
	near := []<-chan answered{get(t.Context(), here, "x"), get(t.Context(), here, "x")}
	c := <-p
	untilWaiting(here, "x", 2)
	far := get(t.Context(), there, "x")
	untilInLine(t, db, 1)
	c.answer <- func() (string, error) { panic("boom") }
	for _, got := range near {
		a := <-got
		var panicked *memo.PanicError
		if !errors.As(a.err, &panicked) || panicked.Value != "boom" || !strings.Contains(panicked.Stack, "TestPanic") || !strings.Contains(a.err.Error(), "boom") {
			t.Errorf("Get() = %v, want a PanicError", a.err)
		}
	}
	if a := <-far; a.err == nil || !strings.Contains(a.err.Error(), "boom") {
		t.Errorf("Get() elsewhere = %v, want the panic's text", a.err)
	}

	got := get(t.Context(), here, "y")
	c = <-p
	c.answer <- func() (string, error) { runtime.Goexit(); return "", nil }
	if a := <-got; a.err == nil {
		t.Error("Get() = nil after the function ended its goroutine")
	}
	got = get(t.Context(), there, "y")
	(<-p).returns("one")
	expect(t, got, "one", nil)
}

// What belongs to users panics in the call, too.
type brokenCodec struct{}

func (brokenCodec) Encode(string) ([]byte, error) { panic("encode") }
func (brokenCodec) Decode([]byte) (string, error) { panic("decode") }

func TestCodecPanics(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	var fn counted
	f := open(t, db, fn.fn, opts{Codec: brokenCodec{}})
	var panicked *memo.PanicError
	for range 2 {
		if _, err := f.Get(t.Context(), "x"); !errors.As(err, &panicked) {
			t.Errorf("Get() = %v, want a PanicError", err)
		}
	}
	fn.expectCalls(t, 2)
}

// A function that asks for its own result, directly or by way of another, is told so
// instead of waiting for itself; one that asks for another is not.
func TestDeadlock(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	var f *memo.Func[int, int]
	asks := map[int]int{1: 1, 2: 3, 3: 2, 4: 5}
	f = open(t, db, func(ctx context.Context, n int) (int, error) {
		next, ok := asks[n]
		if !ok {
			return n, nil
		}
		if _, err := f.Force(ctx, n); !errors.Is(err, memo.ErrDeadlock) {
			t.Errorf("Force(%d) in itself = %v", n, err)
		}
		return f.Get(ctx, next)
	}, memo.Options[int, int]{})
	for n, want := range map[int]error{1: memo.ErrDeadlock, 2: memo.ErrDeadlock, 4: nil} {
		if _, err := f.Get(t.Context(), n); !errors.Is(err, want) {
			t.Errorf("Get(%d) = %v, want %v", n, err, want)
		}
	}
}

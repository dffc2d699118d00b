package queue_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// numbered returns a deque of 0 to n-1, which is more than a page.
func numbered(f *fixture, n int) *stringDeque {
	f.Helper()
	d := f.deque("numbered", queue.DequeOptions[string]{})
	values := make([]string, n)
	for i := range values {
		values[i] = strconv.Itoa(i)
	}
	f.must(d.Extend(f.Context(), values...))
	return d
}

func TestDequeIterateOverPages(t *testing.T) {
	f := newFixture(t)
	const n = 1000
	d := numbered(f, n)
	check := func(what string, got []string) {
		t.Helper()
		for i := range n {
			if len(got) != n || got[i] != strconv.Itoa(i) {
				t.Fatalf("%s yields %d elements, %q at %d", what, len(got), got[i], i)
			}
		}
	}
	check("All", collect(t, d.All(t.Context())))
	f.must(f.db.View(t.Context(), func(tx *store.Tx) error {
		check("AllTx", collect(t, d.AllTx(tx)))
		return nil
	}))
	f.must(d.Reverse(t.Context()))
	check("Backward", collect(t, d.Backward(t.Context())))
	f.must(f.db.View(t.Context(), func(tx *store.Tx) error {
		check("BackwardTx", collect(t, d.BackwardTx(tx)))
		return nil
	}))
}

// A page of large inline values ends early, and none is left out.
func TestDequeIterateOverHeavyPages(t *testing.T) {
	db := storetest.Open(t, store.Options{Durability: store.Relaxed})
	d := openDeque(t, db, "d", queue.DequeOptions[string]{})
	want := ""
	for i := range 150 {
		v := strings.Repeat(strconv.Itoa(i%10), 20_000)
		if err := d.Append(t.Context(), v); err != nil {
			t.Fatal(err)
		}
		want += v
	}
	got := strings.Join(collect(t, d.All(t.Context())), "")
	if got != want {
		t.Errorf("All() yields %d bytes, want %d, or others", len(got), len(want))
	}
}

// The loop may change the deque: what stays is yielded once, in its place.
func TestDequeIterateWhileItChanges(t *testing.T) {
	f := newFixture(t)
	const n = 400
	d, ctx := numbered(f, n), t.Context()
	next := 0
	for v, err := range d.All(ctx) {
		f.must(err)
		if v != strconv.Itoa(next) {
			t.Fatalf("All() yields %s, want %d", v, next)
		}
		next++
		if next == 1 {
			f.must(d.Reverse(ctx))
		}
		if next <= n/2 {
			_, err := d.Pop(ctx) // which is the one just seen
			f.must(err)
			f.must(d.Append(ctx, "behind the loop"))
			f.must(d.Delete(ctx, -1))
		}
	}
	if next != n {
		t.Errorf("All() yields %d elements, want %d", next, n)
	}
}

// Elements that are kept as files may go before the loop comes to them.
func TestDequeIterateWhileFilesGo(t *testing.T) {
	f := newFixture(t)
	d, ctx := f.deque("d", queue.DequeOptions[string]{}), t.Context()
	for i := range 10 {
		f.must(d.Append(ctx, strings.Repeat(strconv.Itoa(i), 2000)))
	}
	got := ""
	for v, err := range d.All(ctx) {
		f.must(err)
		got += v[:1]
		if got == "012" {
			f.must(d.Delete(ctx, 3))
			f.must(d.Set(ctx, 3, "new"))
			f.must(d.Delete(ctx, 5))
		}
	}
	if got != "0125789" {
		t.Errorf("All() yields %s, want 0125789", got)
	}
	n, err := d.Count(ctx, strings.Repeat("7", 2000))
	wantGot(t, "Count()", n, err, 1)
}

// Who reads an element that another takes off meanwhile sees it, or that it is gone.
func TestDequeReadWhileFilesGo(t *testing.T) {
	f := newFixture(t)
	d, ctx, large := f.deque("d", queue.DequeOptions[string]{}), t.Context(), strings.Repeat("x", 2000)
	done := make(chan error, 1)
	go func() {
		var errs []error
		for range 100 {
			_, err := d.Pop(ctx)
			errs = append(errs, d.Append(ctx, large))
			if err != nil && !errors.Is(err, queue.ErrEmpty) {
				errs = append(errs, err)
			}
		}
		done <- errors.Join(errs...)
	}()
	for {
		_, err := d.Peek(ctx)
		if err != nil && !errors.Is(err, queue.ErrEmpty) {
			t.Fatalf("Peek() = %v", err)
		}
		if _, err := d.Compare(ctx, large); err != nil {
			t.Fatalf("Compare() = %v", err)
		}
		if _, err := d.Count(ctx, large); err != nil {
			t.Fatalf("Count() = %v", err)
		}
		select {
		case err := <-done:
			f.must(err)
			return
		default:
		}
	}
}

func TestDequeIterateEndsEarly(t *testing.T) {
	f := newFixture(t)
	d := numbered(f, 300)
	seen := 0
	for range d.All(t.Context()) {
		if seen++; seen == 3 {
			break
		}
	}
	wantGot(t, "elements seen", seen, nil, 3)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for v, err := range d.All(ctx) {
		f.wantErr(fmt.Sprintf("All() of a canceled context, at %q", v), err, context.Canceled)
	}
}

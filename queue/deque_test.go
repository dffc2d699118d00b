package queue_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

type stringDeque = queue.Deque[string]

// deque opens a deque, without leaving its fixture's store.
func (f *fixture) deque(name string, opts queue.DequeOptions[string]) *stringDeque {
	f.Helper()
	return openDeque(f, f.db, name, opts)
}

func openDeque[T any](t testing.TB, db *store.DB, name string, opts queue.DequeOptions[T]) *queue.Deque[T] {
	t.Helper()
	d, err := queue.OpenDeque(t.Context(), db, name, opts)
	if err != nil {
		t.Fatalf("OpenDeque(%q) = %v", name, err)
	}
	return d
}

// collect returns what an iterator yields.
func collect[T any](t testing.TB, seq iter.Seq2[T, error]) []T {
	t.Helper()
	list := []T{}
	for v, err := range seq {
		if err != nil {
			t.Fatalf("iteration: %v", err)
		}
		list = append(list, v)
	}
	return list
}

// wantDeque compares the elements, which are separated by blanks in want, both ways.
func (f *fixture) wantDeque(d *stringDeque, want string) {
	f.Helper()
	list := collect(f, d.All(f.Context()))
	if got := strings.Join(list, " "); got != want {
		f.Errorf("All() = %q, want %q", got, want)
	}
	back := collect(f, d.Backward(f.Context()))
	for i := range back {
		if back[i] != list[len(list)-1-i] {
			f.Errorf("Backward() = %q, want the reverse of %q", back, list)
			break
		}
	}
	if n, err := d.Len(f.Context()); n != len(list) || err != nil {
		f.Errorf("Len() = %d, %v; want %d", n, err, len(list))
	}
}

// wantGot compares the result of a call with what it should be.
func wantGot[T comparable](t testing.TB, call string, got T, err error, want T) {
	t.Helper()
	if got != want || err != nil {
		t.Errorf("%s = %v, %v; want %v", call, got, err, want)
	}
}

func TestDequeEnds(t *testing.T) {
	f := newFixture(t)
	d, ctx := f.deque("d", queue.DequeOptions[string]{}), t.Context()
	f.must(d.Append(ctx, "b"))
	f.must(d.AppendLeft(ctx, "a"))
	f.must(d.Extend(ctx, "c", "d", "e"))
	f.must(d.ExtendLeft(ctx, "1", "2"))
	f.must(d.Extend(ctx))
	f.wantDeque(d, "2 1 a b c d e")
	got, err := d.Peek(ctx)
	wantGot(t, "Peek()", got, err, "e")
	got, err = d.PeekLeft(ctx)
	wantGot(t, "PeekLeft()", got, err, "2")
	got, err = d.Pop(ctx)
	wantGot(t, "Pop()", got, err, "e")
	got, err = d.PopLeft(ctx)
	wantGot(t, "PopLeft()", got, err, "2")
	f.wantDeque(d, "1 a b c d")
}

func TestDequeThatIsEmpty(t *testing.T) {
	f := newFixture(t)
	d, ctx := f.deque("d", queue.DequeOptions[string]{}), t.Context()
	f.must(d.Append(ctx, "x"))
	_, err := d.Pop(ctx)
	f.must(err)
	for name, call := range map[string]func(context.Context) (string, error){
		"Pop": d.Pop, "PopLeft": d.PopLeft, "Peek": d.Peek, "PeekLeft": d.PeekLeft,
	} {
		_, err := call(ctx)
		f.wantErr(name+"()", err, queue.ErrEmpty)
	}
	_, err = d.PopLease(ctx)
	f.wantErr("PopLease()", err, queue.ErrEmpty)
	f.must(d.Rotate(ctx, 3))
	f.must(d.Reverse(ctx))
	f.must(d.Clear(ctx))
	f.wantDeque(d, "")
}

func TestDequeMaxLen(t *testing.T) {
	f := newFixture(t)
	d, ctx := f.deque("d", queue.DequeOptions[string]{MaxLen: 3}), t.Context()
	f.must(d.Extend(ctx, "a", "b", "c", "d"))
	f.wantDeque(d, "b c d")
	f.must(d.AppendLeft(ctx, "e"))
	f.wantDeque(d, "e b c")
	f.must(d.ExtendLeft(ctx, "1", "2", "3", "4", "5"))
	f.wantDeque(d, "5 4 3")
	f.must(d.Extend(ctx, "6", "7"))
	f.wantDeque(d, "3 6 7")
	f.must(d.Reverse(ctx))
	f.must(d.Append(ctx, "8"))
	f.wantDeque(d, "6 3 8")
	f.must(d.SetMaxLen(ctx, 2))
	f.wantDeque(d, "3 8")
	n, err := d.MaxLen(ctx)
	wantGot(t, "MaxLen()", n, err, 2)
	f.must(d.SetMaxLen(ctx, 0))
	f.must(d.Extend(ctx, "9", "10"))
	f.wantDeque(d, "3 8 9 10")
	if err := d.SetMaxLen(ctx, -1); err == nil {
		t.Error("SetMaxLen(-1) = nil, want an error")
	}
}

func TestDequeOpenAgain(t *testing.T) {
	f := newFixture(t)
	d := f.deque("d", queue.DequeOptions[string]{MaxLen: 3})
	f.must(d.Append(t.Context(), "a"))
	for _, maxLen := range []int{0, 3} {
		again := f.deque("d", queue.DequeOptions[string]{MaxLen: maxLen})
		f.wantDeque(again, "a")
	}
	_, err := queue.OpenDeque(t.Context(), f.db, "d", queue.DequeOptions[string]{MaxLen: 4})
	f.wantErr("OpenDeque(MaxLen: 4)", err, queue.ErrMaxLen)
	f.deque("unbounded", queue.DequeOptions[string]{})
	_, err = queue.OpenDeque(t.Context(), f.db, "unbounded", queue.DequeOptions[string]{MaxLen: 4})
	f.wantErr("OpenDeque(MaxLen: 4)", err, queue.ErrMaxLen)
}

func TestDequeOpenRefuses(t *testing.T) {
	f := newFixture(t)
	for _, name := range []string{"", strings.Repeat("x", 256), "a\nb", "\xff"} {
		_, err := queue.OpenDeque(t.Context(), f.db, name, queue.DequeOptions[string]{})
		f.wantErr(fmt.Sprintf("OpenDeque(%q)", name), err, queue.ErrName)
	}
	_, err := queue.OpenDeque(t.Context(), f.db, "d", queue.DequeOptions[string]{MaxLen: -1, Lease: time.Nanosecond})
	for _, field := range []string{"MaxLen", "Lease"} {
		if err == nil || !strings.Contains(err.Error(), "DequeOptions."+field) {
			t.Errorf("OpenDeque() = %v, want a fault of %s", err, field)
		}
	}
}

func TestDequeOfAnotherStore(t *testing.T) {
	f := newFixture(t)
	d := f.deque("d", queue.DequeOptions[string]{})
	other := storetest.Open(t, store.Options{})
	openDeque(t, other, "d", queue.DequeOptions[string]{})
	err := other.Update(t.Context(), func(tx *store.Tx) error { return d.AppendTx(tx, "x") })
	if err == nil || !strings.Contains(err.Error(), "another store.DB") {
		t.Errorf("AppendTx() on another store = %v, want a refusal", err)
	}
}

// Several operations, and those of a job queue, are one transaction.
func TestDequeInTransactions(t *testing.T) {
	f := newFixture(t)
	d, q, ctx := f.deque("d", queue.DequeOptions[string]{}), f.open("q", queue.Options[string]{}), t.Context()
	large := strings.Repeat("x", 2000)
	boom := errors.New("boom")
	for _, want := range []error{boom, nil} {
		err := f.db.Update(ctx, func(tx *store.Tx) error {
			f.must(d.ExtendTx(tx, "a", "b", large))
			f.must(d.SetTx(tx, 0, large))
			f.must(d.RotateTx(tx, 1))
			f.must(d.ReverseTx(tx))
			v, err := d.PopLeftTx(tx)
			wantGot(t, "PopLeftTx()", v, err, "b")
			f.must(d.DeleteTx(tx, 0))
			if _, err := q.PushTx(tx, "job", queue.PushOptions{}); err != nil {
				return err
			}
			_, err = d.GetTx(tx, 1)
			f.wantErr("GetTx(1)", err, queue.ErrIndex) // and the transaction goes on
			return want
		})
		f.wantErr("Update()", err, want)
		n, err := d.Len(ctx)
		if want != nil {
			wantGot(t, "Len()", n, err, 0)
			continue
		}
		wantGot(t, "Len()", n, err, 1)
	}
	wantGot(t, "job", f.receive(q).Payload, nil, "job")
	v, err := d.Peek(ctx)
	wantGot(t, "Peek()", v, err, large)
}

// Large values live in files, which go with the elements.
func TestDequeLargeValues(t *testing.T) {
	f := newFixture(t)
	d, ctx := f.deque("d", queue.DequeOptions[string]{MaxLen: 4}), t.Context()
	large := func(s string) string { return strings.Repeat(s, 2000) }
	f.must(d.Extend(ctx, large("a"), large("b"), large("c"), large("d"), large("e")))
	wantGot(t, "files", f.files(), nil, 4)
	f.must(d.Set(ctx, 0, "small"))
	f.must(d.Remove(ctx, large("c")))
	wantGot(t, "files", f.files(), nil, 2)
	c, err := d.Copy(ctx, "copy")
	f.must(err)
	wantGot(t, "files", f.files(), nil, 4)
	f.must(d.Clear(ctx))
	wantGot(t, "files", f.files(), nil, 2)
	f.wantDeque(c, "small "+large("d")+" "+large("e"))
	v, err := c.Pop(ctx)
	wantGot(t, "Pop()", v, err, large("e"))
	l := f.leaseLeft(c, "small")
	f.must(l.Ack(ctx))
	l = f.leaseLeft(c, large("d"))
	wantGot(t, "files", f.files(), nil, 1)
	f.must(l.Ack(ctx))
	wantGot(t, "files", f.files(), nil, 0)
	f.must(c.Extend(ctx, "small", large("f"), large("g")))
	f.wantErr("Set(7)", c.Set(ctx, 7, large("x")), queue.ErrIndex)
	f.must(c.SetMaxLen(ctx, 1))
	wantGot(t, "files", f.files(), nil, 1)
}

// files counts the files of values.
func (f *fixture) files() (n int) {
	f.Helper()
	dirs, err := os.ReadDir(f.db.Dir() + "/blobs")
	f.must(err)
	for _, dir := range dirs {
		list, err := os.ReadDir(f.db.Dir() + "/blobs/" + dir.Name())
		f.must(err)
		n += len(list)
	}
	return n
}

// Who cannot decode an element does not lose it.
func TestDequeThatDoesNotDecode(t *testing.T) {
	f := newFixture(t)
	d, ctx := f.deque("d", queue.DequeOptions[string]{}), t.Context()
	f.must(d.Append(ctx, "no number"))
	numbers := openDeque(t, f.db, "d", queue.DequeOptions[int]{})
	_, err := numbers.Pop(ctx)
	f.wantErr("Pop()", err, queue.ErrDecode)
	_, err = numbers.PopLease(ctx)
	f.wantErr("PopLease()", err, queue.ErrDecode)
	_, err = numbers.PopWait(ctx)
	f.wantErr("PopWait()", err, queue.ErrDecode)
	_, err = numbers.Compare(ctx, 1)
	f.wantErr("Compare()", err, queue.ErrDecode)
	f.wantDeque(d, "no number")
}

func TestDequeCodecsEmptyValue(t *testing.T) {
	f := newFixture(t)
	d := openDeque(t, f.db, "d", queue.DequeOptions[[]byte]{})
	f.must(d.Extend(t.Context(), nil, []byte{}, []byte{0}))
	got := collect(t, d.All(t.Context()))
	if len(got) != 3 || len(got[0]) != 0 || len(got[1]) != 0 || string(got[2]) != "\x00" {
		t.Errorf("All() = %q, want two empty values and a zero byte", got)
	}
}

package queue_test

import (
	"fmt"
	"testing"

	"github.com/dcq-go/dcq/queue"
)

func TestDequeRotate(t *testing.T) {
	tests := []struct {
		n    int
		want string
	}{
		{0, "a b c d e"}, {1, "e a b c d"}, {2, "d e a b c"}, {3, "c d e a b"}, {4, "b c d e a"}, {5, "a b c d e"},
		{-1, "b c d e a"}, {-2, "c d e a b"}, {-4, "e a b c d"}, {7, "d e a b c"}, {-5, "a b c d e"},
		{1<<62 + 1, "a b c d e"}, {-1 << 63, "d e a b c"},
	}
	f := newFixture(t)
	for _, test := range tests {
		d, ctx := f.deque(fmt.Sprint(test.n), queue.DequeOptions[string]{}), t.Context()
		f.must(d.Extend(ctx, "a", "b", "x", "c", "d", "e"))
		f.must(d.Delete(ctx, 2))
		f.must(d.Rotate(ctx, test.n))
		f.wantDeque(d, test.want)
		f.must(d.Reverse(ctx))
		f.must(d.Rotate(ctx, test.n))
		f.wantDeque(d, "e d c b a")
	}
}

func TestDequeReverse(t *testing.T) {
	f := newFixture(t)
	d, ctx := f.deque("d", queue.DequeOptions[string]{}), t.Context()
	f.must(d.Extend(ctx, "a", "b", "c"))
	f.must(d.Reverse(ctx))
	f.wantDeque(d, "c b a")
	f.must(d.Append(ctx, "right"))
	f.must(d.AppendLeft(ctx, "left"))
	f.wantDeque(d, "left c b a right")
	got, err := d.Get(ctx, 1)
	wantGot(t, "Get(1)", got, err, "c")
	f.must(d.Remove(ctx, "left"))
	f.must(d.Reverse(ctx))
	f.wantDeque(d, "right a b c")
}

func TestDequeClear(t *testing.T) {
	f := newFixture(t)
	d, ctx := f.deque("d", queue.DequeOptions[string]{}), t.Context()
	f.must(d.Extend(ctx, "a", "b", "c"))
	f.must(d.Clear(ctx))
	f.wantDeque(d, "")
	f.must(d.Append(ctx, "d"))
	f.wantDeque(d, "d")
}

func TestDequeCopy(t *testing.T) {
	f := newFixture(t)
	d, ctx := f.deque("d", queue.DequeOptions[string]{MaxLen: 4}), t.Context()
	f.must(d.Extend(ctx, "a", "b", "c"))
	f.must(d.Reverse(ctx))
	c, err := d.Copy(ctx, "copy")
	f.must(err)
	wantGot(t, "Name()", c.Name(), nil, "copy")
	f.must(d.Append(ctx, "d"))
	f.must(c.Append(ctx, "e"))
	f.must(c.Append(ctx, "f"))
	f.wantDeque(d, "c b a d")
	f.wantDeque(f.deque("copy", queue.DequeOptions[string]{MaxLen: 4}), "b a e f")
	_, err = d.Copy(ctx, "copy")
	f.wantErr("Copy() to a name in use", err, queue.ErrExists)
	_, err = d.Copy(ctx, "")
	f.wantErr(`Copy("")`, err, queue.ErrName)
}

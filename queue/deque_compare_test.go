package queue_test

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	"github.com/dcq-go/dcq/queue"
)

func TestDequeCountAndRemove(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	fold := func(a, b string) int { return cmp.Compare(strings.ToLower(a), strings.ToLower(b)) }
	tests := []struct {
		name    string
		compare func(a, b string) int
		count   int
		left    string
	}{
		{"bytes", nil, 2, "x A b a c"},
		{"compare", fold, 3, "x a b a c"},
	}
	for _, test := range tests {
		d := f.deque(test.name, queue.DequeOptions[string]{Compare: test.compare})
		f.must(d.Extend(ctx, "x", "A", "a", "b", "a", "c"))
		n, err := d.Count(ctx, "a")
		wantGot(t, test.name+`: Count("a")`, n, err, test.count)
		n, err = d.Count(ctx, "none")
		wantGot(t, test.name+`: Count("none")`, n, err, 0)
		f.must(d.Remove(ctx, "a"))
		f.wantDeque(d, test.left)
		f.wantErr("Remove()", d.Remove(ctx, "none"), queue.ErrNoValue)
		f.wantDeque(d, test.left)
	}
}

func TestDequeCompare(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	numbers := queue.DequeOptions[int]{Compare: cmp.Compare[int]}
	tests := []struct {
		mine, other []int
		want        int
	}{
		{nil, nil, 0},
		{[]int{1, 2}, []int{1, 2}, 0},
		{[]int{1, 2}, []int{1, 10}, -1},
		{[]int{1, 10}, []int{1, 2}, 1},
		{[]int{1}, []int{1, 2}, -1},
		{[]int{1, 2}, []int{1}, 1},
		{nil, []int{1}, -1},
		{[]int{2}, []int{1, 5, 6}, 1},
	}
	for i, test := range tests {
		mine := openDeque(t, f.db, fmt.Sprint("mine", i), numbers)
		other := openDeque(t, f.db, fmt.Sprint("other", i), numbers)
		f.must(mine.Extend(ctx, test.mine...))
		f.must(other.Extend(ctx, test.other...))
		call := fmt.Sprintf("%v.Compare(%v)", test.mine, test.other)
		c, err := mine.Compare(ctx, test.other...)
		wantGot(t, call, c, err, test.want)
		c, err = mine.CompareDeque(ctx, other)
		wantGot(t, call+" of deques", c, err, test.want)
		equal, err := mine.Equal(ctx, test.other...)
		wantGot(t, call+" == 0", equal, err, test.want == 0)
	}
}

// Without a compare function, the bytes of the codec decide.
func TestDequeCompareBytes(t *testing.T) {
	f := newFixture(t)
	d := f.deque("d", queue.DequeOptions[string]{})
	f.must(d.Extend(t.Context(), "a", strings.Repeat("b", 2000)))
	for want, other := range map[int]string{-1: strings.Repeat("b", 2001), 0: strings.Repeat("b", 2000), 1: "b"} {
		c, err := d.Compare(t.Context(), "a", other)
		wantGot(t, "Compare()", c, err, want)
	}
}

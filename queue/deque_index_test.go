package queue_test

import (
	"fmt"
	"testing"

	"github.com/dcq-go/dcq/queue"
)

func TestDequeIndex(t *testing.T) {
	f := newFixture(t)
	d, ctx := f.deque("d", queue.DequeOptions[string]{}), t.Context()
	f.must(d.Extend(ctx, "0", "1", "2", "3", "4"))
	for i := range 5 {
		for _, index := range []int{i, i - 5} {
			got, err := d.Get(ctx, index)
			wantGot(t, fmt.Sprintf("Get(%d)", index), got, err, fmt.Sprint(i))
		}
	}
	for _, i := range []int{5, -6, 1 << 40} {
		_, err := d.Get(ctx, i)
		f.wantErr("Get()", err, queue.ErrIndex)
		f.wantErr("Set()", d.Set(ctx, i, "x"), queue.ErrIndex)
		f.wantErr("Delete()", d.Delete(ctx, i), queue.ErrIndex)
	}
	f.must(d.Set(ctx, 1, "one"))
	f.must(d.Set(ctx, -1, "four"))
	f.wantDeque(d, "0 one 2 3 four")
	f.must(d.Delete(ctx, 2))
	f.must(d.Delete(ctx, -1))
	f.wantDeque(d, "0 one 3")
}

// With elements missing in between, an index is counted out from the nearer end.
func TestDequeIndexWithGaps(t *testing.T) {
	f := newFixture(t)
	for _, reversed := range []bool{false, true} {
		d := f.deque(fmt.Sprint(reversed), queue.DequeOptions[string]{})
		if reversed {
			f.must(d.Reverse(t.Context()))
		}
		var want []string
		for i := range 40 {
			f.must(d.Append(t.Context(), fmt.Sprint(i)))
			if i%3 != 1 {
				want = append(want, fmt.Sprint(i))
			}
		}
		for i := 37; i > 0; i -= 3 {
			f.must(d.Delete(t.Context(), i))
		}
		for i := range want {
			got, err := d.Get(t.Context(), i)
			wantGot(t, fmt.Sprintf("Get(%d)", i), got, err, want[i])
			got, err = d.Get(t.Context(), i-len(want))
			wantGot(t, fmt.Sprintf("Get(%d)", i-len(want)), got, err, want[i])
		}
	}
}

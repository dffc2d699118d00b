//go:build unix

package queue

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// standingReceiver returns a receiver that stands in line, for up to max jobs of a queue.
func standingReceiver(t *testing.T, q *Queue[[]byte], max int) *receiver {
	t.Helper()
	r := &receiver{db: q.db, from: []Source{q}, opts: ReceiveOptions{Max: max}, waiter: q.db.NewWaiter()}
	t.Cleanup(r.waiter.Close)
	if rows, err := r.takeOrJoin(t.Context()); len(rows) > 0 || err != nil {
		t.Fatalf("an empty queue has %v, %v", rows, err)
	}
	return r
}

// hands returns the jobs that the database has for a receiver.
func hands(t *testing.T, r *receiver) (rows []*claimed) {
	t.Helper()
	err := r.db.View(t.Context(), func(tx *store.Tx) (err error) {
		rows, err = handed(tx, r.waiter)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func openBytes(t *testing.T, opts store.Options) *Queue[[]byte] {
	t.Helper()
	q, err := Open(t.Context(), storetest.Open(t, opts), "q", Options[[]byte]{})
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// What a receiver is told is what it would read.
func TestToldAsRead(t *testing.T) {
	t.Parallel()
	large := bytes.Repeat([]byte("x"), store.MaxNote)
	tests := map[string]struct {
		payloads [][]byte
		opts     PushOptions
		max      int
		told     int
	}{
		"a job":               {[][]byte{[]byte("payload")}, PushOptions{}, 1, 1},
		"no payload":          {[][]byte{{}}, PushOptions{}, 1, 1},
		"nil":                 {[][]byte{nil}, PushOptions{}, 1, 1},
		"all options":         {[][]byte{{0, 255}}, PushOptions{Priority: -5, Unique: "u", Group: "g\u00e9", MaxAttempts: 7}, 1, 1},
		"several":             {[][]byte{[]byte("a"), []byte("b"), []byte("c")}, PushOptions{Priority: 1 << 30}, 8, 3},
		"more than one takes": {[][]byte{[]byte("a"), []byte("b"), []byte("c")}, PushOptions{}, 2, 2},
		"large":               {[][]byte{large}, PushOptions{}, 1, 0},
		"one is large":        {[][]byte{[]byte("a"), large}, PushOptions{}, 8, 0},
		"in a file":           {[][]byte{bytes.Repeat(large, 100)}, PushOptions{}, 1, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := openBytes(t, store.Options{})
			r := standingReceiver(t, q, test.max)
			if _, err := q.PushMany(t.Context(), test.payloads, test.opts); err != nil {
				t.Fatal(err)
			}
			told, read := r.told(), hands(t, r)
			if len(told) != test.told || len(read) != min(len(test.payloads), test.max) {
				t.Fatalf("told of %d jobs, and %d are there", len(told), len(read))
			}
			for i, c := range told {
				if !reflect.DeepEqual(c, read[i]) {
					t.Errorf("told of %+v, read %+v", *c, *read[i])
				}
			}
			got, err := r.look(t.Context())
			if err != nil || len(got) != len(read) {
				t.Errorf("look() = %v, %v", got, err)
			}
		})
	}
}

// Two waiters that one push serves are told of their own.
func TestToldOfOwn(t *testing.T) {
	t.Parallel()
	q := openBytes(t, store.Options{})
	first, second := standingReceiver(t, q, 2), standingReceiver(t, q, 2)
	ids, err := q.PushMany(t.Context(), [][]byte{[]byte("a"), []byte("b"), []byte("c")}, PushOptions{})
	if err != nil {
		t.Fatal(err)
	}
	a, b := first.told(), second.told()
	if len(a) != 2 || len(b) != 1 || a[0].id != ids[0] || a[1].id != ids[1] || b[0].id != ids[2] {
		t.Errorf("told of %v and %v", a, b)
	}
}

// A receiver is not told of what was taken from it by the same transaction, or has ended.
func TestNotTold(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(time.Unix(1e9, 0))
	q := openBytes(t, store.Options{Clock: clock})
	expect := func(what string, r *receiver, told, read int) {
		t.Helper()
		if n := len(r.told()); n != told {
			t.Errorf("%s: told of %d jobs, want %d", what, n, told)
		}
		if n := len(hands(t, r)); n != read {
			t.Errorf("%s: %d jobs are there, want %d", what, n, read)
		}
		if err := r.giveUp(t.Context()); err != nil {
			t.Error(err)
		}
	}
	after := func(what string, undo func(tx *store.Tx, r *receiver, id int64) error) {
		t.Helper()
		r := standingReceiver(t, q, 1)
		err := q.db.Update(t.Context(), func(tx *store.Tx) error {
			id, err := q.PushTx(tx, []byte("x"), PushOptions{})
			if err != nil {
				return err
			}
			return undo(tx, r, id)
		})
		if err != nil {
			t.Fatal(err)
		}
		expect(what, r, 0, 0)
	}
	after("canceled", func(tx *store.Tx, _ *receiver, id int64) error { return CancelTx(tx, id) })
	after("its session ended", func(tx *store.Tx, r *receiver, id int64) error {
		if err := endJobs(tx, r.waiter.Session(), true); err != nil {
			return err
		}
		return DiscardTx(tx, id)
	})

	r := standingReceiver(t, q, 1)
	if _, err := q.Push(t.Context(), nil, PushOptions{}); err != nil {
		t.Fatal(err)
	}
	clock.Advance(q.Lease())
	expect("the lease has ended", r, 0, 1)
}

var noted = claimed{id: 1, queue: 2, priority: -3, due: 4, pushed: 5, attempt: 1, token: 6, leaseUntil: 7, payload: []byte("p"), group: nullText("g")}

// A note that is cut short, or that this version did not write, is no note.
func TestNoNote(t *testing.T) {
	t.Parallel()
	whole := noteOf([]*claimed{&noted})
	for n := range whole {
		if jobs, ok := fromNote(whole[:n]); ok {
			t.Errorf("%d of %d bytes are a note of %v", n, len(whole), jobs)
		}
	}
	if jobs, ok := fromNote(whole); !ok || len(jobs) != 1 {
		t.Errorf("the whole is a note of %v: %v", jobs, ok)
	}
	whole[0]++
	if jobs, ok := fromNote(whole); ok {
		t.Errorf("what a later version wrote is a note of %v", jobs)
	}
}

// Whatever bytes are read as a note do no harm, and what is read is what was written.
func FuzzNote(f *testing.F) {
	f.Add(noteOf([]*claimed{&noted, &noted}))
	f.Add([]byte{noteForm})
	f.Add([]byte{noteForm + 1, 2, 4, 5})
	f.Add([]byte(strings.Repeat("\xff", 40)))
	f.Fuzz(func(t *testing.T, b []byte) {
		jobs, ok := fromNote(b)
		if !ok || len(b) > store.MaxNote {
			return
		}
		again, ok := fromNote(noteOf(jobs))
		if !ok || !reflect.DeepEqual(again, jobs) {
			t.Errorf("%x: %v became %v", b, jobs, again)
		}
	})
}

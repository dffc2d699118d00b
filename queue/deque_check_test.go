package queue_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

// Every inconsistency that is made by hand is found, and none is seen before.
func TestDequeCheckFinds(t *testing.T) {
	tests := []struct {
		statement string
		want      string
	}{
		{`UPDATE dcq_deques SET size = 7`, "another number of elements than the 7"},
		{`UPDATE dcq_deques SET leased = 0`, "another number of leases than the 0"},
		{`UPDATE dcq_deques SET low = 1`, "an element at position 0, outside"},
		{`UPDATE dcq_deques SET high = 1`, "a lease at position 2, outside"},
		{`UPDATE dcq_deque_leases SET pos = 0`, "both an element and a lease at position 0"},
		{`UPDATE dcq_deque_items SET deque_id = 999 WHERE pos = 0`, "deque 999 does not exist, but has an element at position 0"},
		{`UPDATE dcq_deque_leases SET deque_id = 999`, "deque 999 does not exist, but has a lease at position 2"},
		{`UPDATE dcq_deque_leases SET session_id = 999`, "leased by session 999"},
		{`DELETE FROM dcq_blobs WHERE name = (SELECT blob FROM dcq_deque_items WHERE pos = 1)`, "which is not in the store"},
		{`DELETE FROM dcq_blobs WHERE name = (SELECT blob FROM dcq_deque_leases)`, "a lease that refers to blob"},
		{`INSERT INTO dcq_waiters (topic, ticket, session_id, want, param, timer, woken)
			SELECT 'deque/d', 1, id, 1, 1, 0, 0 FROM dcq_sessions`, "an element while somebody is waiting"},
		{`UPDATE dcq_deque_leases SET token = 99999`, "token 99999, which is ahead"},
		{`UPDATE dcq_deques SET id = 99999`, "the id 99999, which is ahead"},
	}
	for _, test := range tests {
		f := newFixture(t)
		d, large := f.deque("d", queue.DequeOptions[string]{}), strings.Repeat("x", 2000)
		f.must(d.Extend(t.Context(), "a", large, large))
		f.leaseRight(d, large)
		if problems, err := f.db.Check(t.Context()); len(problems) > 0 || err != nil {
			t.Fatalf("Check() = %v, %v; want nothing", problems, err)
		}
		var texts []string
		undo := f.db.Update(t.Context(), func(tx *store.Tx) error {
			if n, err := tx.Exec(test.statement); n == 0 || err != nil {
				t.Fatalf("%s changed %d rows, %v", test.statement, n, err)
			}
			var err error
			texts, err = queue.Package.Check(tx)
			f.must(err)
			return errUndo
		})
		f.wantErr("Update()", undo, errUndo)
		if !strings.Contains(strings.Join(texts, "\n"), test.want) {
			t.Errorf("after %s\nCheck() = %q, want %q", test.statement, texts, test.want)
		}
	}
}

var errUndo = errors.New("undo")

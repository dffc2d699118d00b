//go:build unix

package worker_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

func openPair(ctx context.Context, db *store.DB) (asks, answers *queue.Queue[string], err error) {
	if asks, err = queue.Open(ctx, db, "asks", queue.Options[string]{}); err != nil {
		return nil, nil, err
	}
	answers, err = queue.Open(ctx, db, "answers", queue.Options[string]{})
	return asks, answers, err
}

// answerChild answers every job of one queue with a job of another, in the
// transaction of its acknowledgement.
func answerChild(c *proctest.Child) error {
	ctx := context.Background()
	db, err := store.Open(ctx, c.Args[0], store.Options{})
	if err != nil {
		return err
	}
	asks, answers, err := openPair(ctx, db)
	if err != nil {
		return err
	}
	for {
		j, err := asks.Receive(ctx)
		if err != nil {
			return err
		}
		err = db.Batch(ctx, true, func(tx *store.Tx) error {
			text := fmt.Sprintf("%s, missed %d", j.Payload, db.Wakeups().Missed)
			if _, err := answers.PushTx(tx, text, queue.PushOptions{}); err != nil {
				return err
			}
			return j.AckTx(tx)
		})
		if err != nil {
			return err
		}
	}
}

// Two processes that wait for each other are woken each time: nobody ever finds
// something only because it looked to be on the safe side.
func TestHandOverBetweenProcesses(t *testing.T) {
	dir := t.TempDir()
	db := storetest.OpenDir(t, dir, store.Options{})
	asks, answers, err := openPair(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	proctest.Start(t, "answer", dir)
	for i := range proctest.Rounds(t, 200) {
		ask := fmt.Sprint("ask ", i)
		if _, err := asks.Push(t.Context(), ask, queue.PushOptions{}); err != nil {
			t.Fatal(err)
		}
		j, err := answers.Receive(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if want := ask + ", missed 0"; j.Payload != want {
			t.Fatalf("answer = %q, want %q", j.Payload, want)
		}
		if err := j.Ack(t.Context()); err != nil {
			t.Fatal(err)
		}
		if m := db.Wakeups().Missed; m != 0 {
			t.Fatalf("missed wake-ups = %d after %d answers, want 0", m, i+1)
		}
	}
}

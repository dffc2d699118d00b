package queue_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

// Pushes of many goroutines, which share commits, lose and double nothing; those of one
// goroutine come out in their order; and those who wait have the first.
func TestPushersShareCommits(t *testing.T) {
	f := newFixture(t)
	q := f.open("q", queue.Options[string]{})
	const pushers, each, waiters = 32, 20, 3
	var early []<-chan string
	for range waiters {
		early = append(early, f.receiveLater(t.Context(), q))
	}
	f.waitFor(q, waiters)
	opts := []queue.PushOptions{{}, {Priority: 1}, {MaxAttempts: 2}, {Group: "of its own"}, {Unique: "of its own"}}
	var wg sync.WaitGroup
	for p := range pushers {
		wg.Go(func() {
			for i := range each {
				o := opts[(p+i)%len(opts)]
				if o.Unique != "" {
					o.Unique += fmt.Sprint(p, " ", i)
				}
				if o.Group != "" {
					o.Group += fmt.Sprint(p, " ", i)
				}
				payload := fmt.Sprint(p, " ", i)
				if i%7 == 3 {
					payload += strings.Repeat(" ", 2000)
				}
				if _, err := q.Push(context.WithoutCancel(t.Context()), payload, o); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	f.must(f.db.View(t.Context(), func(tx *store.Tx) (err error) {
		var n int
		err = tx.QueryRow(`SELECT count(*) FROM dcq_jobs WHERE max_attempts = 2`).Scan(&n)
		if n != pushers*each/len(opts) {
			t.Errorf("%d jobs have attempts of their own, want %d", n, pushers*each/len(opts))
		}
		return err
	}))
	var got []string
	for _, c := range early {
		got = append(got, <-c)
	}
	got = append(got, f.drain(q)...)
	seen := make(map[string]bool)
	last := make(map[string]int) // of a pusher with the same options
	for _, payload := range got {
		var p, i int
		if _, err := fmt.Sscan(payload, &p, &i); err != nil {
			t.Fatal(err)
		}
		key := fmt.Sprint(p, " ", i)
		if seen[key] {
			t.Errorf("received %s twice", key)
		}
		seen[key] = true
		class := fmt.Sprint(p, " ", (p+i)%len(opts))
		if before, ok := last[class]; ok && before > i {
			t.Errorf("received %d of %s after %d", i, class, before)
		}
		last[class] = i
	}
	if len(seen) != pushers*each {
		t.Errorf("received %d jobs, want %d", len(seen), pushers*each)
	}
}

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

// An id stays with its payload, whoever shares the commit: jobs that are added together,
// and those that are added before them although their ids come later.
func TestPushersKeepTheirIDs(t *testing.T) {
	f := newFixture(t)
	q := f.open("q", queue.Options[string]{})
	const pushers, each = 16, 20
	var pushed sync.Map // payloads by id
	var wg sync.WaitGroup
	for p := range pushers {
		wg.Go(func() {
			for i := range each {
				list, o := []string{fmt.Sprint(p, " ", i)}, queue.PushOptions{}
				if p%4 == 0 {
					o.Unique = list[0]
				} else {
					list = append(list, list[0]+" b", list[0]+" c")
				}
				if p%4 == 1 { // a token, which is a number that no job gets
					err := f.db.Batch(context.WithoutCancel(t.Context()), true, func(tx *store.Tx) error {
						_, err := tx.Next()
						return err
					})
					if err != nil {
						t.Error(err)
					}
				}
				ids, err := q.PushMany(context.WithoutCancel(t.Context()), list, o)
				if err != nil {
					t.Error(err)
				}
				for n, id := range ids {
					pushed.Store(id, list[n])
				}
			}
		})
	}
	wg.Wait()
	jobs, err := q.TryReceiveMany(t.Context(), queue.ReceiveOptions{Max: pushers * each * 3})
	f.must(err)
	for _, j := range jobs {
		if want, ok := pushed.LoadAndDelete(j.ID); !ok || want != j.Payload {
			t.Errorf("job %d is %q, pushed was %v", j.ID, j.Payload, want)
		}
	}
	pushed.Range(func(id, payload any) bool {
		t.Errorf("job %v, %q, was not received", id, payload)
		return true
	})
}

package queue_test

import (
	"testing"
	"time"

	"github.com/dcq-go/dcq/queue"
)

func TestOneOfAGroupInFlight(t *testing.T) {
	f := newFixture(t)
	q := f.open("q", queue.Options[string]{Lease: time.Hour})
	for _, p := range []string{"a1", "a2", "b1", "a3"} {
		f.push(q, p, queue.PushOptions{Group: p[:1]})
	}
	a1, b1 := f.receive(q), f.receive(q)
	if a1.Payload != "a1" || b1.Payload != "b1" {
		t.Fatalf("received %q, %q; want a1, b1", a1.Payload, b1.Payload)
	}
	f.wantEmpty(q)
	f.wantStats(q, queue.Stats{Blocked: 2, Leased: 2})
	f.must(a1.Ack(t.Context()))
	a2 := f.receive(q)
	f.must(a2.Nack(t.Context(), nil)) // its pause lets a3 go first
	if a3 := f.receive(q); a3.Payload != "a3" {
		t.Errorf("received %q, want a3", a3.Payload)
	} else {
		f.must(a3.Release(t.Context(), 0))
	}
	f.must(f.receive(q).Kill(t.Context(), nil))
	f.clock.Advance(time.Minute)
	f.must(f.receive(q).Ack(t.Context()))
	f.must(b1.Ack(t.Context()))
	f.wantStats(q, queue.Stats{Dead: 1})
}

func TestHoldGroup(t *testing.T) {
	f := newFixture(t)
	q := f.open("q", queue.Options[string]{Lease: time.Hour})
	f.push(q, "a1", queue.PushOptions{Group: "a"})
	f.push(q, "a2", queue.PushOptions{Group: "a"})
	until := f.clock.Now().Add(time.Minute)
	f.must(q.HoldGroup(t.Context(), "a", until))
	f.wantEmpty(q)
	f.push(q, "b1", queue.PushOptions{Group: "b"})
	f.must(f.receive(q).Ack(t.Context()))
	f.wantEmpty(q)
	f.clock.Advance(time.Minute)
	j := f.receive(q)
	f.must(q.HoldGroup(t.Context(), "a", f.clock.Now().Add(time.Minute))) // a job in flight goes on
	f.must(j.Ack(t.Context()))
	f.wantEmpty(q)
	f.must(q.HoldGroup(t.Context(), "a", f.clock.Now().Add(-time.Second)))
	f.must(f.receive(q).Ack(t.Context()))
	f.must(q.HoldGroup(t.Context(), "empty", until.Add(time.Hour)))
	f.push(q, "e1", queue.PushOptions{Group: "empty"})
	f.wantEmpty(q)
	f.wantStats(q, queue.Stats{Delayed: 1})
}

// A delayed job does not keep the others of its group from running.
func TestDelayedJobsDoNotBlockTheirGroup(t *testing.T) {
	f := newFixture(t)
	q := f.open("q", queue.Options[string]{Lease: time.Hour})
	f.push(q, "later", queue.PushOptions{Group: "a", Delay: time.Minute})
	f.push(q, "now", queue.PushOptions{Group: "a"})
	j := f.receive(q)
	if j.Payload != "now" {
		t.Fatalf("received %q, want now", j.Payload)
	}
	f.clock.Advance(time.Minute)
	f.wantEmpty(q) // one is in flight
	f.must(j.Ack(t.Context()))
	f.must(f.receive(q).Ack(t.Context()))
}

package queue_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// fixture is a store under a clock that stands still.
type fixture struct {
	*testing.T
	db    *store.DB
	clock *storetest.Clock
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	clock := storetest.NewClock(time.Unix(1_000_000, 0))
	return &fixture{t, storetest.Open(t, store.Options{Clock: clock, BlobThreshold: 1000}), clock}
}

func (f *fixture) open(name string, opts queue.Options[string]) *queue.Queue[string] {
	f.Helper()
	q, err := queue.Open(f.Context(), f.db, name, opts)
	if err != nil {
		f.Fatalf("Open(%q) = %v", name, err)
	}
	return q
}

func (f *fixture) push(q *queue.Queue[string], payload string, opts queue.PushOptions) int64 {
	f.Helper()
	id, err := q.Push(f.Context(), payload, opts)
	if err != nil {
		f.Fatalf("Push(%q) = %v", payload, err)
	}
	return id
}

func (f *fixture) receive(q *queue.Queue[string]) *queue.Job[string] {
	f.Helper()
	j, err := q.TryReceive(f.Context())
	if err != nil {
		f.Fatalf("TryReceive() = %v", err)
	}
	return j
}

func (f *fixture) wantEmpty(q *queue.Queue[string]) {
	f.Helper()
	if j, err := q.TryReceive(f.Context()); !errors.Is(err, queue.ErrEmpty) {
		f.Errorf("TryReceive() = %v, %v; want ErrEmpty", j, err)
	}
}

func (f *fixture) wantStats(q *queue.Queue[string], want queue.Stats) {
	f.Helper()
	got, err := q.Stats(f.Context())
	got.OldestReady = 0
	if err != nil || got != want {
		f.Errorf("Stats() = %+v, %v; want %+v", got, err, want)
	}
}

func (f *fixture) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) wantErr(what string, got, want error) {
	f.Helper()
	if !errors.Is(got, want) {
		f.Errorf("%s = %v, want %v", what, got, want)
	}
}

func TestOrder(t *testing.T) {
	f := newFixture(t)
	q := f.open("q", queue.Options[string]{})
	f.push(q, "low", queue.PushOptions{Priority: -1})
	f.push(q, "first", queue.PushOptions{})
	f.push(q, "later", queue.PushOptions{Delay: time.Second})
	f.push(q, "second", queue.PushOptions{})
	f.push(q, "high", queue.PushOptions{Priority: 5})
	f.clock.Advance(2 * time.Second)
	f.push(q, "last", queue.PushOptions{})
	for _, want := range []string{"high", "first", "second", "later", "last", "low"} {
		if got := f.receive(q).Payload; got != want {
			t.Errorf("received %q, want %q", got, want)
		}
	}
	f.wantEmpty(q)
}

func TestReceiveManyKeepsTheOrder(t *testing.T) {
	f := newFixture(t)
	q := f.open("q", queue.Options[string]{})
	for i := range 20 {
		f.push(q, fmt.Sprint(i), queue.PushOptions{Priority: i % 2})
	}
	jobs, err := q.TryReceiveMany(t.Context(), queue.ReceiveOptions{Max: 12})
	f.must(err)
	var got []string
	for i, j := range jobs {
		got = append(got, j.Payload)
		if i > 0 && j.Token != jobs[i-1].Token+1 {
			t.Errorf("token %d after %d", j.Token, jobs[i-1].Token)
		}
	}
	if want := "[1 3 5 7 9 11 13 15 17 19 0 2]"; fmt.Sprint(got) != want {
		t.Errorf("received %v, want %s", got, want)
	}
}

func TestAckOnce(t *testing.T) {
	f := newFixture(t)
	q := f.open("q", queue.Options[string]{})
	f.push(q, "x", queue.PushOptions{})
	j := f.receive(q)
	f.must(j.Ack(t.Context()))
	f.wantErr("second Ack()", j.Ack(t.Context()), queue.ErrLost)
	f.wantErr("Nack() after Ack()", j.Nack(t.Context(), nil), queue.ErrLost)
	f.wantStats(q, queue.Stats{})
}

func TestLeaseEnds(t *testing.T) {
	f := newFixture(t)
	q := f.open("q", queue.Options[string]{Lease: 10 * time.Second})
	f.push(q, "x", queue.PushOptions{})
	late := f.receive(q)
	f.clock.Advance(5 * time.Second)
	f.must(late.Extend(t.Context(), 10*time.Second))
	f.clock.Advance(9 * time.Second)
	f.wantEmpty(q)
	f.clock.Advance(2 * time.Second)
	f.wantErr("Ack() after the lease", late.Ack(t.Context()), queue.ErrLost)
	f.wantErr("Extend() after the lease", late.Extend(t.Context(), time.Second), queue.ErrLost)
	again := f.receive(q)
	if again.Token <= late.Token || again.Attempt != 1 || again.Crashes != 1 {
		t.Errorf("token %d after %d, attempt %d, crashes %d; want a higher token, 1, 1", again.Token, late.Token, again.Attempt, again.Crashes)
	}
	f.wantErr("late Ack()", late.Ack(t.Context()), queue.ErrLost)
	f.must(again.Ack(t.Context()))
}

// A step of the wall clock neither ends a lease nor makes one endless.
func TestWallClockSteps(t *testing.T) {
	f := newFixture(t)
	q := f.open("q", queue.Options[string]{Lease: 10 * time.Second})
	f.push(q, "x", queue.PushOptions{})
	j := f.receive(q)
	f.clock.Step(time.Hour)
	f.wantEmpty(q)
	f.clock.Step(-2 * time.Hour)
	f.must(j.Extend(t.Context(), 10*time.Second))
	f.clock.Advance(11 * time.Second)
	f.must(f.receive(q).Ack(t.Context()))
}

func TestRetriesAndDeadLetters(t *testing.T) {
	f := newFixture(t)
	q := f.open("q", queue.Options[string]{MaxAttempts: 3, Backoff: time.Second, MaxBackoff: 4 * time.Second})
	id := f.push(q, "x", queue.PushOptions{})
	for attempt := 1; attempt <= 3; attempt++ {
		j := f.receive(q)
		if j.Attempt != attempt {
			t.Errorf("attempt = %d, want %d", j.Attempt, attempt)
		}
		f.must(j.Nack(t.Context(), fmt.Errorf("failure %d", attempt)))
		f.wantEmpty(q)
		f.clock.Advance(4 * time.Second)
	}
	f.wantStats(q, queue.Stats{Dead: 1})
	r, err := queue.Find(t.Context(), f.db, id)
	f.must(err)
	if r.State != queue.Dead || len(r.Failures) != 3 || r.Failures[2].Error != "failure 3" || r.Failures[2].Attempt != 3 {
		t.Errorf("Find() = %+v, want a dead job with 3 failures", r)
	}
	f.must(queue.Retry(t.Context(), f.db, id))
	if j := f.receive(q); j.Attempt != 1 || j.ID != id {
		t.Errorf("after Retry: job %d, attempt %d; want %d, 1", j.ID, j.Attempt, id)
	} else {
		f.must(j.Ack(t.Context()))
	}
}

func TestReleaseCostsNoAttempt(t *testing.T) {
	f := newFixture(t)
	q := f.open("q", queue.Options[string]{MaxAttempts: 1})
	f.push(q, "x", queue.PushOptions{})
	f.must(f.receive(q).Release(t.Context(), 0))
	f.must(f.receive(q).Release(t.Context(), time.Minute))
	f.wantStats(q, queue.Stats{Delayed: 1})
	f.clock.Advance(time.Minute)
	if j := f.receive(q); j.Attempt != 1 {
		t.Errorf("attempt = %d, want 1", j.Attempt)
	}
}

func TestKill(t *testing.T) {
	f := newFixture(t)
	q := f.open("q", queue.Options[string]{})
	f.push(q, "x", queue.PushOptions{})
	f.must(f.receive(q).Kill(t.Context(), errors.New("no hope")))
	f.wantStats(q, queue.Stats{Dead: 1})
}

func TestUnique(t *testing.T) {
	f := newFixture(t)
	q := f.open("q", queue.Options[string]{})
	opts := queue.PushOptions{Unique: "k"}
	id := f.push(q, "x", opts)
	for range 2 { // while ready, and while leased
		got, err := q.Push(t.Context(), "y", opts)
		if got != id || !errors.Is(err, queue.ErrDuplicate) {
			t.Errorf("Push() = %d, %v; want %d, ErrDuplicate", got, err, id)
		}
		if j, err := q.TryReceive(t.Context()); err == nil {
			defer func() { f.must(j.Ack(context.Background())) }()
		}
	}
	other := f.open("other", queue.Options[string]{})
	f.push(other, "x", opts)
	f.must(f.receive(other).Kill(t.Context(), nil))
	f.push(other, "again", opts) // a dead job does not block its key
	dead, err := queue.Jobs(t.Context(), f.db, queue.Filter{Queue: "other", State: []queue.State{queue.Dead}})
	f.must(err)
	f.wantErr("Retry() of the dead one", queue.Retry(t.Context(), f.db, dead[0].ID), queue.ErrDuplicate)
}

func TestPause(t *testing.T) {
	f := newFixture(t)
	q := f.open("q", queue.Options[string]{})
	f.push(q, "x", queue.PushOptions{})
	f.must(q.Pause(t.Context()))
	f.wantEmpty(q)
	f.must(q.Resume(t.Context()))
	f.must(f.receive(q).Ack(t.Context()))
}

func TestCancelAndDiscard(t *testing.T) {
	f := newFixture(t)
	q := f.open("q", queue.Options[string]{})
	id := f.push(q, "x", queue.PushOptions{})
	j := f.receive(q)
	f.wantErr("Discard() of a leased job", queue.Discard(t.Context(), f.db, id), queue.ErrState)
	f.must(queue.Cancel(t.Context(), f.db, id))
	f.wantErr("Ack() after Cancel()", j.Ack(t.Context()), queue.ErrLost)
	f.wantErr("second Cancel()", queue.Cancel(t.Context(), f.db, id), queue.ErrState)
	f.must(queue.Discard(t.Context(), f.db, id))
	f.wantErr("Discard() of nothing", queue.Discard(t.Context(), f.db, id), queue.ErrNotFound)
	f.wantErr("Retry() of nothing", queue.Retry(t.Context(), f.db, id), queue.ErrNotFound)
}

func TestLargePayloads(t *testing.T) {
	f := newFixture(t)
	q := f.open("q", queue.Options[string]{})
	large := fmt.Sprintf("%05000d", 7)
	f.push(q, large, queue.PushOptions{})
	j := f.receive(q)
	if j.Payload != large {
		t.Errorf("payload has %d bytes, want %d", len(j.Payload), len(large))
	}
	f.must(j.Ack(t.Context()))
}

// What the acknowledgement's transaction writes happens exactly once.
func TestAckTx(t *testing.T) {
	f := newFixture(t)
	q := f.open("q", queue.Options[string]{Lease: time.Second})
	f.push(q, "x", queue.PushOptions{})
	late := f.receive(q)
	f.clock.Advance(2 * time.Second)
	now := f.receive(q)
	for _, j := range []*queue.Job[string]{late, now} {
		_ = f.db.Update(t.Context(), func(tx *store.Tx) error {
			if _, err := q.PushTx(tx, "follow-up", queue.PushOptions{}); err != nil {
				return err
			}
			return j.AckTx(tx)
		})
	}
	f.wantStats(q, queue.Stats{Ready: 1})
	err := f.db.Update(t.Context(), func(tx *store.Tx) error { return tx.Require(late) })
	f.wantErr("Require() of a lost attempt", err, store.ErrLost)
}

func TestSettingsAreStored(t *testing.T) {
	f := newFixture(t)
	f.open("q", queue.Options[string]{MaxAttempts: 1, Lease: time.Minute})
	q := f.open("q", queue.Options[string]{Lease: time.Hour})
	f.push(q, "x", queue.PushOptions{})
	j := f.receive(q)
	if got := j.LeaseUntil - f.clock.Monotonic(); got != time.Hour {
		t.Errorf("lease = %v, want 1h", got)
	}
	f.must(j.Nack(t.Context(), nil))
	f.wantStats(q, queue.Stats{Dead: 1})
}

func TestBadArguments(t *testing.T) {
	f := newFixture(t)
	q := f.open("q", queue.Options[string]{})
	long := fmt.Sprintf("%0300d", 1)
	for _, name := range []string{"", long, "a\nb", "\xff"} {
		_, err := queue.Open(t.Context(), f.db, name, queue.Options[string]{})
		f.wantErr(fmt.Sprintf("Open(%q)", name), err, queue.ErrName)
	}
	for what, opts := range map[string]queue.PushOptions{
		"negative delay": {Delay: -1}, "delay and time": {Delay: 1, At: time.Now()}, "priority": {Priority: 1 << 40},
		"attempts": {MaxAttempts: -1}, "unique": {Unique: long}, "group": {Group: "\x00"},
	} {
		if _, err := q.Push(t.Context(), "x", opts); err == nil {
			t.Errorf("Push() with a bad %s succeeded", what)
		}
	}
	if _, err := queue.Open(t.Context(), f.db, "x", queue.Options[string]{Lease: -1, MaxAttempts: -1}); err == nil {
		t.Error("Open() with bad options succeeded")
	}
	f.wantStats(q, queue.Stats{})
}

func TestPayloadThatDoesNotDecode(t *testing.T) {
	f := newFixture(t)
	f.push(f.open("q", queue.Options[string]{}), "not json", queue.PushOptions{})
	f.push(f.open("q", queue.Options[string]{}), "7", queue.PushOptions{})
	q, err := queue.Open(t.Context(), f.db, "q", queue.Options[int]{})
	f.must(err)
	j, err := q.TryReceive(t.Context())
	if err != nil || j.Payload != 7 {
		t.Fatalf("TryReceive() = %v, %v; want the job that decodes", j, err)
	}
	s, err := q.Stats(t.Context())
	if err != nil || s.Dead != 1 || s.Leased != 1 {
		t.Errorf("Stats() = %+v, %v; want one dead, one leased", s, err)
	}
}

// Calls of one transaction see each other's changes.
func TestCallsOfOneTransaction(t *testing.T) {
	f := newFixture(t)
	q := f.open("q", queue.Options[string]{})
	err := f.db.Update(t.Context(), func(tx *store.Tx) error {
		if _, err := q.PushManyTx(tx, []string{"a", "b", "c"}, queue.PushOptions{}); err != nil {
			return err
		}
		if payload, r, err := q.PeekTx(tx); payload != "a" || r.State != queue.Ready || err != nil {
			t.Errorf("PeekTx() = %q, %+v, %v; want a", payload, r, err)
		}
		jobs, err := q.ReceiveManyTx(tx, queue.ReceiveOptions{Max: 2, Lease: time.Hour})
		if err != nil {
			return err
		}
		if len(jobs) != 2 || jobs[1].Payload != "b" || jobs[1].Lease != time.Hour {
			t.Errorf("ReceiveManyTx() = %+v, want a and b for an hour", jobs)
		}
		if err := jobs[0].AckTx(tx); err != nil {
			return err
		}
		if err := queue.SetPausedTx(tx, "q", true); err != nil {
			return err
		}
		if _, err := q.ReceiveTx(tx); !errors.Is(err, queue.ErrEmpty) {
			t.Errorf("ReceiveTx() while paused = %v, want ErrEmpty", err)
		}
		s, err := q.StatsTx(tx)
		if s.Ready != 1 || s.Leased != 1 {
			t.Errorf("StatsTx() = %+v, want one ready, one leased", s)
		}
		return err
	})
	f.must(err)
}

package worker_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
	"github.com/dcq-go/dcq/worker"
)

// fixture is a store with a queue of numbers.
type fixture struct {
	*testing.T
	db *store.DB
	q  *queue.Queue[int]
}

func newFixture(t *testing.T, opts queue.Options[int]) *fixture {
	t.Helper()
	db := storetest.Open(t, store.Options{})
	q, err := queue.Open(t.Context(), db, "q", opts)
	if err != nil {
		t.Fatal(err)
	}
	return &fixture{t, db, q}
}

func newClockFixture(t *testing.T) (*fixture, *storetest.Clock) {
	t.Helper()
	clock := storetest.NewClock(time.Unix(1_000_000, 0))
	db := storetest.Open(t, store.Options{Clock: clock})
	q, err := queue.Open(t.Context(), db, "q", queue.Options[int]{})
	if err != nil {
		t.Fatal(err)
	}
	return &fixture{t, db, q}, clock
}

func (f *fixture) push(n ...int) {
	f.Helper()
	if _, err := f.q.PushMany(f.Context(), n, queue.PushOptions{}); err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) pool(opts worker.Options, h worker.Handler[int]) *worker.Pool {
	f.Helper()
	p, err := worker.New(f.db, opts)
	if err != nil {
		f.Fatal(err)
	}
	if err := worker.Handle(p, f.q, h); err != nil {
		f.Fatal(err)
	}
	return p
}

func (f *fixture) runUntilIdle(p *worker.Pool) {
	f.Helper()
	if err := p.RunUntilIdle(f.Context()); err != nil {
		f.Fatalf("RunUntilIdle() = %v", err)
	}
}

func (f *fixture) wantStats(want queue.Stats) {
	f.Helper()
	got, err := f.q.Stats(context.Background())
	got.OldestReady = 0
	if err != nil || got != want {
		f.Errorf("Stats() = %+v, %v; want %+v", got, err, want)
	}
}

func TestEachJobOnce(t *testing.T) {
	f := newFixture(t, queue.Options[int]{})
	const jobs = 2000
	var seen [jobs]atomic.Int32
	for i := range jobs {
		if i%100 == 0 {
			batch := make([]int, 100)
			for k := range batch {
				batch[k] = i + k
			}
			f.push(batch...)
		}
	}
	p := f.pool(worker.Options{Concurrency: 8}, func(_ context.Context, j *queue.Job[int]) error {
		seen[j.Payload].Add(1)
		return nil
	})
	f.runUntilIdle(p)
	for i := range seen {
		if n := seen[i].Load(); n != 1 {
			t.Errorf("job %d was handled %d times", i, n)
		}
	}
	if n := p.Held(); n != 0 {
		t.Errorf("the pool still holds %d attempts", n)
	}
	if got := p.Stats(); got != (worker.Stats{Succeeded: jobs}) {
		t.Errorf("Stats() = %+v, want %d succeeded", got, jobs)
	}
	f.wantStats(queue.Stats{})
}

func TestOutcomes(t *testing.T) {
	boom := errors.New("boom")
	handled := make(map[int]int)
	var mu sync.Mutex
	f := newFixture(t, queue.Options[int]{MaxAttempts: 2, Backoff: time.Millisecond})
	f.push(0, 1, 2, 3, 4, 5, 6)
	p := f.pool(worker.Options{}, func(ctx context.Context, j *queue.Job[int]) error {
		mu.Lock()
		handled[j.Payload]++
		first := handled[j.Payload] == 1
		mu.Unlock()
		switch {
		case j.Payload == 0:
			return boom // both attempts
		case j.Payload == 1:
			return worker.Kill(boom)
		case j.Payload == 2 && first:
			return worker.Release(time.Millisecond)
		case j.Payload == 3 && first:
			return worker.RetryAfter(boom, time.Millisecond)
		case j.Payload == 4 && first:
			panic("boom")
		case j.Payload == 5:
			return j.Ack(ctx)
		}
		return nil
	})
	f.runUntilIdle(p)
	for n, want := range map[int]int{0: 2, 1: 1, 2: 2, 3: 2, 4: 2, 5: 1, 6: 1} {
		if handled[n] != want {
			t.Errorf("job %d was handled %d times, want %d", n, handled[n], want)
		}
	}
	want := worker.Stats{Succeeded: 4, Retried: 3, Died: 2, Released: 1, Decided: 1}
	if got := p.Stats(); got != want {
		t.Errorf("Stats() = %+v, want %+v", got, want)
	}
	f.wantStats(queue.Stats{Dead: 2})
}

func TestPanicKeepsItsStack(t *testing.T) {
	f := newFixture(t, queue.Options[int]{MaxAttempts: 1})
	f.push(7)
	f.runUntilIdle(f.pool(worker.Options{}, func(context.Context, *queue.Job[int]) error { panic("a reason") }))
	list, err := queue.Jobs(t.Context(), f.db, queue.Filter{})
	if err != nil || len(list) != 1 || len(list[0].Failures) != 1 {
		t.Fatalf("Jobs() = %+v, %v; want one with one failure", list, err)
	}
	if text := list[0].Failures[0].Error; !strings.Contains(text, "a reason") || !strings.Contains(text, "pool_test.go") {
		t.Errorf("failure = %q, want the reason and the stack", text)
	}
}

func TestTimeout(t *testing.T) {
	f := newFixture(t, queue.Options[int]{MaxAttempts: 1})
	f.push(1)
	var cause error
	f.runUntilIdle(f.pool(worker.Options{Timeout: time.Millisecond}, func(ctx context.Context, _ *queue.Job[int]) error {
		<-ctx.Done()
		cause = context.Cause(ctx)
		return ctx.Err()
	}))
	if !errors.Is(cause, worker.ErrTimeout) {
		t.Errorf("cause = %v, want ErrTimeout", cause)
	}
	f.wantStats(queue.Stats{Dead: 1})
}

// A stop waits for running handlers, and gives back what was fetched ahead without
// costing an attempt.
func TestGracefulStop(t *testing.T) {
	f := newFixture(t, queue.Options[int]{})
	f.push(0, 1, 2, 3, 4)
	ctx, cancel := context.WithCancel(t.Context())
	started, release := make(chan struct{}, 5), make(chan struct{})
	p := f.pool(worker.Options{Concurrency: 2, Ahead: 10}, func(context.Context, *queue.Job[int]) error {
		started <- struct{}{}
		<-release
		return nil
	})
	done := make(chan error)
	go func() { done <- p.Run(ctx) }()
	<-started
	<-started
	cancel()
	close(release)
	if err := <-done; err != nil {
		t.Errorf("Run() = %v", err)
	}
	f.wantStats(queue.Stats{Ready: 3})
	j, err := f.q.TryReceive(t.Context())
	if err != nil || j.Attempt != 1 {
		t.Errorf("TryReceive() = %+v, %v; want attempt 1", j, err)
	}
}

func TestAbortCancelsHandlers(t *testing.T) {
	f := newFixture(t, queue.Options[int]{MaxAttempts: 1})
	f.push(1)
	started := make(chan struct{})
	var cause error
	p := f.pool(worker.Options{}, func(ctx context.Context, _ *queue.Job[int]) error {
		close(started)
		<-ctx.Done()
		cause = context.Cause(ctx)
		return ctx.Err()
	})
	done := make(chan error)
	go func() { done <- p.Run(t.Context()) }()
	<-started
	p.Abort()
	if err := <-done; err != nil {
		t.Errorf("Run() = %v", err)
	}
	if !errors.Is(cause, worker.ErrStopped) {
		t.Errorf("cause = %v, want ErrStopped", cause)
	}
	f.wantStats(queue.Stats{Ready: 1})
}

// steady blocks until the pool's timers are armed: of the heartbeat, of the fetcher,
// and of the wait for idleness.
func steady(clock *storetest.Clock) {
	for clock.Timers() != 3 {
		runtime.Gosched()
	}
}

// A handler that runs longer than the lease keeps its job by heartbeats.
func TestHeartbeat(t *testing.T) {
	f, clock := newClockFixture(t)
	f.push(1)
	id, release := make(chan int64), make(chan struct{})
	p := f.pool(worker.Options{Concurrency: 2, Ahead: -1}, func(ctx context.Context, j *queue.Job[int]) error {
		id <- j.ID
		<-release
		return context.Cause(ctx)
	})
	done := make(chan error)
	go func() { done <- p.RunUntilIdle(t.Context()) }()
	job := <-id
	for range 12 { // four leases
		steady(clock)
		clock.Advance(queue.DefaultLease / 3)
		for {
			r, err := queue.Find(t.Context(), f.db, job)
			if err != nil {
				t.Fatal(err)
			}
			if r.LeaseLeft == queue.DefaultLease {
				break
			}
			runtime.Gosched()
		}
	}
	close(release)
	if err := <-done; err != nil {
		t.Errorf("RunUntilIdle() = %v", err)
	}
	if got := p.Stats(); got != (worker.Stats{Succeeded: 1}) {
		t.Errorf("Stats() = %+v, want one that succeeded", got)
	}
}

// A handler whose attempt is taken away learns it through its context, and its
// outcome is dropped.
func TestLostAttempt(t *testing.T) {
	f, clock := newClockFixture(t)
	f.push(1)
	canceled := make(chan struct{})
	var cause error
	p := f.pool(worker.Options{Concurrency: 2, Ahead: -1}, func(ctx context.Context, j *queue.Job[int]) error {
		if err := queue.Cancel(ctx, f.db, j.ID); err != nil {
			t.Errorf("Cancel() = %v", err)
		}
		close(canceled)
		<-ctx.Done()
		cause = context.Cause(ctx)
		return nil
	})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- p.Run(ctx) }()
	<-canceled
	for clock.Timers() != 2 { // the heartbeat and the fetcher
		runtime.Gosched()
	}
	clock.Advance(queue.DefaultLease / 3)
	for p.Stats().Lost == 0 {
		runtime.Gosched()
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("Run() = %v", err)
	}
	if !errors.Is(cause, queue.ErrLost) {
		t.Errorf("cause = %v, want ErrLost", cause)
	}
	f.wantStats(queue.Stats{Dead: 1})
}

func TestSeveralQueuesInTurn(t *testing.T) {
	f := newFixture(t, queue.Options[int]{})
	words, err := queue.Open(t.Context(), f.db, "words", queue.Options[string]{})
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	p := f.pool(worker.Options{Concurrency: 1, Ahead: -1}, func(_ context.Context, j *queue.Job[int]) error {
		order = append(order, fmt.Sprint(j.Payload))
		return nil
	})
	err = worker.Handle(p, words, func(_ context.Context, j *queue.Job[string]) error {
		order = append(order, j.Payload)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	f.push(1, 2, 3)
	if _, err := words.PushMany(t.Context(), []string{"a", "b", "c"}, queue.PushOptions{}); err != nil {
		t.Fatal(err)
	}
	f.runUntilIdle(p)
	if got := strings.Join(order, " "); got != "1 a 2 b 3 c" {
		t.Errorf("order = %s, want the queues in turn", got)
	}
}

func TestMisuse(t *testing.T) {
	f := newFixture(t, queue.Options[int]{})
	if _, err := worker.New(f.db, worker.Options{Concurrency: -1, Timeout: -1, Ahead: 1 << 20, Lease: 1}); err == nil || strings.Count(err.Error(), "Options.") != 4 {
		t.Errorf("New() = %v, want four faults", err)
	}
	empty, err := worker.New(f.db, worker.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := empty.Run(t.Context()); err == nil {
		t.Error("Run() without a handler succeeded")
	}
	nothing := func(context.Context, *queue.Job[int]) error { return nil }
	p := f.pool(worker.Options{}, nothing)
	if err := worker.Handle(p, f.q, nothing); err == nil {
		t.Error("second Handle() for one queue succeeded")
	}
	f.runUntilIdle(p)
	if err := p.Run(t.Context()); err == nil {
		t.Error("second Run() succeeded")
	}
	if err := worker.Handle(p, f.q, nothing); err == nil {
		t.Error("Handle() after Run() succeeded")
	}
}

package queue_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// waitFor blocks until n receivers wait in line.
func (f *fixture) waitFor(q *queue.Queue[string], n int) {
	f.Helper()
	for {
		list, err := queue.List(f.Context(), f.db)
		f.must(err)
		for _, info := range list {
			if info.Name == q.Name() && info.Waiting == n {
				return
			}
		}
		<-f.clock.Armed() // a receiver has begun to wait
	}
}

func (f *fixture) receiveLater(ctx context.Context, q *queue.Queue[string]) <-chan string {
	got := make(chan string, 1)
	go func() {
		j, err := q.Receive(ctx)
		if err != nil {
			got <- err.Error()
			return
		}
		got <- j.Payload
	}()
	return got
}

func TestReceiversAreServedInOrder(t *testing.T) {
	f := newFixture(t)
	q := f.open("q", queue.Options[string]{})
	var waiting []<-chan string
	for i := range 5 {
		waiting = append(waiting, f.receiveLater(t.Context(), q))
		f.waitFor(q, i+1)
	}
	for i := range waiting {
		f.push(q, fmt.Sprint(i), queue.PushOptions{})
		if got := <-waiting[i]; got != fmt.Sprint(i) {
			t.Errorf("receiver %d got %q", i, got)
		}
	}
}

func TestReceiverWakesForDelayedJobs(t *testing.T) {
	f := newFixture(t)
	q := f.open("q", queue.Options[string]{})
	f.push(q, "later", queue.PushOptions{Delay: 1500 * time.Millisecond})
	got := f.receiveLater(t.Context(), q)
	f.waitFor(q, 1)
	f.clock.Advance(1500 * time.Millisecond)
	if got := <-got; got != "later" {
		t.Errorf("received %q, want later", got)
	}
}

func TestReceiverIsToldOfEarlierTimers(t *testing.T) {
	f := newFixture(t)
	q := f.open("q", queue.Options[string]{})
	got := f.receiveLater(t.Context(), q)
	f.waitFor(q, 1)
	f.push(q, "soon", queue.PushOptions{Delay: 10 * time.Millisecond})
	<-f.clock.Armed() // it looked, and set its timer
	f.clock.Advance(10 * time.Millisecond)
	if got := <-got; got != "soon" {
		t.Errorf("received %q, want soon", got)
	}
}

func TestCanceledReceiverHandsOn(t *testing.T) {
	f := newFixture(t)
	q := f.open("q", queue.Options[string]{})
	ctx, cancel := context.WithCancelCause(t.Context())
	first := f.receiveLater(ctx, q)
	f.waitFor(q, 1)
	second := f.receiveLater(t.Context(), q)
	f.waitFor(q, 2)
	cancel(errors.New("enough"))
	if got := <-first; got != "enough" {
		t.Errorf("first = %q, want the cause", got)
	}
	f.push(q, "x", queue.PushOptions{})
	if got := <-second; got != "x" {
		t.Errorf("second = %q, want x", got)
	}
}

// Whatever the moments at which receivers give up, each job is received once.
func TestReceiversThatGiveUp(t *testing.T) {
	db := storetest.Open(t, store.Options{})
	q, err := queue.Open(t.Context(), db, "q", queue.Options[int]{})
	if err != nil {
		t.Fatal(err)
	}
	const jobs = 300
	seen := make(chan int, jobs)
	done, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for done.Err() == nil {
				ctx, cancel := context.WithTimeout(done, 2*time.Millisecond)
				j, err := q.Receive(ctx)
				cancel()
				if err != nil {
					continue
				}
				if err := j.Ack(t.Context()); err != nil {
					t.Errorf("Ack() = %v", err)
				}
				seen <- j.Payload
			}
		})
	}
	for i := range jobs {
		if _, err := q.Push(t.Context(), i, queue.PushOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	got := make(map[int]int)
	for range jobs {
		got[<-seen]++
	}
	stop()
	wg.Wait()
	for i := range jobs {
		if got[i] != 1 {
			t.Errorf("job %d was acknowledged %d times", i, got[i])
		}
	}
	if m := db.Wakeups().Missed; m != 0 {
		t.Errorf("missed wake-ups = %d, want 0", m)
	}
}

func TestWaitIdle(t *testing.T) {
	f := newFixture(t)
	q, other := f.open("q", queue.Options[string]{}), f.open("other", queue.Options[string]{})
	f.must(queue.WaitIdle(t.Context(), f.db, "q", "other", "no such queue"))
	f.push(q, "x", queue.PushOptions{})
	f.push(other, "y", queue.PushOptions{})
	idle := make(chan error, 1)
	go func() { idle <- queue.WaitIdle(t.Context(), f.db, "q", "other") }()
	<-f.clock.Armed()
	f.must(f.receive(q).Ack(t.Context()))
	j := f.receive(other)
	if is, err := queue.Idle(t.Context(), f.db, "q", "other"); is || err != nil {
		t.Errorf("Idle() = %v, %v while a job is leased", is, err)
	}
	f.must(j.Kill(t.Context(), nil))
	if err := <-idle; err != nil {
		t.Errorf("WaitIdle() = %v", err)
	}
}

func TestReceiveEndsWithTheStore(t *testing.T) {
	db, err := store.Open(t.Context(), t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	q, err := queue.Open(t.Context(), db, "q", queue.Options[string]{})
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan error, 1)
	go func() {
		_, err := q.Receive(t.Context())
		got <- err
	}()
	for db.Wakeups().Waiters == 0 {
		runtime.Gosched()
	}
	if err := db.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
	if err := <-got; !errors.Is(err, store.ErrClosed) {
		t.Errorf("Receive() = %v, want ErrClosed", err)
	}
}

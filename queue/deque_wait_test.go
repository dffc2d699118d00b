package queue_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// inLine blocks until n pops wait for an element of the deque.
func (f *fixture) inLine(d *stringDeque, n int) {
	f.Helper()
	for {
		var waiting int
		f.must(f.db.View(f.Context(), func(tx *store.Tx) error {
			return tx.QueryRow(`SELECT count(*) FROM dcq_waiters WHERE topic = ?`, "deque/"+d.Name()).Scan(&waiting)
		}))
		if waiting == n {
			return
		}
		select {
		case <-f.clock.Armed(): // somebody has begun to wait
		case <-f.Context().Done():
			f.Fatalf("%d wait, want %d", waiting, n)
		}
	}
}

// later runs a call that waits, and delivers its result.
func later[T any](call func() (T, error)) <-chan string {
	got := make(chan string, 1)
	go func() {
		v, err := call()
		if err != nil {
			got <- "error: " + err.Error()
			return
		}
		got <- fmt.Sprint(v)
	}()
	return got
}

func (f *fixture) popLater(ctx context.Context, d *stringDeque) <-chan string {
	return later(func() (string, error) { return d.PopLeftWait(ctx) })
}

func (f *fixture) wantNoneMissed(dbs ...*store.DB) {
	f.Helper()
	for _, db := range append(dbs, f.db) {
		if n := db.Wakeups().Missed; n != 0 {
			f.Errorf("%d wake-ups were missed", n)
		}
	}
}

func TestDequePopWaitTakesWhatIsThere(t *testing.T) {
	f := newFixture(t)
	d, ctx := f.deque("d", queue.DequeOptions[string]{}), t.Context()
	f.must(d.Extend(ctx, "a", "b", "c", "d"))
	got, err := d.PopWait(ctx)
	wantGot(t, "PopWait()", got, err, "d")
	got, err = d.PopLeftWait(ctx)
	wantGot(t, "PopLeftWait()", got, err, "a")
	l, err := d.PopLeaseWait(ctx)
	f.must(err)
	wantGot(t, "PopLeaseWait()", l.Value, l.Ack(ctx), "c")
	l, err = d.PopLeftLeaseWait(ctx)
	f.must(err)
	wantGot(t, "PopLeftLeaseWait()", l.Value, l.Ack(ctx), "b")
	f.wantDeque(d, "")
}

// Those who wait are served in the order in which they came, whatever their store.
func TestDequePopWaitInOrder(t *testing.T) {
	f := newFixture(t)
	other := storetest.OpenDir(t, f.db.Dir(), store.Options{Clock: f.clock, BlobThreshold: 1000})
	d := f.deque("d", queue.DequeOptions[string]{})
	handles := []*stringDeque{d, openDeque(t, other, "d", queue.DequeOptions[string]{})}
	var waiting []<-chan string
	for i := range 6 {
		waiting = append(waiting, f.popLater(t.Context(), handles[i%2]))
		f.inLine(d, i+1)
	}
	f.must(handles[1].Append(t.Context(), "0"))
	f.must(d.Extend(t.Context(), "1", "2", "3"))
	f.must(f.db.Update(t.Context(), func(tx *store.Tx) error {
		f.must(d.AppendTx(tx, "4"))
		return d.AppendTx(tx, "5")
	}))
	for i := range waiting {
		wantGot(t, fmt.Sprintf("waiter %d", i), <-waiting[i], nil, fmt.Sprint(i))
	}
	f.wantDeque(d, "")
	f.wantNoneMissed(other)
}

// Each waiter gets the end that it asked for.
func TestDequePopWaitAtBothEnds(t *testing.T) {
	f := newFixture(t)
	d, ctx := f.deque("d", queue.DequeOptions[string]{}), t.Context()
	calls := []<-chan string{
		later(func() (string, error) { return d.PopWait(ctx) }),
	}
	f.inLine(d, 1)
	calls = append(calls, later(func() (string, error) { return d.PopLeftWait(ctx) }))
	f.inLine(d, 2)
	f.must(d.Reverse(ctx))
	f.must(d.Extend(ctx, "a", "b", "c", "d"))
	wantGot(t, "PopWait()", <-calls[0], nil, "d")
	wantGot(t, "PopLeftWait()", <-calls[1], nil, "a")
	f.wantDeque(d, "b c")
}

// The file of a large value goes with it.
func TestDequePopWaitForLargeValues(t *testing.T) {
	f := newFixture(t)
	d, large := f.deque("d", queue.DequeOptions[string]{}), strings.Repeat("x", 2000)
	for range 2 {
		got := f.popLater(t.Context(), d)
		f.inLine(d, 1)
		f.must(d.Append(t.Context(), large))
		wantGot(t, "PopLeftWait()", <-got, nil, large)
	}
	wantGot(t, "files", f.files(), nil, 0)
}

func TestDequePopWaitCanceled(t *testing.T) {
	f := newFixture(t)
	d := f.deque("d", queue.DequeOptions[string]{})
	ctx, cancel := context.WithCancelCause(t.Context())
	first := f.popLater(ctx, d)
	f.inLine(d, 1)
	second := f.popLater(t.Context(), d)
	f.inLine(d, 2)
	cancel(errors.New("why"))
	wantGot(t, "canceled PopLeftWait()", <-first, nil, "error: why")
	f.must(d.Append(t.Context(), "a"))
	wantGot(t, "PopLeftWait()", <-second, nil, "a")
	_, err := d.PopWait(ctx)
	if err == nil || err.Error() != "why" {
		t.Errorf("PopWait() of an ended context = %v, want the cause", err)
	}
	f.wantNoneMissed()
}

// What a pop was handed in the moment in which it gave up goes to the next in line.
func TestDequePopWaitCanceledWhenHanded(t *testing.T) {
	f := newFixture(t)
	d := f.deque("d", queue.DequeOptions[string]{})
	for i := range 50 {
		ctx, cancel := context.WithCancel(t.Context())
		first := f.popLater(ctx, d)
		f.inLine(d, 1)
		second := f.popLater(t.Context(), d)
		f.inLine(d, 2)
		var wg sync.WaitGroup
		wg.Go(cancel)
		wg.Go(func() {
			if err := d.Append(t.Context(), "a"); err != nil {
				t.Errorf("Append() = %v", err)
			}
		})
		got := <-first
		wg.Wait()
		if got == "a" {
			f.must(d.Append(t.Context(), "a"))
		}
		wantGot(t, fmt.Sprintf("round %d: PopLeftWait()", i), <-second, nil, "a")
	}
	f.wantDeque(d, "")
	f.wantNoneMissed()
}

func TestDequePopWaitOfAClosedStore(t *testing.T) {
	f := newFixture(t)
	other, err := store.Open(t.Context(), f.db.Dir(), store.Options{Clock: f.clock})
	f.must(err)
	d := f.deque("d", queue.DequeOptions[string]{})
	got := f.popLater(t.Context(), openDeque(t, other, "d", queue.DequeOptions[string]{}))
	f.inLine(d, 1)
	f.must(other.Close())
	wantGot(t, "PopLeftWait()", <-got, nil, "error: "+store.ErrClosed.Error())
	f.inLine(d, 0)
	f.must(d.Append(t.Context(), "a"))
	f.wantDeque(d, "a")
}

// A waiter that could not look before the lease of what it was handed was over gets in
// line again.
func TestDequePopWaitThatSleepsThroughItsLease(t *testing.T) {
	f := newFixture(t)
	other := storetest.OpenDir(t, f.db.Dir(), store.Options{Clock: f.clock, Readers: 1})
	d := f.deque("d", queue.DequeOptions[string]{})
	got := f.popLater(t.Context(), openDeque(t, other, "d", queue.DequeOptions[string]{Lease: time.Minute}))
	f.inLine(d, 1)
	holding, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = other.View(t.Context(), func(*store.Tx) error { // so that nobody else of that store can look
			close(holding)
			<-release
			return nil
		})
	})
	<-holding
	f.must(d.Append(t.Context(), "a"))
	f.wantDeque(d, "")
	f.clock.Advance(time.Minute)
	v, err := d.Pop(t.Context())
	wantGot(t, "Pop()", v, err, "a")
	close(release)
	wg.Wait()
	f.inLine(d, 1)
	f.must(d.Append(t.Context(), "b"))
	wantGot(t, "PopLeftWait()", <-got, nil, "b")
	f.wantNoneMissed(other)
}

// When a lease ends while somebody waits, the element is handed on.
func TestDequePopWaitForTheEndOfALease(t *testing.T) {
	f := newFixture(t)
	d, ctx := f.deque("d", queue.DequeOptions[string]{Lease: time.Second}), t.Context()
	f.must(d.Append(ctx, "a"))
	f.leaseLeft(d, "a")
	got := f.popLater(ctx, d)
	f.inLine(d, 1)
	f.clock.Advance(time.Second)
	wantGot(t, "PopLeftWait()", <-got, nil, "a")

	f.must(d.Append(ctx, "b"))
	b := f.leaseLeft(d, "b")
	f.must(b.Extend(ctx, time.Hour))
	got = f.popLater(ctx, d)
	f.inLine(d, 1)
	f.must(b.Extend(ctx, time.Second)) // the waiter hears of it
	f.clock.Advance(time.Second)
	wantGot(t, "PopLeftWait()", <-got, nil, "b")

	f.must(d.Append(ctx, "c"))
	c := f.leaseLeft(d, "c")
	got = f.popLater(ctx, d)
	f.inLine(d, 1)
	f.must(c.Release(ctx))
	wantGot(t, "PopLeftWait()", <-got, nil, "c")
	f.wantNoneMissed()
}

// Nothing is lost and nothing comes twice when many take from all sides.
func TestDequeConservation(t *testing.T) {
	f := newFixture(t)
	dbs := []*store.DB{f.db}
	for range 2 {
		dbs = append(dbs, storetest.OpenDir(t, f.db.Dir(), store.Options{Clock: f.clock, BlobThreshold: 10}))
	}
	const producers, each = 4, 60
	ctx, cancel := context.WithCancel(t.Context())
	results := make(chan int, producers*each)
	take := []func(d *queue.Deque[int]) (int, error){
		func(d *queue.Deque[int]) (int, error) { return d.PopWait(ctx) },
		func(d *queue.Deque[int]) (int, error) { return d.PopLeftWait(ctx) },
		func(d *queue.Deque[int]) (int, error) { return ackSome(ctx, d.PopLeaseWait) },
		func(d *queue.Deque[int]) (int, error) { return ackSome(ctx, d.PopLeftLeaseWait) },
		func(d *queue.Deque[int]) (int, error) { return d.Pop(ctx) },
	}
	var consumers, makers sync.WaitGroup
	for i := range 2 * len(take) {
		d := openDeque(t, dbs[i%len(dbs)], "d", queue.DequeOptions[int]{})
		consumers.Go(func() {
			for ctx.Err() == nil {
				v, err := take[i%len(take)](d)
				switch {
				case err == nil:
					results <- v
				case !errors.Is(err, context.Canceled) && !errors.Is(err, queue.ErrEmpty) && !errors.Is(err, errReleased):
					t.Errorf("take %d: %v", i%len(take), err)
					return
				}
			}
		})
	}
	for p := range producers {
		d := openDeque(t, dbs[p%len(dbs)], "d", queue.DequeOptions[int]{})
		makers.Go(func() {
			for i := 0; i < each; i += 3 {
				n := p*each + i
				if err := errors.Join(d.Append(ctx, n), d.ExtendLeft(ctx, n+1, n+2)); err != nil {
					t.Errorf("append: %v", err)
				}
			}
		})
	}
	makers.Wait()
	var got []int
	for range producers * each {
		got = append(got, <-results)
	}
	cancel()
	consumers.Wait()
	close(results)
	for v := range results {
		got = append(got, v)
	}
	slices.Sort(got)
	for i := range got {
		if got[i] != i || len(got) != producers*each {
			t.Fatalf("took %d values, %d at index %d; want each of %d once", len(got), got[i], i, producers*each)
		}
	}
	f.wantNoneMissed(dbs[1:]...)
}

var errReleased = errors.New("released")

// ackSome acknowledges every other element, and releases the rest.
func ackSome(ctx context.Context, pop func(context.Context) (*queue.Lease[int], error)) (int, error) {
	l, err := pop(ctx)
	if err != nil {
		return 0, err
	}
	if l.Token%2 == 0 {
		return 0, errors.Join(errReleased, l.Release(context.WithoutCancel(ctx)))
	}
	return l.Value, l.Ack(context.WithoutCancel(ctx))
}

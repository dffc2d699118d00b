package queue_test

import (
	"errors"
	"testing"
	"time"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

type stringLease = queue.Lease[string]

func (f *fixture) leaseLeft(d *stringDeque, want string) *stringLease {
	f.Helper()
	l, err := d.PopLeftLease(f.Context())
	if err != nil || l.Value != want {
		f.Fatalf("PopLeftLease() = %+v, %v; want %q", l, err, want)
	}
	return l
}

func (f *fixture) leaseRight(d *stringDeque, want string) *stringLease {
	f.Helper()
	l, err := d.PopLease(f.Context())
	if err != nil || l.Value != want {
		f.Fatalf("PopLease() = %+v, %v; want %q", l, err, want)
	}
	return l
}

func TestDequeLeaseHidesAndReturns(t *testing.T) {
	f := newFixture(t)
	d, ctx := f.deque("d", queue.DequeOptions[string]{}), t.Context()
	f.must(d.Extend(ctx, "a", "b", "c", "d"))
	a, b, last := f.leaseLeft(d, "a"), f.leaseLeft(d, "b"), f.leaseRight(d, "d")
	f.wantDeque(d, "c")
	if a.Token >= b.Token || b.Token >= last.Token {
		t.Errorf("tokens %d, %d, %d do not rise", a.Token, b.Token, last.Token)
	}
	f.must(d.AppendLeft(ctx, "left"))
	f.must(d.Append(ctx, "right"))
	f.must(b.Release(ctx))
	f.wantDeque(d, "left b c right")
	f.must(a.Ack(ctx))
	f.must(last.Release(ctx))
	f.wantDeque(d, "left b c d right")
	for _, l := range []*stringLease{a, b, last} {
		f.wantErr("Ack() of an ended lease", l.Ack(ctx), queue.ErrLost)
		f.wantErr("Release() of an ended lease", l.Release(ctx), queue.ErrLost)
		f.wantErr("Extend() of an ended lease", l.Extend(ctx, time.Second), queue.ErrLost)
	}
}

// A leased element keeps its neighbors when these are moved.
func TestDequeLeaseKeepsItsPlace(t *testing.T) {
	f := newFixture(t)
	d, ctx := f.deque("d", queue.DequeOptions[string]{}), t.Context()
	f.must(d.Extend(ctx, "a", "b", "c", "d", "e", "f"))
	a, b := f.leaseLeft(d, "a"), f.leaseLeft(d, "b")
	f.must(d.Reverse(ctx)) // f e d c (b a)
	f.wantDeque(d, "f e d c")
	f.must(d.Rotate(ctx, 1)) // c b a f e d
	f.wantDeque(d, "c f e d")
	f.must(d.Rotate(ctx, -2)) // e d c b a f
	f.wantDeque(d, "e d c f")
	f.must(b.Release(ctx))
	f.must(a.Release(ctx))
	f.wantDeque(d, "e d c b a f")
}

func TestDequeLeaseEnds(t *testing.T) {
	f := newFixture(t)
	d, ctx := f.deque("d", queue.DequeOptions[string]{Lease: time.Minute}), t.Context()
	f.must(d.Extend(ctx, "a", "b", "c"))
	a := f.leaseLeft(d, "a")
	f.clock.Advance(40 * time.Second)
	b := f.leaseLeft(d, "b")
	f.clock.Step(time.Hour) // which is no time
	f.must(a.Extend(ctx, 30*time.Second))
	f.clock.Advance(20 * time.Second)
	f.must(f.db.View(ctx, func(tx *store.Tx) error { return tx.Require(a, b) }))
	f.clock.Advance(10 * time.Second)
	f.wantErr("Require()", f.db.View(ctx, func(tx *store.Tx) error { return tx.Require(b, a) }), queue.ErrLost)
	f.wantErr("Ack() of a lease that is over", a.Ack(ctx), queue.ErrLost)
	got, err := d.PopLeft(ctx)
	wantGot(t, "PopLeft()", got, err, "a")
	f.must(b.Ack(ctx))
	f.wantDeque(d, "c")
	if err := b.Extend(ctx, 0); err == nil || errors.Is(err, queue.ErrLost) {
		t.Errorf("Extend(0) = %v, want a refusal of the duration", err)
	}
}

// An element that returns to a full deque is dropped, with its file.
func TestDequeLeaseOfAFullDeque(t *testing.T) {
	f := newFixture(t)
	large := string(make([]byte, 2000))
	d, ctx := f.deque("d", queue.DequeOptions[string]{MaxLen: 2, Lease: time.Minute}), t.Context()
	f.must(d.Extend(ctx, large, "b"))
	released := f.leaseLeft(d, large)
	f.leaseLeft(d, "b")
	f.must(d.Append(ctx, "c"))
	f.must(d.Append(ctx, "d"))
	f.must(released.Release(ctx))
	f.wantDeque(d, "c d")
	wantGot(t, "files", f.files(), nil, 0)
	f.clock.Advance(time.Minute)
	f.must(d.Append(ctx, "e"))
	f.wantDeque(d, "d e")
}

func TestDequeLeaseInATransaction(t *testing.T) {
	f := newFixture(t)
	d, done, ctx := f.deque("d", queue.DequeOptions[string]{}), f.deque("done", queue.DequeOptions[string]{}), t.Context()
	f.must(d.Extend(ctx, "a", "b"))
	boom := errors.New("boom")
	var l *stringLease
	for _, want := range []error{boom, nil} {
		err := f.db.Update(ctx, func(tx *store.Tx) (err error) {
			l, err = d.PopLeaseTx(tx)
			f.must(err)
			return want
		})
		f.wantErr("Update()", err, want)
	}
	f.wantDeque(d, "a")
	for _, want := range []error{boom, nil} {
		err := f.db.Update(ctx, func(tx *store.Tx) error {
			f.must(done.AppendTx(tx, l.Value))
			f.must(l.AckTx(tx))
			f.wantErr("ReleaseTx() after AckTx()", l.ReleaseTx(tx), queue.ErrLost)
			return want
		})
		f.wantErr("Update()", err, want)
	}
	f.wantDeque(d, "a")
	f.wantDeque(done, "b")
}

// When a store is closed, what it held returns.
func TestDequeLeaseOfAClosedStore(t *testing.T) {
	f := newFixture(t)
	d, ctx := f.deque("d", queue.DequeOptions[string]{}), t.Context()
	f.must(d.Extend(ctx, "a", "b", "c"))
	other, err := store.Open(ctx, f.db.Dir(), store.Options{Clock: f.clock})
	f.must(err)
	theirs := openDeque(t, other, "d", queue.DequeOptions[string]{})
	lost := f.leaseLeft(theirs, "a")
	f.leaseRight(theirs, "c")
	f.must(other.Close())
	f.wantDeque(d, "a b c")
	f.wantErr("Ack() on a closed store", lost.Ack(ctx), store.ErrClosed)
	storetest.Check(t, f.db)
}

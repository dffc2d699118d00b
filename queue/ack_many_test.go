package queue_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

func ackMany(f *fixture, claims ...*queue.Claim) (lost []*queue.Claim) {
	f.Helper()
	f.must(f.db.Update(f.Context(), func(tx *store.Tx) (err error) {
		lost, err = queue.AckManyTx(tx, claims)
		return err
	}))
	return lost
}

func claimsOf(jobs []*queue.Job[string]) (claims []*queue.Claim) {
	for _, j := range jobs {
		claims = append(claims, j.Claim)
	}
	return claims
}

// Jobs in any order, of several queues, with and without more than their row, are done
// together; those that no longer stand are left alone, and so are those in between that
// nobody acknowledged.
func TestAckMany(t *testing.T) {
	f := newFixture(t)
	a, b := f.open("a", queue.Options[string]{MaxAttempts: 5, Backoff: time.Nanosecond}), f.open("b", queue.Options[string]{})
	_, err := a.PushMany(t.Context(), slices.Repeat([]string{"x"}, 8), queue.PushOptions{})
	f.must(err)
	f.push(b, "y", queue.PushOptions{})
	f.push(a, "group", queue.PushOptions{Group: "g"})
	f.push(a, "group", queue.PushOptions{Group: "h"})
	f.push(a, strings.Repeat("z", 100_000), queue.PushOptions{})
	f.push(a, strings.Repeat("z", 100_000), queue.PushOptions{})
	f.push(a, "blocked", queue.PushOptions{Group: "g"})
	f.push(a, "blocked", queue.PushOptions{Group: "h"})
	f.push(a, "fails", queue.PushOptions{Priority: 1})
	f.push(a, "fails", queue.PushOptions{Priority: 1})
	for range 2 {
		f.must(f.receive(a).Nack(t.Context(), errors.New("two have a failure")))
	}

	f.clock.Advance(time.Second)
	jobs, err := a.TryReceiveMany(t.Context(), queue.ReceiveOptions{Max: 20})
	f.must(err)
	claims := append(claimsOf(jobs), f.receive(b).Claim)
	if len(claims) != 15 {
		t.Fatalf("received %d jobs, want 15", len(claims))
	}
	slices.Reverse(claims)
	stays := claims[8]
	if lost := ackMany(f, append(claims[:8:8], claims[9:]...)...); len(lost) != 0 {
		t.Errorf("AckManyTx() lost %v", lost)
	}
	for i, c := range claims {
		if c.Ended() != (c != stays) {
			t.Errorf("%d: Ended() = %v", i, c.Ended())
		}
	}
	f.wantStats(b, queue.Stats{})
	f.wantStats(a, queue.Stats{Ready: 2, Leased: 1}) // who was blocked, and who stays
	if lost := ackMany(f, claims...); len(lost) != 14 || slices.Contains(lost, stays) {
		t.Errorf("AckManyTx() of the same again lost %d, want 14 without the one that stood", len(lost))
	}
	if lost := ackMany(f); len(lost) != 0 {
		t.Errorf("AckManyTx() of none lost %v", lost)
	}
}

// An attempt in the midst of others that is lost stays with who has it now.
func TestAckManyLost(t *testing.T) {
	for _, end := range []string{"released", "received again", "expired"} {
		t.Run(end, func(t *testing.T) {
			f := newFixture(t)
			q := f.open("q", queue.Options[string]{})
			_, err := q.PushMany(t.Context(), slices.Repeat([]string{"x"}, 5), queue.PushOptions{})
			f.must(err)
			jobs, err := q.TryReceiveMany(t.Context(), queue.ReceiveOptions{Max: 5, Lease: time.Minute})
			f.must(err)
			switch end {
			case "expired":
				for _, i := range []int{0, 1, 3, 4} {
					f.must(jobs[i].Extend(t.Context(), time.Hour))
				}
				f.clock.Advance(time.Minute)
			case "received again":
				f.must(jobs[2].Release(t.Context(), 0))
				f.receive(q)
			default:
				f.must(jobs[2].Release(t.Context(), 0))
			}
			lost := ackMany(f, claimsOf(jobs)...)
			if len(lost) != 1 || lost[0] != jobs[2].Claim || jobs[2].Ended() == (end == "expired") {
				t.Errorf("AckManyTx() lost %v", lost)
			}
			if s, err := q.Stats(t.Context()); err != nil || s.Live() != 1 {
				t.Errorf("Stats() = %+v, %v, want the job that was lost", s, err)
			}
		})
	}
}

// Who waits for a queue to be idle is woken by the last acknowledgements.
func TestAckManyMakesIdle(t *testing.T) {
	f := newFixture(t)
	q := f.open("q", queue.Options[string]{})
	_, err := q.PushMany(t.Context(), slices.Repeat([]string{"x"}, 5), queue.PushOptions{})
	f.must(err)
	jobs, err := q.TryReceiveMany(t.Context(), queue.ReceiveOptions{Max: 5})
	f.must(err)
	waits := f.db.NewWaiter()
	defer waits.Close()
	f.must(f.db.Update(t.Context(), func(tx *store.Tx) error {
		return waits.JoinTx(tx, store.WaitSpec{Package: "queue", Topics: []string{"idle/1"}})
	}))
	if lost := ackMany(f, claimsOf(jobs)...); len(lost) != 0 {
		t.Errorf("AckManyTx() lost %v", lost)
	}
	f.must(f.db.Update(t.Context(), func(tx *store.Tx) error {
		woken, err := waits.LeaveTx(tx)
		if len(woken) != 1 {
			t.Error("nobody was told that the queue is idle")
		}
		return err
	}))
}

// What is done in a transaction that fails is not done.
func TestAckManyUndone(t *testing.T) {
	f := newFixture(t)
	q := f.open("q", queue.Options[string]{})
	_, err := q.PushMany(t.Context(), slices.Repeat([]string{"x"}, 5), queue.PushOptions{})
	f.must(err)
	jobs, err := q.TryReceiveMany(t.Context(), queue.ReceiveOptions{Max: 5})
	f.must(err)
	err = f.db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := queue.AckManyTx(tx, claimsOf(jobs))
		return errors.Join(err, errUndone)
	})
	f.wantErr("Update()", err, errUndone)
	f.wantStats(q, queue.Stats{Leased: 5})
	for i, j := range jobs {
		if j.Ended() {
			t.Errorf("%d: Ended() before a commit", i)
		}
	}
	if lost := ackMany(f, claimsOf(jobs)...); len(lost) != 0 {
		t.Errorf("AckManyTx() lost %v", lost)
	}
}

package queue_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

// payloads returns payloads, a few of which are kept in a file, and one of which is empty.
func payloads(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprint(i)
		if i%50 == 10 {
			list[i] += strings.Repeat(" ", 2000)
		}
	}
	if n > 20 {
		list[20] = ""
	}
	return list
}

// drain receives and acknowledges all jobs.
func (f *fixture) drain(q *queue.Queue[string]) (got []string) {
	f.Helper()
	for {
		jobs, err := q.TryReceiveMany(f.Context(), queue.ReceiveOptions{Max: 100})
		if err != nil || len(jobs) == 0 {
			return got
		}
		for _, j := range jobs {
			got = append(got, j.Payload)
			f.must(j.Ack(f.Context()))
		}
	}
}

// Many jobs come out as they went in, whatever else is in the queue, and however many
// fit into a statement.
func TestPushMany(t *testing.T) {
	for _, n := range []int{1, 3, 4, 5, 15, 16, 17, 63, 64, 65, 100, 149} {
		f := newFixture(t)
		q := f.open("q", queue.Options[string]{})
		f.push(q, "last", queue.PushOptions{Priority: -1})
		f.push(q, "before", queue.PushOptions{})
		ids, err := q.PushMany(t.Context(), payloads(n), queue.PushOptions{MaxAttempts: 3})
		f.must(err)
		if len(ids) != n || !slices.IsSorted(ids) || ids[n-1]-ids[0] != int64(n-1) {
			t.Errorf("ids of %d jobs: %v", n, ids)
		}
		f.push(q, "after", queue.PushOptions{})
		want := append(append([]string{"before"}, payloads(n)...), "after", "last")
		if got := f.drain(q); !slices.Equal(got, want) {
			t.Errorf("received %d payloads %.100q, want %d", len(got), got, len(want))
		}
	}
}

// Those who wait get the first, and the others stay.
func TestPushManyToWaiters(t *testing.T) {
	f := newFixture(t)
	q := f.open("q", queue.Options[string]{})
	a, b := f.receiveLater(t.Context(), q), f.receiveLater(t.Context(), q)
	f.waitFor(q, 2)
	_, err := q.PushMany(t.Context(), payloads(120), queue.PushOptions{})
	f.must(err)
	got := []string{<-a, <-b}
	slices.Sort(got)
	if want := payloads(2); !slices.Equal(got, want) {
		t.Errorf("those who waited got %.20q, want %.20q", got, want)
	}
	f.wantStats(q, queue.Stats{Ready: 118, Leased: 2})
}

// A receiver who waits learns when delayed jobs are due.
func TestPushManyDelayed(t *testing.T) {
	f := newFixture(t)
	q := f.open("q", queue.Options[string]{})
	a := f.receiveLater(t.Context(), q)
	f.waitFor(q, 1)
	_, err := q.PushMany(t.Context(), payloads(50), queue.PushOptions{Delay: time.Second})
	f.must(err)
	f.wantStats(q, queue.Stats{Delayed: 50})
	<-f.clock.Armed()
	f.clock.Advance(time.Second)
	if got := <-a; got != "0" {
		t.Errorf("received %.20q, want 0", got)
	}
}

// A group lets one of them go at a time.
func TestPushManyOfAGroup(t *testing.T) {
	f := newFixture(t)
	q := f.open("q", queue.Options[string]{})
	_, err := q.PushMany(t.Context(), payloads(60), queue.PushOptions{Group: "g"})
	f.must(err)
	f.wantStats(q, queue.Stats{Ready: 1, Blocked: 59})
}

// A transaction that fails takes all of them back, with their files.
func TestPushManyUndone(t *testing.T) {
	f := newFixture(t)
	q := f.open("q", queue.Options[string]{})
	err := f.db.Update(t.Context(), func(tx *store.Tx) error {
		if _, err := q.PushManyTx(tx, payloads(60), queue.PushOptions{}); err != nil {
			return err
		}
		return errUndone
	})
	f.wantErr("Update()", err, errUndone)
	f.wantEmpty(q)
}

var errUndone = fmt.Errorf("undone")

// BenchmarkPushMany measures 1,000 jobs of 100 bytes a push, with fsync.
func BenchmarkPushMany(b *testing.B) {
	_, q := benchQueue(b, store.ByOperation)
	payloads := slices.Repeat([][]byte{make([]byte, 100)}, 1000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := q.PushMany(b.Context(), payloads, queue.PushOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "jobs/s")
}

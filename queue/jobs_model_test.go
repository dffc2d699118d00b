package queue_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sort"
	"testing"
	"time"

	"github.com/dcq-go/dcq/queue"
)

// jobModel is a job as a few lines of obvious code keep it.
type jobModel struct {
	id, token         int64
	priority, attempt int
	crashes           int
	due               time.Time
	leaseEnds         time.Duration
	state             queue.State
	unique            string
}

type jobsModel struct {
	jobs        map[int64]*jobModel
	maxAttempts int
	maxCrashes  int
}

// pass lets the time make its changes.
func (m *jobsModel) pass(now time.Time, mono time.Duration) {
	for _, j := range m.jobs {
		switch {
		case j.state == queue.Delayed && !j.due.After(now):
			j.state = queue.Ready
		case j.state == queue.Leased && j.leaseEnds <= mono:
			j.state, j.token = queue.Ready, 0
			j.attempt--
			if j.crashes++; j.crashes >= m.maxCrashes {
				j.state = queue.Dead
				j.attempt++
			}
		}
	}
}

// next is the job to be received, nil if there is none.
func (m *jobsModel) next() *jobModel {
	var ready []*jobModel
	for _, j := range m.jobs {
		if j.state == queue.Ready {
			ready = append(ready, j)
		}
	}
	sort.Slice(ready, func(i, k int) bool {
		a, b := ready[i], ready[k]
		switch {
		case a.priority != b.priority:
			return a.priority > b.priority
		case !a.due.Equal(b.due):
			return a.due.Before(b.due)
		}
		return a.id < b.id
	})
	if len(ready) == 0 {
		return nil
	}
	return ready[0]
}

func (m *jobsModel) live(unique string) *jobModel {
	for _, j := range m.jobs {
		if unique != "" && j.unique == unique && j.state != queue.Dead {
			return j
		}
	}
	return nil
}

func (m *jobsModel) stats() (s queue.Stats) {
	for _, j := range m.jobs {
		switch j.state {
		case queue.Ready:
			s.Ready++
		case queue.Delayed:
			s.Delayed++
		case queue.Leased:
			s.Leased++
		case queue.Dead:
			s.Dead++
		}
	}
	return s
}

// TestJobsModel does random things to a queue and to a model of it, and compares.
func TestJobsModel(t *testing.T) {
	r := &jobsRun{fixture: newFixture(t), rand: seed.Rand(t)}
	r.m = jobsModel{jobs: make(map[int64]*jobModel), maxAttempts: 3, maxCrashes: 2}
	r.q = r.open("q", queue.Options[string]{
		MaxAttempts: 3, MaxCrashes: 2, Lease: 10 * time.Second, Backoff: time.Nanosecond, MaxBackoff: time.Nanosecond,
	})
	steps := []func(){r.push, r.push, r.push, r.receive1, r.receive1, r.receive1, r.ack, r.ack, r.nack, r.release, r.kill, r.extend, r.retry, r.cancel, r.discard, r.pass}
	for range 1500 {
		steps[r.rand.IntN(len(steps))]()
		if t.Failed() {
			t.Fatalf("history:\n%s", r.history)
		}
	}
	r.m.pass(r.clock.Now(), r.clock.Monotonic())
	r.wantEmptyTo(r.q)
}

type jobsRun struct {
	*fixture
	rand    *rand.Rand
	q       *queue.Queue[string]
	m       jobsModel
	held    []*queue.Job[string]
	history string
}

func (r *jobsRun) note(format string, args ...any) {
	r.history += fmt.Sprintf(format+"\n", args...)
}

func (r *jobsRun) push() {
	opts := queue.PushOptions{Priority: r.rand.IntN(3)}
	if r.rand.IntN(3) == 0 {
		opts.Delay = time.Duration(r.rand.IntN(5000)) * time.Millisecond
	}
	if r.rand.IntN(3) == 0 {
		opts.Unique = fmt.Sprint("key", r.rand.IntN(5))
	}
	id, err := r.q.Push(r.Context(), "x", opts)
	r.note("push %+v = %d, %v", opts, id, err)
	if j := r.m.live(opts.Unique); j != nil {
		if id != j.id || !errors.Is(err, queue.ErrDuplicate) {
			r.Errorf("Push() = %d, %v; want %d, ErrDuplicate", id, err, j.id)
		}
		return
	}
	r.must(err)
	j := &jobModel{id: id, priority: opts.Priority, due: r.clock.Now().Add(opts.Delay), unique: opts.Unique}
	if opts.Delay > 0 {
		j.state = queue.Delayed
	}
	r.m.jobs[id] = j
}

func (r *jobsRun) receive1() {
	r.m.pass(r.clock.Now(), r.clock.Monotonic())
	want := r.m.next()
	got, err := r.q.TryReceive(r.Context())
	if want == nil {
		r.wantErr("TryReceive()", err, queue.ErrEmpty)
		return
	}
	r.must(err)
	r.note("receive = job %d token %d attempt %d", got.ID, got.Token, got.Attempt)
	want.state, want.token, want.leaseEnds = queue.Leased, got.Token, r.clock.Monotonic()+10*time.Second
	want.attempt++
	if got.ID != want.id || got.Attempt != want.attempt || got.Crashes != want.crashes {
		r.Errorf("TryReceive() = job %d, attempt %d, crashes %d; want %d, %d, %d", got.ID, got.Attempt, got.Crashes, want.id, want.attempt, want.crashes)
	}
	r.held = append(r.held, got)
}

// finish ends a random attempt, held or lost, and returns the model's job if it
// was held.
func (r *jobsRun) finish(what string, end func(*queue.Job[string]) error) *jobModel {
	if len(r.held) == 0 {
		return nil
	}
	j := r.held[r.rand.IntN(len(r.held))]
	err := end(j)
	r.note("%s job %d token %d = %v", what, j.ID, j.Token, err)
	m := r.m.jobs[j.ID]
	if m == nil || m.token != j.Token || m.state != queue.Leased || m.leaseEnds <= r.clock.Monotonic() {
		r.wantErr(what+" of a lost attempt", err, queue.ErrLost)
		return nil
	}
	r.must(err)
	return m
}

func (r *jobsRun) ack() {
	if m := r.finish("ack", func(j *queue.Job[string]) error { return j.Ack(r.Context()) }); m != nil {
		delete(r.m.jobs, m.id)
	}
}

func (r *jobsRun) nack() {
	m := r.finish("nack", func(j *queue.Job[string]) error { return j.NackAfter(r.Context(), nil, time.Second) })
	if m == nil {
		return
	}
	m.state, m.token, m.due = queue.Delayed, 0, r.clock.Now().Add(time.Second)
	if m.attempt >= r.m.maxAttempts {
		m.state = queue.Dead
	}
}

func (r *jobsRun) release() {
	if m := r.finish("release", func(j *queue.Job[string]) error { return j.Release(r.Context(), 0) }); m != nil {
		m.state, m.token = queue.Ready, 0
		m.attempt--
	}
}

func (r *jobsRun) kill() {
	if m := r.finish("kill", func(j *queue.Job[string]) error { return j.Kill(r.Context(), nil) }); m != nil {
		m.state, m.token = queue.Dead, 0
	}
}

func (r *jobsRun) extend() {
	if m := r.finish("extend", func(j *queue.Job[string]) error { return j.Extend(r.Context(), 20*time.Second) }); m != nil {
		m.leaseEnds = r.clock.Monotonic() + 20*time.Second
	}
}

// any returns a random job of the model, or nil.
func (r *jobsRun) any() *jobModel {
	ids := make([]int64, 0, len(r.m.jobs))
	for id := range r.m.jobs {
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return nil
	}
	sort.Slice(ids, func(i, k int) bool { return ids[i] < ids[k] })
	return r.m.jobs[ids[r.rand.IntN(len(ids))]]
}

func (r *jobsRun) retry() {
	m := r.any()
	if m == nil || m.state != queue.Dead {
		return
	}
	err := queue.Retry(r.Context(), r.db, m.id)
	r.note("retry %d = %v", m.id, err)
	if r.m.live(m.unique) != nil {
		r.wantErr("Retry()", err, queue.ErrDuplicate)
		return
	}
	r.must(err)
	m.state, m.attempt, m.crashes, m.due = queue.Ready, 0, 0, r.clock.Now()
}

func (r *jobsRun) cancel() {
	m := r.any()
	if m == nil || m.state == queue.Dead || m.state == queue.Leased && m.leaseEnds <= r.clock.Monotonic() {
		return
	}
	r.note("cancel %d", m.id)
	r.must(queue.Cancel(r.Context(), r.db, m.id))
	m.state, m.token = queue.Dead, 0
}

func (r *jobsRun) discard() {
	m := r.any()
	if m == nil || m.state == queue.Leased {
		return
	}
	r.note("discard %d", m.id)
	r.must(queue.Discard(r.Context(), r.db, m.id))
	delete(r.m.jobs, m.id)
}

func (r *jobsRun) pass() {
	d := time.Duration(r.rand.IntN(4000)) * time.Millisecond
	r.note("%v pass", d)
	r.clock.Advance(d)
	r.m.pass(r.clock.Now(), r.clock.Monotonic())
	if r.m.next() != nil {
		r.receive1() // so that the store sweeps too
	} else {
		_, err := r.q.TryReceive(r.Context())
		r.wantErr("TryReceive()", err, queue.ErrEmpty)
	}
	r.wantStats(r.q, r.m.stats())
}

// wantEmptyTo receives what the model has left, in its order.
func (r *jobsRun) wantEmptyTo(q *queue.Queue[string]) {
	for r.m.next() != nil {
		r.receive1()
	}
	r.wantStats(q, r.m.stats())
}

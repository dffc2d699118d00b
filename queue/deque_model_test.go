package queue_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// modelElement is an element in the model: one that is leased keeps its place.
type modelElement struct {
	value string
	lease *stringLease // nil if it is there to be taken
	owner int          // the store that leased it
	until time.Duration
}

// dequeModel is what a deque should be, as a list from left to right.
type dequeModel struct {
	list   []*modelElement
	maxLen int
}

// visible returns the places in the list of the elements that are not leased.
func (m *dequeModel) visible() (places []int) {
	for i, e := range m.list {
		if e.lease == nil {
			places = append(places, i)
		}
	}
	return places
}

func (m *dequeModel) values() []string {
	list := []string{}
	for _, i := range m.visible() {
		list = append(list, m.list[i].value)
	}
	return list
}

func (m *dequeModel) put(atLeft bool, values ...string) {
	for _, v := range values {
		if atLeft {
			m.list = slices.Insert(m.list, 0, &modelElement{value: v})
		} else {
			m.list = append(m.list, &modelElement{value: v})
		}
		if places := m.visible(); m.maxLen > 0 && len(places) > m.maxLen {
			drop := places[0]
			if atLeft {
				drop = places[len(places)-1]
			}
			m.list = slices.Delete(m.list, drop, drop+1)
		}
	}
}

// end returns the place of the outermost element of an end.
func (m *dequeModel) end(atLeft bool) int {
	places := m.visible()
	if atLeft {
		return places[0]
	}
	return places[len(places)-1]
}

func (m *dequeModel) remove(place int) string {
	v := m.list[place].value
	m.list = slices.Delete(m.list, place, place+1)
	return v
}

func (m *dequeModel) rotate(n int) {
	places := m.visible()
	size := len(places)
	if size == 0 {
		return
	}
	k := (n%size + size) % size
	cut := len(m.list)
	switch {
	case k == 0:
	case k <= size-k:
		cut = places[size-k]
	default:
		cut = places[size-k-1] + 1
	}
	m.list = slices.Concat(m.list[cut:], m.list[:cut])
}

// giveBack returns a leased element, or drops it if there is no room.
func (m *dequeModel) giveBack(e *modelElement) {
	if m.maxLen > 0 && len(m.visible()) >= m.maxLen {
		m.list = slices.DeleteFunc(m.list, func(other *modelElement) bool { return other == e })
		return
	}
	e.lease = nil
}

// leased returns the leased elements, sorted.
func (m *dequeModel) leased(less func(a, b *modelElement) int) (list []*modelElement) {
	for _, e := range m.list {
		if e.lease != nil {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, less)
	return list
}

func byToken(a, b *modelElement) int { return int(a.lease.Token - b.lease.Token) }
func byEnd(a, b *modelElement) int   { return int(a.until - b.until) }

// sweep gives back what was leased for too long, as every change does.
func (m *dequeModel) sweep(now time.Duration) {
	for _, e := range m.leased(byEnd) {
		if e.until <= now {
			m.giveBack(e)
		}
	}
}

const modelLease = time.Second

// modelRun drives a deque and its model through several stores on one directory.
type modelRun struct {
	*testing.T
	rng   *rand.Rand
	clock *storetest.Clock
	dir   string
	dbs   []*store.DB
	d     []*stringDeque // of each store
	model dequeModel
	log   []string
}

func (r *modelRun) open(i int) {
	db, err := store.Open(r.Context(), r.dir, store.Options{Clock: r.clock, BlobThreshold: 50, Durability: store.Relaxed})
	if err != nil {
		r.Fatal(err)
	}
	r.dbs[i] = db
	r.d[i] = openDeque(r, db, "d", queue.DequeOptions[string]{MaxLen: r.model.maxLen, Lease: modelLease})
}

// want fails the test with the steps that led here.
func (r *modelRun) want(got, want any, err error) {
	r.Helper()
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		r.Fatalf("%s\n= %v, %v; want %v", strings.Join(r.log[max(0, len(r.log)-40):], "\n"), got, err, want)
	}
}

func (r *modelRun) wantErr(got, want error) {
	r.Helper()
	if !errors.Is(got, want) {
		r.Fatalf("%s\n= %v, want %v", strings.Join(r.log, "\n"), got, want)
	}
}

func (r *modelRun) value() string {
	v := string(rune('a' + r.rng.IntN(6)))
	if r.rng.IntN(4) == 0 {
		return strings.Repeat(v, 60) // kept as a file
	}
	return v
}

func (r *modelRun) list() []string {
	list := make([]string, r.rng.IntN(6))
	for i := range list {
		list[i] = r.value()
	}
	return list
}

func TestDequeAgainstModel(t *testing.T) {
	rng := seed.Rand(t)
	for _, maxLen := range []int{0, 5} {
		r := &modelRun{
			T: t, rng: rng, clock: storetest.NewClock(time.Unix(1_000_000, 0)), dir: t.TempDir(),
			dbs: make([]*store.DB, 3), d: make([]*stringDeque, 3), model: dequeModel{maxLen: maxLen},
		}
		for i := range r.dbs {
			r.open(i)
		}
		for step := range proctest.Rounds(t, 400) {
			r.clock.Advance(time.Duration(1 + rng.IntN(int(modelLease/20))))
			r.step()
			if step%10 == 0 {
				r.compare()
			}
			if step%200 == 0 {
				storetest.Check(t, r.dbs[0])
			}
		}
		for i, db := range r.dbs {
			storetest.Check(t, db)
			if err := db.Close(); err != nil {
				t.Errorf("Close() of store %d = %v", i, err)
			}
		}
	}
}

func (r *modelRun) compare() {
	r.Helper()
	d, ctx := r.d[r.rng.IntN(len(r.d))], r.Context()
	want := r.model.values()
	r.want(collect(r, d.All(ctx)), want, nil)
	slices.Reverse(want)
	r.want(collect(r, d.Backward(ctx)), want, nil)
	n, err := d.Len(ctx)
	r.want(n, len(want), err)
}

// step does one operation, mostly one that changes the deque.
func (r *modelRun) step() {
	who := r.rng.IntN(len(r.dbs))
	switch op := r.rng.IntN(20); op {
	case 0, 1, 2, 3, 4:
		r.put(who)
	case 5, 6, 7:
		r.pop(who)
	case 8, 9, 10, 11:
		r.lease(who)
	case 12, 13, 14:
		r.endLease()
	case 15, 16:
		r.index(who)
	case 17:
		r.order(who)
	case 18:
		r.find(who)
	default:
		r.rare(who)
	}
}

func (r *modelRun) note(format string, args ...any) {
	r.log = append(r.log, fmt.Sprintf("%v: ", r.clock.Monotonic())+fmt.Sprintf(format, args...))
}

func (r *modelRun) put(who int) {
	atLeft, values := r.rng.IntN(2) == 0, r.list()
	r.note("%d put(left: %v, %q)", who, atLeft, values)
	extend := r.d[who].Extend
	if atLeft {
		extend = r.d[who].ExtendLeft
	}
	r.wantErr(extend(r.Context(), values...), nil)
	if len(values) > 0 { // nothing to add is no change
		r.model.sweep(r.clock.Monotonic())
		r.model.put(atLeft, values...)
	}
}

func (r *modelRun) pop(who int) {
	atLeft := r.rng.IntN(2) == 0
	r.note("%d pop(left: %v)", who, atLeft)
	pop, peek := r.d[who].Pop, r.d[who].Peek
	if atLeft {
		pop, peek = r.d[who].PopLeft, r.d[who].PeekLeft
	}
	if now := r.model.values(); len(now) > 0 {
		v, err := peek(r.Context())
		r.want(v, r.model.list[r.model.end(atLeft)].value, err)
	}
	v, err := pop(r.Context())
	if errors.Is(err, queue.ErrEmpty) { // then the sweep is undone, too
		shadow := r.model
		shadow.list = slices.Clone(r.model.list)
		r.want(len(shadow.values()), 0, nil)
		return
	}
	r.model.sweep(r.clock.Monotonic())
	r.want(v, r.model.remove(r.model.end(atLeft)), err)
}

func (r *modelRun) lease(who int) {
	atLeft := r.rng.IntN(2) == 0
	r.note("%d lease(left: %v)", who, atLeft)
	pop := r.d[who].PopLease
	if atLeft {
		pop = r.d[who].PopLeftLease
	}
	l, err := pop(r.Context())
	if errors.Is(err, queue.ErrEmpty) {
		r.want(len(r.model.values()), 0, nil)
		return
	}
	r.wantErr(err, nil)
	r.model.sweep(r.clock.Monotonic())
	e := r.model.list[r.model.end(atLeft)]
	r.want(l.Value, e.value, err)
	r.want(l.LeaseUntil, r.clock.Monotonic()+modelLease, nil)
	e.lease, e.owner, e.until = l, who, l.LeaseUntil
}

// endLease ends or extends a lease that stands, or is over but has not been swept.
func (r *modelRun) endLease() {
	leased := r.model.leased(byToken)
	if len(leased) == 0 {
		return
	}
	e := leased[r.rng.IntN(len(leased))]
	var want error
	if e.until <= r.clock.Monotonic() {
		want = queue.ErrLost
	}
	switch r.rng.IntN(3) {
	case 0:
		r.note("ack %d", e.lease.Token)
		r.wantErr(e.lease.Ack(r.Context()), want)
		if want == nil {
			r.model.list = slices.DeleteFunc(r.model.list, func(other *modelElement) bool { return other == e })
		}
	case 1:
		r.note("release %d", e.lease.Token)
		r.wantErr(e.lease.Release(r.Context()), want)
		if want == nil {
			r.model.giveBack(e)
		}
	default:
		d := time.Duration(1 + r.rng.IntN(int(modelLease)))
		r.note("extend %d by %v", e.lease.Token, d)
		r.wantErr(e.lease.Extend(r.Context(), d), want)
		if want == nil {
			e.until = r.clock.Monotonic() + d
		}
	}
}

func (r *modelRun) index(who int) {
	r.model.sweepVisibly(r, who)
	places := r.model.visible()
	size := len(places)
	i := r.rng.IntN(2*size+4) - size - 2
	d, ctx := r.d[who], r.Context()
	place := i
	if i < 0 {
		place += size
	}
	var want error
	if place < 0 || place >= size {
		want = queue.ErrIndex
	}
	switch r.rng.IntN(3) {
	case 0:
		r.note("%d get %d", who, i)
		v, err := d.Get(ctx, i)
		r.wantErr(err, want)
		if want == nil {
			r.want(v, r.model.list[places[place]].value, err)
		}
	case 1:
		v := r.value()
		r.note("%d set %d to %q", who, i, v)
		r.wantErr(d.Set(ctx, i, v), want)
		if want == nil {
			r.model.list[places[place]].value = v
		}
	default:
		r.note("%d delete %d", who, i)
		r.wantErr(d.Delete(ctx, i), want)
		if want == nil {
			r.model.remove(places[place])
		}
	}
}

// sweepVisibly makes a change that alters nothing, so that no lease is left that an
// operation would give back before it fails.
func (m *dequeModel) sweepVisibly(r *modelRun, who int) {
	r.wantErr(r.d[who].Rotate(r.Context(), 0), nil)
	m.sweep(r.clock.Monotonic())
}

func (r *modelRun) order(who int) {
	if n := r.rng.IntN(40) - 20; n%4 != 0 {
		r.note("%d rotate %d", who, n)
		r.wantErr(r.d[who].Rotate(r.Context(), n), nil)
		r.model.sweep(r.clock.Monotonic())
		r.model.rotate(n)
		return
	}
	r.note("%d reverse", who)
	r.wantErr(r.d[who].Reverse(r.Context()), nil)
	r.model.sweep(r.clock.Monotonic())
	slices.Reverse(r.model.list)
}

func (r *modelRun) find(who int) {
	r.model.sweepVisibly(r, who)
	v, values := r.value(), r.model.values()
	r.note("%d count and remove %q", who, v)
	count := 0
	for _, other := range values {
		if other == v {
			count++
		}
	}
	n, err := r.d[who].Count(r.Context(), v)
	r.want(n, count, err)
	if i := slices.Index(values, v); i >= 0 {
		r.wantErr(r.d[who].Remove(r.Context(), v), nil)
		r.model.remove(r.model.visible()[i])
		return
	}
	r.wantErr(r.d[who].Remove(r.Context(), v), queue.ErrNoValue)
}

// rare does what ends a stretch: it closes a store, which gives back what it leased,
// or clears the deque.
func (r *modelRun) rare(who int) {
	if r.rng.IntN(4) == 0 {
		r.note("%d clear", who)
		r.wantErr(r.d[who].Clear(r.Context()), nil)
		r.model.sweep(r.clock.Monotonic())
		r.model.list = slices.DeleteFunc(r.model.list, func(e *modelElement) bool { return e.lease == nil })
		return
	}
	r.note("%d closes", who)
	r.wantErr(r.dbs[who].Close(), nil)
	for _, e := range r.model.leased(byToken) {
		if e.owner == who {
			r.model.giveBack(e)
		}
	}
	r.open(who)
}

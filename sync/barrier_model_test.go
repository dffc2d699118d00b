package sync_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
	dsync "github.com/dcq-go/dcq/sync"
)

const (
	modelProcesses = 3
	modelSteps     = 400
)

// party is one that waits, in the model and in the store.
type party struct {
	process int
	giveUp  context.CancelFunc
	got     <-chan passed
	as      dsync.Passage
}

// barrierModel is what a barrier must do. Those who wait in it are told apart by their
// place.
type barrierModel struct {
	t     *testing.T
	r     *rand.Rand
	db    *store.DB // of nobody that arrives
	b     *dsync.Barrier
	state dsync.BarrierState
	waits []party

	processes [modelProcesses]*store.DB
	barriers  [modelProcesses]*dsync.Barrier
}

// A barrier does in each step what the model does, to everybody who waits.
func TestBarrierAgainstModel(t *testing.T) {
	t.Parallel()
	m := &barrierModel{t: t, r: seed.Rand(t), db: storetest.Open(t, store.Options{})}
	m.state = dsync.BarrierState{Parties: 1 + m.r.IntN(5), Generation: 1}
	m.b = openBarrier(t, m.db, m.state.Parties)
	for i := range modelProcesses {
		m.begin(i)
	}
	for range modelSteps {
		name := m.step()
		m.state.Arrived = len(m.waits)
		checkState(t, m.b, m.state)
		if t.Failed() {
			t.Fatalf("after %s", name)
		}
	}
	for i := range modelProcesses {
		m.end(i)
	}
	checkNobodyLeft(t, m.db)
}

func (m *barrierModel) step() string {
	switch n := m.r.IntN(100); {
	case n < 75:
		i := m.r.IntN(modelProcesses)
		m.arrive(i)
		return fmt.Sprintf("an arrival of process %d", i)
	case n < 83:
		return "giving up" + m.giveUp()
	case n < 88:
		m.told(m.b.Break(m.t.Context()))
		m.broke(nil)
		m.state.Broken = true
		return "Break"
	case n < 96:
		m.told(m.b.Reset(m.t.Context()))
		m.broke(nil)
		m.state.Broken = false
		m.state.Generation++
		return "Reset"
	}
	i := m.r.IntN(modelProcesses)
	m.end(i)
	m.begin(i)
	return fmt.Sprintf("a new process %d", i)
}

func (m *barrierModel) told(err error) {
	if err != nil {
		m.t.Error(err)
	}
}

// begin starts a process: a store of its own.
func (m *barrierModel) begin(i int) {
	db, err := store.Open(m.t.Context(), m.db.Dir(), store.Options{})
	if err != nil {
		m.t.Fatal(err)
	}
	m.processes[i], m.barriers[i] = db, openBarrier(m.t, db, 0)
}

// end ends a process. If it has somebody who waits, the barrier breaks.
func (m *barrierModel) end(i int) {
	if n := m.processes[i].Wakeups().Missed; n != 0 {
		m.t.Errorf("process %d missed %d wake-ups", i, n)
	}
	m.told(m.processes[i].Close())
	if slices.ContainsFunc(m.waits, func(p party) bool { return p.process == i }) {
		m.broke(func(p party) error {
			if p.process == i {
				return store.ErrClosed
			}
			return dsync.ErrBroken
		})
		m.state.Broken = true
	}
}

func (m *barrierModel) arrive(i int) {
	ctx, giveUp := context.WithCancel(context.Background())
	p := party{process: i, giveUp: giveUp, as: dsync.Passage{Generation: m.state.Generation, Index: len(m.waits)}}
	p.got = arrive(ctx, m.barriers[i])
	switch {
	case m.state.Broken:
		m.expect(p, dsync.ErrBroken)
	case len(m.waits)+1 < m.state.Parties:
		m.waits = append(m.waits, p)
		waitForArrived(m.t, m.b, len(m.waits))
	default:
		for _, other := range append(m.waits, p) {
			m.expect(other, nil)
		}
		m.waits = nil
		m.state.Generation++
	}
}

func (m *barrierModel) giveUp() string {
	if len(m.waits) == 0 {
		return " of nobody"
	}
	leaver := m.r.IntN(len(m.waits))
	as := m.waits[leaver].as
	m.waits[leaver].giveUp()
	m.broke(func(p party) error {
		if p.as == as {
			return context.Canceled
		}
		return dsync.ErrBroken
	})
	m.state.Broken = true
	return ""
}

// broke expects of all who wait that they are told so: ErrBroken, or as told says.
func (m *barrierModel) broke(told func(party) error) {
	for _, p := range m.waits {
		want := dsync.ErrBroken
		if told != nil {
			want = told(p)
		}
		m.expect(p, want)
	}
	m.waits = nil
}

// expect waits for what a party gets.
func (m *barrierModel) expect(p party, want error) {
	defer p.giveUp()
	as := p.as
	if want != nil {
		as = dsync.Passage{}
	}
	if r := <-p.got; !errors.Is(r.err, want) || r.p != as {
		m.t.Errorf("Wait() of process %d = %+v, want %+v, %v", p.process, r, as, want)
	}
}

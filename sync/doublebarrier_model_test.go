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

// guest is somebody at a double barrier, in the model and in the store.
type guest struct {
	process int
	giveUp  context.CancelFunc
	got     <-chan entered    // while it enters
	m       *dsync.Membership // while it is inside
	left    <-chan error      // while it leaves
}

// doubleModel is what a double barrier must do.
type doubleModel struct {
	t     *testing.T
	r     *rand.Rand
	db    *store.DB // of no guest
	d     *dsync.DoubleBarrier
	state dsync.DoubleBarrierState

	entering, inside, leaving []*guest

	processes [modelProcesses]*store.DB
	doubles   [modelProcesses]*dsync.DoubleBarrier
}

// A double barrier does in each step what the model does, to everybody who is there.
func TestDoubleBarrierAgainstModel(t *testing.T) {
	t.Parallel()
	m := &doubleModel{t: t, r: seed.Rand(t), db: storetest.Open(t, store.Options{})}
	m.state = dsync.DoubleBarrierState{Parties: 1 + m.r.IntN(5), Generation: 1}
	m.d = openDouble(t, m.db, m.state.Parties)
	for i := range modelProcesses {
		m.begin(i)
	}
	for range modelSteps {
		name := m.step()
		m.state.Entering, m.state.Inside, m.state.Leaving = len(m.entering), len(m.inside), len(m.leaving)
		waitForDouble(t, m.d, m.state)
		if t.Failed() {
			t.Fatalf("after %s", name)
		}
	}
	for i := range modelProcesses {
		m.end(i)
	}
	checkNobodyLeft(t, m.db)
}

func (m *doubleModel) step() string {
	n, i := m.r.IntN(100), m.r.IntN(modelProcesses)
	switch {
	case n < 45:
		m.enter(i)
		return fmt.Sprintf("an entry of process %d", i)
	case n < 80 && len(m.inside) > 0:
		m.leave(m.take(&m.inside))
		return "Leave"
	case n < 87 && len(m.entering) > 0:
		g := m.take(&m.entering)
		g.giveUp()
		m.notEntered(g, context.Canceled)
		return "giving up to enter"
	case n < 94 && len(m.leaving) > 0:
		g := m.take(&m.leaving)
		g.giveUp()
		m.gone(g, context.Canceled)
		return "giving up to leave"
	case n < 97:
		m.end(i)
		m.begin(i)
		return fmt.Sprintf("a new process %d", i)
	}
	return "nothing"
}

// take removes a guest.
func (m *doubleModel) take(from *[]*guest) *guest {
	i := m.r.IntN(len(*from))
	g := (*from)[i]
	*from = slices.Delete(*from, i, i+1)
	return g
}

// begin starts a process: a store of its own.
func (m *doubleModel) begin(i int) {
	db, err := store.Open(m.t.Context(), m.db.Dir(), store.Options{})
	if err != nil {
		m.t.Fatal(err)
	}
	m.processes[i], m.doubles[i] = db, openDouble(m.t, db, 0)
}

// end ends a process: its guests are gone, and nobody waits for them.
func (m *doubleModel) end(i int) {
	if n := m.processes[i].Wakeups().Missed; n != 0 {
		m.t.Errorf("process %d missed %d wake-ups", i, n)
	}
	if err := m.processes[i].Close(); err != nil {
		m.t.Error(err)
	}
	theirs := func(from *[]*guest) (all []*guest) {
		*from = slices.DeleteFunc(*from, func(g *guest) bool {
			if g.process == i {
				all = append(all, g)
			}
			return g.process == i
		})
		return all
	}
	for _, g := range theirs(&m.entering) {
		m.notEntered(g, store.ErrClosed)
	}
	for _, g := range theirs(&m.leaving) {
		m.gone(g, store.ErrClosed)
	}
	if inside := theirs(&m.inside); len(inside) > 0 {
		m.closeIfEmpty()
	}
}

func (m *doubleModel) enter(i int) {
	ctx, giveUp := context.WithCancel(context.Background())
	g := &guest{process: i, giveUp: giveUp, got: enter(ctx, m.doubles[i])}
	m.entering = append(m.entering, g)
	if !m.state.Open && len(m.entering) < m.state.Parties {
		return
	}
	m.state.Open = true
	for _, g := range m.entering {
		g.m = inside(m.t, g.got)
		g.giveUp()
		if n := g.m.Generation(); n != m.state.Generation {
			m.t.Errorf("Generation() = %d, want %d", n, m.state.Generation)
		}
	}
	m.inside = append(m.inside, m.entering...)
	m.entering = nil
}

func (m *doubleModel) notEntered(g *guest, want error) {
	g.giveUp()
	if r := <-g.got; !errors.Is(r.err, want) || r.m != nil {
		m.t.Errorf("Enter() = %v, %v; want %v", r.m, r.err, want)
	}
}

func (m *doubleModel) leave(g *guest) {
	var ctx context.Context
	ctx, g.giveUp = context.WithCancel(context.Background())
	g.left = leave(ctx, g.m)
	m.leaving = append(m.leaving, g)
	m.closeIfEmpty()
}

func (m *doubleModel) closeIfEmpty() {
	if len(m.inside) > 0 {
		return
	}
	for _, g := range m.leaving {
		m.gone(g, nil)
	}
	m.leaving = nil
	m.state.Open = false
	m.state.Generation++
}

func (m *doubleModel) gone(g *guest, want error) {
	defer g.giveUp()
	if err := <-g.left; !errors.Is(err, want) {
		m.t.Errorf("Leave() = %v, want %v", err, want)
	}
}

package protocol

import (
	"fmt"
	"strings"
)

// wrong says what is wrong in a state, whatever led to it.
//
//go:norace
func (s *scenario) wrong(w *world) string {
	if w.fault == overtaken {
		return "somebody was overtaken in the line"
	}
	if n := w.used(); n > s.capacity {
		return fmt.Sprintf("%d of %d are granted", n, s.capacity)
	}
	if line := w.line(); len(line) > 0 && w.used()+w.actors[line[0]].weight <= s.capacity {
		return "the first in the line fits, and is not granted"
	}
	var believed uint8
	for i := range w.actors {
		switch a := &w.actors[i]; {
		case a.phase == holding && !a.hung && !a.wasHung:
			believed += a.weight
		case a.phase == gone && (a.row != none || a.waiter):
			return "a session has ended, and something of it is left"
		}
	}
	if believed > s.capacity {
		return fmt.Sprintf("processes that run take themselves for holders of %d of %d", believed, s.capacity)
	}
	return ""
}

// served reports whether nobody waits who runs. Without the backstop, one may wait for
// ever if a process ended between its commit and the pulse.
//
//go:norace
func (s *scenario) served(w *world) bool {
	if w.lost && !s.backstop && s.flaw != noBackstop {
		return true
	}
	for i := range w.actors {
		if a := &w.actors[i]; a.waits() && !a.hung {
			return false
		}
	}
	return true
}

// exploration is what was found of a scenario.
type exploration struct {
	*scenario
	number map[world]int32
	states []world
	from   []arrow   // how each state was first reached
	fair   [][]int32 // the fair steps, backwards
	ends   []bool    // states from which there is no fair step
}

// arrow is a step from a state.
type arrow struct {
	state int32
	i     int8
	do    action
}

// explore visits every state that can be reached, nearest first, and returns what is
// wrong, with the shortest way there; empty if nothing is.
//
//go:norace
func (s *scenario) explore() (states int, found string) {
	e := exploration{scenario: s, number: make(map[world]int32)}
	e.visit(s.begin(), arrow{state: -1})
	for at := int32(0); int(at) < len(e.states); at++ {
		if text := s.wrong(&e.states[at]); text != "" {
			return len(e.states), e.trace(at, text)
		}
		s.steps(e.states[at], func(i int, do action, next world) {
			to := e.visit(next, arrow{at, int8(i), do})
			if do.fair() {
				e.ends[at] = false
				e.fair[to] = append(e.fair[to], at)
			}
		})
	}
	if at := e.stuck(); at >= 0 {
		return len(e.states), e.trace(at, "somebody waits for ever")
	}
	return len(e.states), ""
}

//
//go:norace
func (e *exploration) visit(w world, a arrow) int32 {
	w.normal()
	if n, ok := e.number[w]; ok {
		return n
	}
	n := int32(len(e.states))
	e.number[w] = n
	e.states, e.from, e.fair, e.ends = append(e.states, w), append(e.from, a), append(e.fair, nil), append(e.ends, true)
	return n
}

// stuck returns a state from which no fair steps lead to one where nobody waits, or -1.
//
//go:norace
func (e *exploration) stuck() int32 {
	reach := make([]bool, len(e.states))
	var todo []int32
	for n := range e.states {
		if e.served(&e.states[n]) {
			reach[n] = true
			todo = append(todo, int32(n))
		}
	}
	for len(todo) > 0 {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, before := range e.fair[n] {
			if !reach[before] {
				reach[before] = true
				todo = append(todo, before)
			}
		}
	}
	found := int32(-1)
	for n, ok := range reach {
		if !ok && (found < 0 || e.ends[n]) {
			found = int32(n)
			if e.ends[n] { // the clearest to read
				break
			}
		}
	}
	return found
}

// trace tells how a state is reached.
func (e *exploration) trace(n int32, text string) string {
	var steps []string
	for at := n; e.from[at].state >= 0; at = e.from[at].state {
		a := e.from[at]
		steps = append(steps, fmt.Sprintf("%d: %s", a.i, actionNames[a.do]))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, after %d steps:\n", text, len(steps))
	for i := len(steps) - 1; i >= 0; i-- {
		fmt.Fprintf(&b, "  %s\n", steps[i])
	}
	return b.String()
}

package main

import (
	"container/heap"
	"math/rand/v2"
	"time"
)

// site is a simulated web site with one page. Nothing in it takes time but rendering, and
// the pauses of the workers.
type site struct {
	scene
	r      *rand.Rand
	now    time.Duration
	events events
	made   int // events
	trace  *trace

	end     time.Duration // of the page that is kept; 0 means that there is none
	guard   time.Duration // when another render may begin in the background
	busy    bool          // somebody has the right to render
	waiters []func()      // of those who wait for who has it
}

// event is something that will happen.
type event struct {
	at  time.Duration
	seq int // of two at a time, the first made comes first
	do  func()
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].seq < e[j].seq
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

// simulate lets workers ask a site that answers in some way.
func simulate(sc scene, seed uint64, name string, way way) *trace {
	s := &site{scene: sc, r: rand.New(rand.NewPCG(seed, 0)), trace: &trace{name: name}}
	for range s.workers {
		s.after(0, func() { s.ask(way) })
	}
	for len(s.events) > 0 {
		e := heap.Pop(&s.events).(event)
		if e.at >= s.length {
			break
		}
		s.now = e.at
		e.do()
	}
	return s.trace
}

// after lets something happen later.
func (s *site) after(d time.Duration, do func()) {
	s.made++
	heap.Push(&s.events, event{s.now + d, s.made, do})
}

// ask is a worker who asks, and asks again when it has the answer, a pause later.
func (s *site) ask(way way) {
	asked := s.now
	way(s, func() {
		s.trace.answers = append(s.trace.answers, span{asked, s.now})
		s.after(time.Duration((0.5+s.r.Float64())*float64(s.pause)), func() { s.ask(way) })
	})
}

// make renders the page, and then does something.
func (s *site) make(then func()) {
	s.trace.renders = append(s.trace.renders, span{s.now, s.now + s.render})
	s.after(s.render, then)
}

// keep remembers the page that was rendered.
func (s *site) keep(ttl time.Duration) { s.end = s.now + ttl }

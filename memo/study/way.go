package main

import (
	"fmt"
	"time"

	"github.com/dcq-go/dcq/memo/internal/xfetch"
)

// way is how a site answers a question: it calls reply at once or later.
type way func(s *site, reply func())

// nothing remembers nothing.
func nothing(s *site, reply func()) { s.make(reply) }

// memoize is DiskCache's: who finds no page renders it.
func memoize(s *site, reply func()) {
	if s.now < s.end {
		reply()
		return
	}
	s.make(func() {
		s.keep(s.ttl)
		reply()
	})
}

// locked is DiskCache's memoize twice, with a barrier between: who finds no page waits for
// a lock, and looks again.
func locked(s *site, reply func()) {
	if s.now < s.end {
		reply()
		return
	}
	s.waiters = append(s.waiters, reply)
	s.begin(s.ttl)
}

// stampede is DiskCache's memoize_stampede: who finds a page may have it rendered in the
// background, by XFetch; the next may when as much time has passed as the last render
// took. Who finds none renders it.
func stampede(beta float64) way {
	return func(s *site, reply func()) {
		if s.now >= s.end {
			memoize(s, reply)
			return
		}
		if s.now >= s.guard && xfetch.Early(s.render, s.end-s.now, beta, 1-s.r.Float64()) {
			s.guard = s.now + s.render
			s.make(func() { s.keep(s.ttl) })
		}
		reply()
	}
}

// jitter is the default of package memo.
const jitter = 0.1

// remember is memo.Func: one renders at a time, in the background while there is a page
// that is fresh or stale, and else for all who wait.
func remember(stale time.Duration) way {
	return func(s *site, reply func()) {
		ttl := time.Duration((1 - jitter*s.r.Float64()) * float64(s.ttl))
		gone := s.end + stale
		if s.now >= gone || s.end == 0 {
			s.waiters = append(s.waiters, reply)
			s.begin(ttl)
			return
		}
		if s.now >= s.end || xfetch.Early(s.render, gone-s.now, 1, 1-s.r.Float64()) {
			s.begin(ttl)
		}
		reply()
	}
}

// begin renders, unless somebody does, and answers those who wait.
func (s *site) begin(ttl time.Duration) {
	if s.busy {
		return
	}
	s.busy = true
	s.make(func() {
		s.keep(ttl)
		s.busy = false
		waiters := s.waiters
		s.waiters = nil
		for _, reply := range waiters {
			reply()
		}
	})
}

// Names of the ways that are run for real, too.
const (
	nameMemoize  = "DiskCache memoize"
	nameStampede = "DiskCache memoize_stampede"
	nameMemo     = "memo.Func"
)

func simulateAll(sc scene, seed uint64) []*trace {
	all := []*trace{
		simulate(sc, seed, "nothing", nothing),
		simulate(sc, seed, nameMemoize, memoize),
		simulate(sc, seed, "DiskCache memoize, barrier, memoize", locked),
	}
	for _, beta := range []float64{1, 0.5, 0.3} {
		all = append(all, simulate(sc, seed, fmt.Sprintf("%s, beta %v", nameStampede, beta), stampede(beta)))
	}
	return append(all,
		simulate(sc, seed, nameMemo, remember(0)),
		simulate(sc, seed, nameMemo+" with Stale", remember(sc.ttl)),
	)
}

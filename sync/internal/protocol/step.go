package protocol

// action is the kind of a step.
type action uint8

const (
	acquire action = iota
	join
	try
	act
	giveUp
	release
	downgrade
	reap
	// The ones above are transactions.
	pulse
	wake
	timer
	backstop
	look
	fence
	leaseEnds
	stop
	goOn
	die
	commit
)

var actionNames = [...]string{
	"acquire", "join", "try", "act", "give up", "release", "downgrade", "reap", "pulse",
	"wake", "timer", "backstop", "look", "fence", "lease ends", "stop", "go on", "die", "commit",
}

// fair reports whether a step that can be done is done some time. Nobody has to
// acquire, to give up, to hang or to die.
func (a action) fair() bool {
	switch a {
	case acquire, try, giveUp, downgrade, fence, stop, goOn, die:
		return false
	}
	return true
}

// steps calls emit for everything that can happen next.
//
//go:norace
func (s *scenario) steps(w world, emit func(i int, do action, next world)) {
	for i := range s.weights {
		a := w.actors[i]
		alone := func(do action, change func(w *world, a *actor)) {
			next := w
			change(&next, &next.actors[i])
			emit(i, do, next)
		}
		if a.row == stands {
			s.leaseSteps(w, a, alone)
		}
		if a.phase >= dead {
			continue
		}
		if w.crash > 0 && (a.phase != idle || a.owes != 0) {
			alone(die, func(w *world, a *actor) {
				*a = actor{phase: dead, row: a.row, weight: a.weight, ticket: a.ticket, waiter: a.waiter, owes: a.owes}
				w.crash, w.lost = w.crash-1, w.lost || a.owes != 0
				a.owes = 0
				if w.gate == uint8(i)+1 {
					w.gate, w.op = 0, 0
				}
			})
		}
		if a.hung {
			alone(goOn, func(_ *world, a *actor) { a.hung, a.wasHung = false, a.phase != idle })
			continue
		}
		if w.hang > 0 && w.gate == 0 && (a.phase != idle || a.owes != 0) {
			alone(stop, func(w *world, a *actor) { a.hung, w.hang, w.lost = true, w.hang-1, w.lost || a.owes != 0 })
		}
		s.localSteps(w, i, alone)
		s.transactions(w, i, emit)
	}
}

// leaseSteps are the end of a lease. A process that runs extends it, and takes its grant
// for lost before; one that has not looked yet may be too slow.
func (s *scenario) leaseSteps(w world, a actor, alone func(action, func(*world, *actor))) {
	switch {
	case a.hung || a.phase >= fenced || s.flaw == noFence:
		alone(leaseEnds, func(_ *world, a *actor) { s.endLease(a) })
	case a.phase != holding && w.hang > 0:
		alone(leaseEnds, func(w *world, a *actor) {
			s.endLease(a)
			w.hang--
		})
	}
}

// endLease also ends what a note is worth, which says how long the lease is.
func (s *scenario) endLease(a *actor) {
	a.row = over
	a.note = a.note && s.flaw == noteOutlivesLease
}

// hear makes an actor look, if a pulse to its process concerns it.
func (a *actor) hear() {
	a.ready = a.ready || a.waits() && (!a.waiter || a.rearmed)
}

// localSteps are those of one process that commit nothing.
//
//go:norace
func (s *scenario) localSteps(w world, i int, alone func(action, func(*world, *actor))) {
	a := w.actors[i]
	if a.owes != 0 {
		alone(pulse, func(w *world, a *actor) {
			for j := range w.actors {
				if a.owes&(1<<j) != 0 {
					w.actors[j].hear()
				}
			}
			a.owes = 0
		})
	}
	woken := func(w *world, a *actor) {
		a.ready, a.phase = false, looking
		if s.flaw == noLookAfterWake {
			a.phase = holding
		}
	}
	switch a.phase {
	case blocked:
		if a.ready {
			alone(wake, woken)
		}
		if w.anyOver() {
			alone(timer, func(_ *world, a *actor) { a.phase = looking })
		}
		if s.backstop {
			alone(backstop, func(_ *world, a *actor) { a.phase = looking })
		}
	case looking:
		alone(look, func(w *world, a *actor) {
			switch {
			case a.row == stands || a.note:
				a.phase, a.ticket = holding, 0
			case a.row == waits && !w.anyOver():
				a.phase = blocked
			default:
				a.phase = acting
			}
		})
	case holding:
		alone(fence, func(_ *world, a *actor) { a.phase = fenced })
	}
}

// transactions are the steps of one process that commit.
//
//go:norace
func (s *scenario) transactions(w world, i int, emit func(int, action, world)) {
	a := w.actors[i]
	if w.gate == uint8(i)+1 {
		next := w
		next.gate, next.op = 0, 0
		s.apply(&next, w.op, i, 0)
		next.actors[i].owes = 0
		emit(i, commit, next)
	}
	if w.gate != 0 || a.owes != 0 {
		return
	}
	do := func(do action, j int) {
		next := w
		s.apply(&next, do, i, j)
		if owes := next.actors[i].owes; s.flaw == pulseBeforeCommit && owes != 0 && do != reap {
			next = w
			next.gate, next.op = uint8(i)+1, do
			for j := range next.actors {
				if owes&(1<<j) != 0 {
					next.actors[j].hear()
				}
			}
		}
		emit(i, do, next)
		if told := next.noted(&w); told != next { // notes may be missing
			emit(i, do, told)
		}
	}
	switch {
	case a.phase == idle && a.left > 0 && a.row == none:
		do(acquire, 0)
		if s.try {
			do(try, 0)
		}
	case a.phase == blocked:
		do(giveUp, 0)
	case a.phase == acting && s.flaw == joinsLater && a.row == none:
		do(join, 0)
	case a.phase == acting:
		do(act, 0)
	case a.phase == holding || a.phase == fenced:
		do(release, 0)
		if s.downgrade && a.row == stands && a.weight == s.capacity {
			do(downgrade, 0)
		}
	}
	for j := range s.weights {
		if w.actors[j].phase == dead {
			do(reap, j)
		}
	}
}

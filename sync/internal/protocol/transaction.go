package protocol

// grant gives actor i what it wants.
func (w *world) grant(i int) {
	a := &w.actors[i]
	for _, other := range w.line() {
		if other != i && (a.ticket == 0 || w.actors[other].ticket < a.ticket) {
			w.fault = overtaken
		}
	}
	a.row = stands
}

// dispatch grants what there is room for, as resource.dispatch does.
func (s *scenario) dispatch(w *world, by int) {
	for _, i := range w.line() {
		a := &w.actors[i]
		if w.used()+a.weight > s.capacity {
			if s.flaw == dispatchSkips {
				continue
			}
			a.rearmed = a.waiter
			w.actors[by].owes |= 1 << i
			return
		}
		w.grant(i)
		if s.flaw != waiterStays {
			a.waiter = false
		}
		if s.flaw != noPulse {
			w.actors[by].owes |= 1 << i
		}
	}
}

// sweep ends the grants whose lease is over. It reports whether there were any.
func (w *world) sweep() (any bool) {
	for i := range w.actors {
		if w.actors[i].row == over {
			w.actors[i].row, any = none, true
		}
	}
	return any
}

// take grants the request of i at once, if it can.
func (s *scenario) take(w *world, i int, ignoreLine bool) bool {
	a := &w.actors[i]
	room := w.used()+a.weight <= s.capacity || s.flaw == weightless
	if !room || len(w.line()) > 0 && !ignoreLine {
		return false
	}
	w.grant(i)
	a.phase, a.ticket, a.waiter = holding, 0, false
	return true
}

func (s *scenario) join(w *world, i int) {
	a := &w.actors[i]
	again := a.ticket != 0 // it keeps its place
	if !again {
		a.ticket = uint8(len(w.actors)) + 1
	}
	a.row, a.waiter, a.rearmed, a.phase = waits, true, false, blocked
	if again && s.flaw != noDispatchOnJoin {
		s.dispatch(w, i)
	}
}

// leave ends an acquisition.
func (a *actor) leave() {
	*a = actor{left: a.left, owes: a.owes, hung: a.hung}
}

// apply does a transaction of actor i, on actor j if it is about another's session.
func (s *scenario) apply(w *world, do action, i, j int) {
	a := &w.actors[i]
	if do == acquire || do == try {
		a.weight = s.weights[i][len(s.weights[i])-int(a.left)]
		a.left--
	}
	switch do {
	case acquire, act, try, join:
		s.takeOrJoin(w, do, i)
	case giveUp:
		kept := s.flaw == keepsGrantOnGiveUp && a.row == stands
		a.leave()
		if kept {
			a.row, a.weight = stands, 1
		}
		if s.flaw != noDispatchOnGiveUp {
			s.dispatch(w, i)
		}
	case release:
		stood := a.row == stands
		if a.row == over { // it stays until somebody sweeps
			a.phase = idle
			return
		}
		a.leave()
		if stood && s.flaw != noDispatchOnRelease {
			s.dispatch(w, i)
		}
	case downgrade:
		a.weight = 1
		if s.flaw != noDispatchOnDowngrade {
			s.dispatch(w, i)
		}
	case reap:
		kept := s.flaw == deadKeeps && w.actors[j].row == stands
		if !kept {
			w.actors[j] = actor{}
		}
		w.actors[j].phase = gone
		if s.flaw != noDispatchOnEnd {
			s.dispatch(w, i)
		}
	}
}

// takeOrJoin is acquirer.takeOrJoin, or resource.tryAcquire.
func (s *scenario) takeOrJoin(w *world, do action, i int) {
	a := &w.actors[i]
	swept := w.sweep() && s.flaw != noDispatchOnLease
	defer func() {
		if swept {
			s.dispatch(w, i)
		}
	}()
	if do == act && a.row != none { // it urges
		s.dispatch(w, i)
	}
	switch {
	case do == join:
		s.join(w, i)
	case a.row == stands:
		a.phase = holding
	case a.row == waits:
		a.phase = blocked
	case s.take(w, i, do == try && s.flaw == tryIgnoresLine):
	case do == try:
		a.left++
		a.leave()
	case s.flaw == joinsLater:
		a.phase, a.waiter = acting, true
	default:
		s.join(w, i)
	}
}

package protocol

// actor is a process in which one goroutine acquires.
type actor struct {
	phase  phase
	left   uint8 // acquisitions that it may still begin
	weight uint8 // of its request
	ticket uint8 // its place in the line, by rank; 0 if it has none
	row    row   // its request in the store

	waiter  bool // it has a row in the table of waiters
	rearmed bool // whose timer is not the one that it set
	ready   bool // it need not wait any longer
	note    bool // it was told that it was granted what it waits for

	owes    uint8 // whom its last commit is to pulse, and has not yet
	hung    bool
	wasHung bool // during this acquisition
}

type phase uint8

const (
	idle    phase = iota
	blocked       // waits to be woken
	looking       // was woken, and is about to read
	acting        // has read that something is to be done
	holding       // takes itself for a holder
	fenced        // has given its grant up for lost
	dead          // its session is on record
	gone
)

type row uint8

const (
	none   row = iota
	waits      // in the line
	stands     // granted
	over       // its lease has ended
)

// world is the store and all processes.
type world struct {
	actors [4]actor
	crash  uint8 // how many may still die
	hang   uint8 // how many may still be stopped
	lost   bool  // a process ended, or was stopped, between its commit and the pulse
	gate   uint8 // 1 + the actor that is about to commit, and op; for a flaw
	op     action
	fault  fault
}

type fault uint8

const (
	fine fault = iota
	overtaken
)

// used is the weight of what is granted.
//
//go:norace
func (w *world) used() (n uint8) {
	for i := range w.actors {
		if a := &w.actors[i]; a.row == stands || a.row == over {
			n += a.weight
		}
	}
	return n
}

// line returns the actors that wait, first come first.
//
//go:norace
func (w *world) line() (line []int) {
	for ticket := uint8(1); ticket <= uint8(len(w.actors))+1; ticket++ {
		for i := range w.actors {
			if w.actors[i].row == waits && w.actors[i].ticket == ticket {
				line = append(line, i)
			}
		}
	}
	return line
}

// normal makes states equal that differ in nothing that matters later: of tickets only
// the order counts.
//
//go:norace
func (w *world) normal() {
	var next uint8
	for ticket := uint8(1); ticket <= uint8(len(w.actors))+1; ticket++ {
		for i := range w.actors {
			if w.actors[i].ticket == ticket {
				next++
				w.actors[i].ticket = next
			}
		}
	}
	for i := range w.actors {
		a := &w.actors[i]
		a.ready, a.note = a.ready && a.waits(), a.note && a.waits()
		a.rearmed = a.rearmed && a.waiter
		if a.phase == idle || a.phase >= dead {
			a.wasHung = false
		}
		if a.row == none && (a.phase == idle || a.phase >= dead) {
			a.ticket, a.weight = 0, 0
		}
		if a.phase >= dead {
			a.left = 0
		}
	}
}

// waits reports whether the actor has begun to wait, and does not know yet that it has
// what it waits for.
func (a *actor) waits() bool { return a.phase >= blocked && a.phase <= acting }

// noted is the world with notes for those whom a transaction granted what they wait for.
//
//go:norace
func (w world) noted(before *world) world {
	for i := range w.actors {
		a := &w.actors[i]
		a.note = a.note || a.waits() && a.row == stands && before.actors[i].row == waits
	}
	return w
}

func (w *world) anyOver() bool {
	for i := range w.actors {
		if w.actors[i].row == over {
			return true
		}
	}
	return false
}

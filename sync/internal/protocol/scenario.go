package protocol

// scenario is a set of processes, and what they may do.
type scenario struct {
	name      string
	capacity  uint8
	weights   [][]uint8 // of each actor's acquisitions
	crash     uint8
	hang      uint8
	try       bool // they may also try
	downgrade bool
	backstop  bool
	flaw      flaw
}

// flaw is an error that is put into the model, to see that it is found.
type flaw string

const (
	noDispatchOnRelease   flaw = "a release does not dispatch"
	noDispatchOnGiveUp    flaw = "giving up does not dispatch"
	noDispatchOnEnd       flaw = "the end of a session does not dispatch"
	noDispatchOnLease     flaw = "the end of a lease does not dispatch"
	noDispatchOnDowngrade flaw = "a downgrade does not dispatch"
	keepsGrantOnGiveUp    flaw = "giving up keeps what was granted meanwhile"
	noLookAfterWake       flaw = "one who was woken does not look"
	pulseBeforeCommit     flaw = "the pulse comes before the commit"
	noPulse               flaw = "a hand-over does not pulse"
	noBackstop            flaw = "there is no backstop"
	waiterStays           flaw = "a hand-over leaves the row of the waiter"
	tryIgnoresLine        flaw = "a try ignores the line"
	dispatchSkips         flaw = "a dispatch passes over one who does not fit"
	joinsLater            flaw = "taking and joining are two transactions"
	noFence               flaw = "a lease ends before its holder knows"
	weightless            flaw = "room is not looked at"
	noDispatchOnJoin      flaw = "one that joins again does not dispatch"
	deadKeeps             flaw = "the grants of a dead session stay"
	noteOutlivesLease     flaw = "a note is believed whose lease is over"
)

func (s scenario) begin() world {
	w := world{crash: s.crash, hang: s.hang}
	for i := range w.actors {
		w.actors[i].phase = gone
		if i < len(s.weights) {
			w.actors[i] = actor{left: uint8(len(s.weights[i]))}
		}
	}
	return w
}

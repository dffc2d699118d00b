package protocol

import (
	"fmt"
	"strings"
	"testing"
)

// The smallest come first, so that a flaw is found soon.
var scenarios = []scenario{
	{name: "lock again", capacity: 1, weights: [][]uint8{{1, 1}, {1, 1}}, crash: 1, hang: 1, try: true},
	{name: "downgrade and crash", capacity: 2, weights: [][]uint8{{2}, {1}, {2}}, crash: 1, downgrade: true},
	{name: "semaphore", capacity: 2, weights: [][]uint8{{1}, {2}, {1}}, crash: 1, hang: 1, try: true},
	{name: "lock", capacity: 1, weights: [][]uint8{{1}, {1}, {1}}, crash: 1, hang: 1, try: true},
	{name: "reader-writer lock", capacity: 3, weights: [][]uint8{{3}, {1}, {3}}, hang: 1, downgrade: true},
	{name: "four processes", capacity: 2, weights: [][]uint8{{2}, {1}, {2}, {1}}},
}

// In every state that can be reached, no more is granted than there is, nobody is
// overtaken, and whoever fits has it; and from every state, whoever waits is served.
// Without the backstop too, unless a process ended between its commit and the pulse.
func TestProtocol(t *testing.T) {
	t.Parallel()
	for _, s := range scenarios {
		for _, s.backstop = range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/backstop %v", s.name, s.backstop), func(t *testing.T) {
				states, found := s.explore()
				t.Logf("%d states", states)
				if found != "" {
					t.Error(found)
				}
			})
		}
	}
}

// Each flaw is found, and as what it is.
func TestFlawsAreFound(t *testing.T) {
	t.Parallel()
	const (
		notGranted = "the first in the line fits, and is not granted"
		forever    = "somebody waits for ever"
		overtaken  = "somebody was overtaken"
		tooMuch    = "are granted"
		believed   = "take themselves for holders"
	)
	for f, want := range map[flaw]string{
		noDispatchOnRelease:   notGranted,
		noDispatchOnGiveUp:    notGranted,
		noDispatchOnEnd:       notGranted,
		noDispatchOnLease:     notGranted,
		noDispatchOnDowngrade: notGranted,
		noDispatchOnJoin:      notGranted,
		keepsGrantOnGiveUp:    forever,
		noLookAfterWake:       believed,
		pulseBeforeCommit:     forever,
		noPulse:               forever,
		noBackstop:            forever,
		waiterStays:           forever,
		tryIgnoresLine:        overtaken,
		dispatchSkips:         overtaken,
		joinsLater:            notGranted,
		noFence:               believed,
		weightless:            tooMuch,
		deadKeeps:             "something of it is left",
		noteOutlivesLease:     believed,
	} {
		t.Run(string(f), func(t *testing.T) {
			for _, s := range scenarios {
				s.flaw = f
				if _, found := s.explore(); found != "" {
					t.Logf("%s: %s", s.name, found)
					if !strings.Contains(found, want) {
						t.Errorf("found %q, want %q", found, want)
					}
					return
				}
			}
			t.Error("nothing was found")
		})
	}
}

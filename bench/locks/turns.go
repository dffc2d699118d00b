package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/dcq-go/dcq/bench/internal/measure"
)

const (
	turn      = 300 * time.Microsecond // that a process works under the lock that another waits for
	turnsEach = 10                     // times as many turns as hand-overs are asked for: in most, nobody waited
)

// takingTurns measures the hand-over between two processes that do nothing but work under
// the same lock, as in handOver, but never idle.
func (b *bench) takingTurns(peers []*peer) error {
	return b.handingOver("turns", peers, turns, "Hand-over, two processes that take turns without a pause")
}

// turns lets two processes acquire, work and release, so often that some n hand-overs may
// come of it, or for so many seconds.
func turns(p *peer, n int) (measure.Samples, error) {
	ws, err := twoWorkers(p)
	if err != nil {
		return nil, err
	}
	defer ws.Close()
	each := strconv.Itoa((turnsEach*n + 1) / 2)
	for _, w := range ws {
		w.Tell("turns", "shared", each, strconv.Itoa(longest))
	}
	var told [2]measure.Samples
	for i, w := range ws {
		words, err := w.Hear("turns")
		if err != nil {
			return nil, err
		}
		if told[i], err = measure.ParseSamples(words); err != nil {
			return nil, err
		}
	}
	return append(waits(told[0], told[1]), waits(told[1], told[0])...), nil
}

// instants is how many times a worker tells of a turn: when it asked, had the lock, and
// released it.
const instants = 3

// waits returns how long one process had to wait after the first release by the other
// that it waited for.
func waits(own, other measure.Samples) (s measure.Samples) {
	released := 2
	for i := 0; i+released < len(own); i += instants {
		asked, had := own[i], own[i+1]
		for released < len(other) && other[released] < asked {
			released += instants
		}
		if released < len(other) && other[released] < had {
			s = append(s, had-other[released])
		}
	}
	return s
}

// takeTurns is a worker's part: it says "turns NS NS NS ...", three readings of the monotonic
// clock for each turn.
func takeTurns(l locker, args []string) error {
	n, seconds, err := bounds(args)
	if err != nil {
		return err
	}
	said := []any{"turns"}
	end := measure.Monotonic() + seconds
	for asked := measure.Monotonic(); len(said) <= n*instants && asked < end; asked = measure.Monotonic() {
		if err := l.Acquire(); err != nil {
			return err
		}
		had := measure.Monotonic()
		for measure.Monotonic() < had+turn {
		}
		released := measure.Monotonic()
		if err := l.Release(); err != nil {
			return err
		}
		said = append(said, int64(asked), int64(had), int64(released))
	}
	measure.Say(said...)
	return nil
}

// bounds reads a number and seconds.
func bounds(args []string) (n int, d time.Duration, err error) {
	if len(args) != 2 {
		return 0, 0, fmt.Errorf("a number and seconds are wanted, not %q", args)
	}
	if n, err = strconv.Atoi(args[0]); err != nil {
		return 0, 0, err
	}
	seconds, err := strconv.ParseFloat(args[1], 64)
	return n, time.Duration(seconds * float64(time.Second)), err
}

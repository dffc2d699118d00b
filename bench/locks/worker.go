package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/dcq-go/dcq/bench/internal/measure"
)

// serve is a process that uses the locks of a peer as it is told:
//
//	time NAME N SECONDS   acquires and releases N times, or as long; "samples NS ..."
//	acquire NAME          "waiting" before the call, "held NS" after it
//	release NAME          "released NS", read just before the call
//	turns NAME N SECONDS  acquires, works and releases as often; "turns NS NS NS ..."
//	pass NAME             "waiting", acquires and releases, "passed"
//
// NS is nanoseconds; those of all but time are readings of the monotonic clock.
func serve(peer, place string) (err error) {
	s, err := openSpace(peer, place)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	w := worker{space: s, locks: map[string]locker{}}
	return measure.Serve(w.do)
}

type worker struct {
	space space
	locks map[string]locker // those used so far, by name
}

func (w *worker) do(words []string) error {
	if len(words) < 2 {
		return fmt.Errorf("%q is no command", words)
	}
	l, err := w.lock(words[1])
	if err != nil {
		return err
	}
	switch words[0] {
	case "time":
		return timePairs(l, words[2:])
	case "turns":
		return takeTurns(l, words[2:])
	case "acquire":
		measure.Say("waiting")
		err := l.Acquire()
		measure.Say("held", int64(measure.Monotonic()))
		return err
	case "release":
		now := measure.Monotonic()
		err := l.Release()
		measure.Say("released", int64(now))
		return err
	case "pass":
		measure.Say("waiting")
		if err := l.Acquire(); err != nil {
			return err
		}
		err := l.Release()
		measure.Say("passed")
		return err
	}
	return fmt.Errorf("%q is no command", words)
}

func (w *worker) lock(name string) (locker, error) {
	if l := w.locks[name]; l != nil {
		return l, nil
	}
	l, err := w.space.lock(name)
	w.locks[name] = l
	return l, err
}

func timePairs(l locker, args []string) error {
	n, longest, err := bounds(args)
	if err != nil {
		return err
	}
	said := []any{"samples"}
	end := time.Now().Add(longest)
	for start := time.Now(); len(said) <= n && start.Before(end); start = time.Now() {
		if err := l.Acquire(); err != nil {
			return err
		}
		if err := l.Release(); err != nil {
			return err
		}
		said = append(said, int64(time.Since(start)))
	}
	measure.Say(said...)
	return nil
}

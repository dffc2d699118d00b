package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/dcq-go/dcq/bench/internal/measure"
)

// rangeKeys is how many keys a range has.
const rangeKeys = 100

// operation is what can be measured of a keeper.
type operation struct {
	do    func(k keeper, key string) error
	after func(k keeper, key string) error // what is not measured but undoes do, or nil
}

var operations = map[string]operation{
	"get":    {do: keeper.get},
	"put":    {do: keeper.put},
	"delete": {do: keeper.remove, after: keeper.put},
	"range":  {do: func(k keeper, key string) error { return k.scan(key, rangeKeys) }},
}

// serve is a process that uses a peer as it is told:
//
//	fill KEYS                          puts the keys from 0 on; "filled"
//	time OPERATION KEYS N SECONDS      does it to random ones of the keys, N times or as
//	                                   long, at least once; "samples NS ..."
//	mix KEYS PERCENT SECONDS           gets random ones of the keys, and puts that many
//	                                   percent instead, as long, at least once;
//	                                   "gets NS ...", "puts NS ..."
func serve(peer, place, mode string) (err error) {
	open := openers[peer]
	if open == nil {
		return fmt.Errorf("no peer is called %q", peer)
	}
	k, err := open(place, mode == durably)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, k.Close()) }()
	return measure.Serve(worker{k}.do)
}

type worker struct{ keeper }

func (w worker) do(words []string) error {
	var name string
	var keys, n, percent int
	var seconds float64
	line := strings.Join(words, " ")
	if _, err := fmt.Sscanf(line, "fill %d", &keys); err == nil {
		return w.fillTo(keys)
	}
	if _, err := fmt.Sscanf(line, "mix %d %d %g", &keys, &percent, &seconds); err == nil {
		return w.mix(keys, percent, until(seconds))
	}
	_, err := fmt.Sscanf(line, "time %s %d %d %g", &name, &keys, &n, &seconds)
	if op, ok := operations[name]; ok && err == nil {
		return w.time(op, keys, n, until(seconds))
	}
	return fmt.Errorf("%q is no command", line)
}

// until returns the time in so many seconds.
func until(seconds float64) time.Time {
	return time.Now().Add(time.Duration(seconds * float64(time.Second)))
}

func (w worker) fillTo(n int) error {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = keyName(i)
	}
	err := w.fill(keys)
	measure.Say("filled")
	return err
}

func (w worker) time(op operation, keys, n int, end time.Time) error {
	said := []any{"samples"}
	for start := time.Now(); len(said) == 1 || len(said) <= n && start.Before(end); {
		key := keyName(rand.IntN(keys))
		start = time.Now()
		if err := op.do(w.keeper, key); err != nil {
			return err
		}
		said = append(said, int64(time.Since(start)))
		if op.after == nil {
			continue
		}
		if err := op.after(w.keeper, key); err != nil {
			return err
		}
	}
	measure.Say(said...)
	return nil
}

func (w worker) mix(keys, percent int, end time.Time) error {
	gets, puts := []any{"gets"}, []any{"puts"}
	for start := time.Now(); len(gets)+len(puts) == 2 || start.Before(end); {
		key := keyName(rand.IntN(keys))
		do, said := w.get, &gets
		if rand.IntN(100) < percent {
			do, said = w.put, &puts
		}
		start = time.Now()
		if err := do(key); err != nil {
			return err
		}
		*said = append(*said, int64(time.Since(start)))
	}
	measure.Say(gets...)
	measure.Say(puts...)
	return nil
}

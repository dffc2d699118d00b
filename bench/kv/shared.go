package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/dcq-go/dcq/bench/internal/measure"
)

var sharedParts = []part{
	{name: "shared", title: "90 % gets and 10 % puts of random keys", puts: 10},
	{name: "shared-durable", title: "90 % gets and 10 % puts of random keys, durable", puts: 10, durable: true},
	{name: "shared-hit", title: "Calls of a memoized function with a random argument", memo: true},
}

// rush is what came of several processes at the same keys.
type rush struct {
	gets, puts measure.Samples
	done       []int // by each process
	seconds    float64
}

// shared measures several processes that do what they can at the same time.
func (b *bench) shared(peers []*peer) error {
	j := job{parts: sharedParts, keys: []int{fewKeys}, workers: b.processes}
	crews, err := b.hire(peers, j)
	if err != nil {
		return err
	}
	all := map[cell]*rush{}
	err = measure.InTurns(b.Bench, crews, func(round int, c *crew) error {
		for _, t := range c.parts {
			where := cell{t.name, c.peer, fewKeys}
			if all[where] == nil {
				all[where] = &rush{done: make([]int, b.processes)}
			}
			if err := b.rush(round, c, t, all[where]); err != nil {
				return fmt.Errorf("%s of %s: %w", t.name, c.name, err)
			}
		}
		return nil
	})
	if err := errors.Join(err, dismiss(crews)); err != nil {
		return err
	}
	if err := b.logAbsent(peers, j); err != nil {
		return err
	}
	for _, t := range sharedParts {
		if err := b.addRushes(t, peers, all); err != nil {
			return err
		}
	}
	return nil
}

// rush lets all processes of a crew go at once, before the first round once more without
// that being measured, and adds what came of it.
func (b *bench) rush(round int, c *crew, t part, sum *rush) error {
	seconds := b.d.Seconds() / measure.Rounds
	if round == 0 {
		if _, err := c.mix(t, seconds); err != nil {
			return err
		}
	}
	all, err := c.mix(t, seconds)
	if err != nil {
		return err
	}
	sum.seconds += seconds
	for i, did := range all {
		sum.gets, sum.puts = append(sum.gets, did.gets...), append(sum.puts, did.puts...)
		sum.done[i] += len(did.gets) + len(did.puts)
		samples := []measure.Samples{did.gets, did.puts}
		for kind, part := range t.kept() {
			values := map[string]float64{"keys": float64(c.keys), "process": float64(i), "seconds": seconds}
			r := measure.Record{Part: part, Peer: c.name, Round: round, Values: values, Samples: samples[kind], Note: c.note()}
			if err := b.Log.Add(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// mixed is what one of many processes did.
type mixed struct{ gets, puts measure.Samples }

// mix has all processes get and put for so many seconds.
func (c *crew) mix(t part, seconds float64) ([]mixed, error) {
	for _, w := range c.workers {
		w.Tell("mix", strconv.Itoa(c.keys), strconv.Itoa(t.puts), fmt.Sprint(seconds))
	}
	all := make([]mixed, len(c.workers))
	for i, w := range c.workers {
		if err := errors.Join(hear(w, "gets", &all[i].gets), hear(w, "puts", &all[i].puts)); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func hear(w *measure.Process, want string, s *measure.Samples) error {
	words, err := w.Hear(want)
	if err == nil {
		*s, err = measure.ParseSamples(words)
	}
	return err
}

// addRushes prints the table of a part.
func (b *bench) addRushes(t part, peers []*peer, all map[cell]*rush) error {
	table := &measure.Table{
		Title:   fmt.Sprintf("%s, one of %d, %d processes", t.title, fewKeys, b.processes),
		Columns: []string{"peer", "operation", "p50", "p99", "p99.9", "max", "p50 to dcq", "a second, all", "slowest to fastest", "settings"},
	}
	base := map[string]time.Duration{}
	for _, p := range peers {
		if !t.of(p) || !b.Wants(t.name, p.name) {
			continue
		}
		r := all[cell{t.name, p, fewKeys}]
		if r == nil {
			table.Add(p.name, "", "", "", "", "", "", "", "", p.absent(b.processes))
			continue
		}
		rate := float64(len(r.gets)+len(r.puts)) / r.seconds
		share := fmt.Sprintf("%.2f", float64(slices.Min(r.done))/float64(slices.Max(r.done)))
		for _, kind := range []struct {
			name    string
			samples measure.Samples
		}{{"get", r.gets}, {"put", r.puts}}[:1+min(1, t.puts)] {
			sum := summarize(kind.samples)
			sum.rate = rate
			if base[kind.name] == 0 && p.ours() {
				base[kind.name] = sum.p50
			}
			row := append([]string{p.name, kind.name}, sum.cells(base[kind.name])...)
			table.Add(append(row, share, p.settings(t.durable))...)
		}
	}
	return table.Print(b.Out)
}

package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/dcq-go/dcq/bench/internal/measure"
)

// fewKeys is how many keys there are where their number is not what is measured.
const fewKeys = 1000

var singleParts = []part{
	{name: "get", title: "Get of a random key", op: "get"},
	{name: "get-again", title: "Get of the same key again and again", op: "get", only: 1},
	{name: "put", title: "Put under a random key that is there", op: "put"},
	{name: "put-durable", title: "Put under a random key that is there, durable", op: "put", durable: true},
	{name: "delete", title: "Delete of a random key that is there", op: "delete"},
	{name: "hit", title: "Call of a memoized function with a random argument", op: "get", memo: true},
	{name: "hit-again", title: "Call of a memoized function with the same argument again and again", op: "get", memo: true, only: 1},
}

// cell is where samples belong.
type cell struct {
	part string
	peer *peer
	keys int
}

// single measures one process that nobody disturbs.
func (b *bench) single(peers []*peer) error {
	samples, err := b.oneByOne(peers, job{parts: singleParts, keys: []int{fewKeys}, workers: 1})
	if err != nil {
		return err
	}
	for _, t := range singleParts {
		table := &measure.Table{
			Title:   fmt.Sprintf("%s, one of %d, one process", t.title, fewKeys),
			Columns: []string{"peer", "p50", "p99", "p99.9", "max", "p50 to dcq", "a second", "settings"},
		}
		var base time.Duration
		for _, p := range peers {
			if !t.of(p) || !b.Wants(t.name, p.name) {
				continue
			}
			sum, settings := summarize(samples[cell{t.name, p, fewKeys}]), p.settings(t.durable)
			if p.missing != "" {
				settings = p.missing
			}
			if base == 0 && p.ours() {
				base = sum.p50
			}
			table.Add(append(append([]string{p.name}, sum.cells(base)...), settings)...)
			if old, ok := published[t.name]; ok && p.name == "diskcache-cache" && p.missing != "" {
				table.Add(append(append([]string{p.name}, old.cells(0)...), publishedSettings)...)
			}
		}
		if err := table.Print(b.Out); err != nil {
			return err
		}
	}
	return nil
}

// oneByOne collects the samples of crews of one process, which work in turns.
func (b *bench) oneByOne(peers []*peer, j job) (map[cell]measure.Samples, error) {
	crews, err := b.hire(peers, j)
	if err != nil {
		return nil, err
	}
	n, seconds := max(b.n/measure.Rounds, 1), b.d.Seconds()/measure.Rounds
	all := map[cell]measure.Samples{}
	err = measure.InTurns(b.Bench, crews, func(round int, c *crew) error {
		for _, t := range c.parts {
			if warm := t.warmUp(round, n); warm > 0 {
				if _, err := c.time(t, warm, seconds); err != nil {
					return err
				}
			}
			s, err := c.time(t, n, seconds)
			if err != nil {
				return err
			}
			where := cell{t.name, c.peer, c.keys}
			all[where] = append(all[where], s...)
			r := measure.Record{Part: t.name, Peer: c.name, Round: round, Values: map[string]float64{"keys": float64(c.keys)}, Samples: s, Note: c.note()}
			if err := b.Log.Add(r); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = b.logAbsent(peers, j)
	}
	return all, errors.Join(err, dismiss(crews))
}

// warmUp is how many calls do not count before the n of a round: as many before the first
// round, and where only some keys are used, so many before every round that 99 % of those
// were used since the part before.
func (t part) warmUp(round, n int) int {
	warm := 5 * t.only
	if round == 0 {
		warm = max(warm, n)
	}
	return warm
}

package main

import (
	"strconv"
	"time"

	"github.com/dcq-go/dcq/bench/internal/measure"
)

const (
	uncontended = "uncontended" // the part
	warmUp      = 100           // pairs before the measured ones
	longest     = 10            // seconds that the pairs of one round may take
)

// uncontended measures acquire and release in one process that nobody disturbs.
func (b *bench) uncontended(peers []*peer) error {
	const part = uncontended
	table := &measure.Table{
		Title:   "Acquire and release, uncontended, one process",
		Columns: []string{"lock", "p50", "p99", "p50 to dcq", "settings"},
	}
	peers = b.wanted(part, peers)
	all, err := b.inTurns(part, peers, func(p *peer) (measure.Samples, error) {
		w, err := measure.Start(p.worker())
		if err != nil {
			return nil, err
		}
		defer w.Close()
		if _, err := pairs(w, warmUp, longest); err != nil {
			return nil, err
		}
		return pairs(w, max(10*b.n/measure.Rounds, 1), longest)
	})
	if err != nil {
		return err
	}
	addSamples(table, peers, all)
	for _, p := range peers {
		if p.missing != "" && p.published != 0 {
			table.Add(p.name, measure.Show(p.published), "", "", "published, measured on another machine")
		}
	}
	return table.Print(b.Out)
}

// pairs acquires and releases the lock "own" of a worker n times, or for so many seconds.
func pairs(w *measure.Process, n, seconds int) (measure.Samples, error) {
	words, err := w.Ask("samples", "time", "own", strconv.Itoa(n), strconv.Itoa(seconds))
	if err != nil {
		return nil, err
	}
	return measure.ParseSamples(words)
}

// addSamples adds a row for each peer.
func addSamples(table *measure.Table, peers []*peer, all map[*peer]measure.Samples) {
	var base time.Duration
	for _, p := range peers {
		p50 := all[p].Percentile(50)
		switch {
		case p.missing != "":
			table.Add(p.name, "", "", "", p.missing)
			continue
		case p.name == dcqName:
			base = p50
		}
		table.Add(p.name, measure.Show(p50), p99(all[p]), measure.Ratio(float64(base), float64(p50)), p.settings)
	}
}

// p99 is the cell for it, empty if there are too few samples to tell.
func p99(s measure.Samples) string {
	if !s.Tell(99) {
		return ""
	}
	return measure.Show(s.Percentile(99))
}

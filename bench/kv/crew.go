package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/dcq-go/dcq/bench/internal/measure"
)

// crew is a peer at work: values under so many keys, and processes that use them.
type crew struct {
	*peer
	parts   []part // what it is measured at
	keys    int
	workers measure.Processes
	end     func() error // ends the server
}

// job is what crews are wanted for.
type job struct {
	parts   []part
	keys    []int // a crew for each
	workers int   // in a crew
}

// hire returns the crews for a job, their keys filled. Dismiss them when done.
func (b *bench) hire(peers []*peer, j job) (crews []*crew, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, dismiss(crews))
		}
	}()
	for _, p := range peers {
		for _, durable := range []bool{false, true} {
			parts := b.wanted(p, durable, j.parts)
			if len(parts) == 0 || p.absent(j.workers) != "" {
				continue
			}
			for _, keys := range j.keys {
				if p.slow && keys > b.slow {
					continue
				}
				c, err := b.start(p, durable, keys, j.workers)
				if err != nil {
					return crews, fmt.Errorf("start %s: %w", p.name, err)
				}
				c.parts = parts
				if crews = append(crews, c); b.Ctx.Err() != nil {
					return crews, b.Ctx.Err()
				}
			}
		}
	}
	return crews, nil
}

// wanted returns the parts that are of the peer, and that the user wants of it.
func (b *bench) wanted(p *peer, durable bool, all []part) (wanted []part) {
	for _, t := range all {
		if t.of(p) && t.durable == durable && b.Wants(t.name, p.name) {
			wanted = append(wanted, t)
		}
	}
	return wanted
}

// logAbsent keeps why peers were not measured that the user wants.
func (b *bench) logAbsent(peers []*peer, j job) error {
	for _, p := range peers {
		why := p.absent(j.workers)
		for _, t := range j.parts {
			if why == "" || !t.of(p) || !b.Wants(t.name, p.name) {
				continue
			}
			for _, name := range t.kept() {
				if err := b.Log.Add(measure.Record{Part: name, Peer: p.name, Fault: why}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// absent says why so many processes cannot use the peer here, "" if they can.
func (p *peer) absent(processes int) string {
	if p.missing == "" && processes > 1 {
		return p.alone
	}
	return p.missing
}

func (b *bench) start(p *peer, durable bool, keys, n int) (c *crew, err error) {
	place, err := b.Place(fmt.Sprintf("%s-%s-%d-%d", p.name, mode(durable), keys, n))
	if err != nil {
		return nil, err
	}
	c = &crew{peer: p, keys: keys, end: func() error { return nil }}
	if p.start != nil {
		if place, c.end, err = p.start(b.Ctx, place, durable); err != nil {
			return nil, err
		}
	}
	for range n { // one by one, so that the first makes the files
		w, err := measure.Start(p.worker(place, mode(durable)))
		if err != nil {
			return nil, errors.Join(err, c.dismiss())
		}
		if c.workers = append(c.workers, w); len(c.workers) > 1 {
			keys = 0
		}
		if _, err := w.Ask("filled", "fill", strconv.Itoa(keys)); err != nil {
			return nil, errors.Join(err, c.dismiss())
		}
	}
	return c, nil
}

// dismiss ends the processes of a crew.
func (c *crew) dismiss() error { return errors.Join(c.workers.Close(), c.end()) }

func dismiss(crews []*crew) (err error) {
	for _, c := range crews {
		err = errors.Join(err, c.dismiss())
	}
	return err
}

// time does what a part measures, in the first process, n times or for so many seconds.
func (c *crew) time(t part, n int, seconds float64) (measure.Samples, error) {
	keys := c.keys
	if t.only > 0 {
		keys = min(keys, t.only)
	}
	if t.op == "range" {
		keys -= rangeKeys
	}
	words, err := c.workers[0].Ask("samples", "time", t.op, strconv.Itoa(keys), strconv.Itoa(n), fmt.Sprint(seconds))
	if err != nil {
		return nil, fmt.Errorf("%s of %s: %w", t.name, c.name, err)
	}
	return measure.ParseSamples(words)
}

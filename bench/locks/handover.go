package main

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/dcq-go/dcq/bench/internal/measure"
)

// settle is how long a waiter gets to become idle before the lock is released. It varies
// by up to jitter, so that no poller is met at always the same point of its period.
const (
	settle = 5 * time.Millisecond
	jitter = 2 * time.Millisecond
)

// handOver measures the time from just before one process releases a lock until
// another, which waits for it, runs with the lock.
func (b *bench) handOver(peers []*peer) error {
	return b.handingOver("hand-over", peers, handOvers,
		"Hand-over, from the call of release to the waiting process running with the lock")
}

// handingOver measures hand-overs of each peer, by a function that makes so many.
func (b *bench) handingOver(part string, peers []*peer, some func(*peer, int) (measure.Samples, error), title string) error {
	table := &measure.Table{
		Title:   title,
		Columns: []string{"lock", "p50", "p99", "p50 to dcq", "settings"},
	}
	peers = b.wanted(part, peers)
	all, err := b.inTurns(part, peers, func(p *peer) (measure.Samples, error) {
		return some(p, max(b.n/measure.Rounds, 1))
	})
	if err != nil {
		return err
	}
	addSamples(table, peers, all)
	return table.Print(b.Out)
}

// twoWorkers starts two processes, and warms them up.
func twoWorkers(p *peer) (measure.Processes, error) {
	ws, err := measure.StartAll(2, p.worker)
	if err != nil {
		return nil, err
	}
	for _, w := range ws {
		if _, err := pairs(w, warmUp, longest); err != nil {
			return nil, errors.Join(err, ws.Close())
		}
	}
	return ws, nil
}

// handOvers hands a lock to and fro between two processes.
func handOvers(p *peer, n int) (s measure.Samples, err error) {
	ws, err := twoWorkers(p)
	if err != nil {
		return nil, err
	}
	defer ws.Close()
	holder, waiter := ws[0], ws[1]
	if err := hold(holder); err != nil {
		return nil, err
	}
	for range n {
		if _, err := waiter.Ask("waiting", "acquire", "shared"); err != nil {
			return nil, err
		}
		time.Sleep(settle + rand.N(jitter))
		released, err := instant(holder.Ask("released", "release", "shared"))
		if err != nil {
			return nil, err
		}
		held, err := instant(waiter.Hear("held"))
		if err != nil {
			return nil, err
		}
		s = append(s, held-released)
		holder, waiter = waiter, holder
	}
	_, err = holder.Ask("released", "release", "shared") // some peers keep the locks of the dead
	return s, err
}

// hold makes a worker take the lock "shared", which is free.
func hold(w *measure.Process) error {
	if _, err := w.Ask("waiting", "acquire", "shared"); err != nil {
		return err
	}
	_, err := w.Hear("held")
	return err
}

// instant reads a time that a worker said.
func instant(words []string, err error) (time.Duration, error) {
	if err != nil {
		return 0, err
	}
	s, err := measure.ParseSamples(words[:1])
	if err != nil {
		return 0, err
	}
	return s[0], nil
}

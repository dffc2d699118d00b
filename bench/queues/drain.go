package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/dcq-go/dcq/bench/internal/measure"
	"github.com/dcq-go/dcq/bench/internal/report"
)

const (
	handlers     = 8 // of a process
	drainAtMost  = time.Minute
	drainTooSlow = 5 * time.Second // a peer that takes longer is measured once
	drainLook    = 200 * time.Microsecond
)

// drains measures how fast queued jobs are done that do nothing.
func (b *bench) drains() error {
	for _, part := range []struct {
		name      string
		durable   bool
		processes int
		kinds     []string
	}{
		{report.DrainRelaxed, false, 1, []string{dcqName, rawName, rawCgoName, beanstalkdName, natsName, asynqName, riverName, backliteName}},
		{report.DrainDurable, true, 1, []string{dcqName, rawName, rawCgoName, beanstalkdName, natsName}},
		// Two processes of backlite run the same tasks.
		{report.DrainShared, false, 4, []string{dcqName, rawName, rawCgoName, beanstalkdName, natsName, asynqName, riverName}},
	} {
		err := b.each(part.name, part.durable, part.kinds, func(p *peer) (measure.Record, error) {
			return drained(p, b.n, part.processes)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// drained has processes do n jobs that are queued before they begin. The time ends when
// the peer has no job left.
func drained(p *peer, n, processes int) (r measure.Record, err error) {
	c, err := openClient(p.kind, p.place, p.durable)
	if err != nil {
		return r, err
	}
	defer c.Close()
	if err := fill(c.(bulkPusher), n); err != nil {
		return r, err
	}
	ps, err := p.processes(processes)
	if err != nil {
		return r, err
	}
	defer ps.Close()
	file := filepath.Join(p.place, "tally")
	_ = os.Remove(file) // that of the round before
	handled, err := openTally(file)
	if err != nil {
		return r, err
	}
	begin := time.Now()
	for _, w := range ps {
		w.Tell("tally", strconv.Itoa(handlers), file)
	}
	if err := untilNoneLeft(c.(counter), handled, n, begin.Add(drainAtMost)); err != nil {
		return r, errors.Join(ps.Close(), err) // of a process that failed, it is known why
	}
	took := time.Since(begin)
	for _, w := range ps {
		w.Tell("stop")
	}
	if err := ps.Hear("stopped"); err != nil {
		return r, err
	}
	r.Values = map[string]float64{report.Rate: rate(n, took), "handled": float64(handled.n.Load())}
	if took > drainTooSlow && p.kind != dcqName {
		p.missing = tooSlow
	}
	return r, ps.Close()
}

// fill queues n jobs, so many in a call.
func fill(to bulkPusher, n int) error {
	for left := n; left > 0; left -= bulkSize {
		payloads := make([][]byte, min(left, bulkSize))
		for i := range payloads {
			payloads[i] = payload
		}
		if err := to.pushMany(payloads); err != nil {
			return err
		}
	}
	return nil
}

// untilNoneLeft waits until n jobs are handled, at the price of looking at memory, and
// only then asks the peer whether all are acknowledged.
func untilNoneLeft(c counter, handled tally, n int, deadline time.Time) error {
	for int(handled.n.Load()) < n {
		if time.Now().After(deadline) {
			return fmt.Errorf("%d of %d jobs handled in %v", handled.n.Load(), n, drainAtMost)
		}
		time.Sleep(drainLook)
	}
	for {
		left, err := c.left()
		if left == 0 || err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d jobs not acknowledged in %v", left, drainAtMost)
		}
		time.Sleep(drainLook)
	}
}

package main

import (
	"strconv"
	"time"

	"github.com/dcq-go/dcq/bench/internal/measure"
	"github.com/dcq-go/dcq/bench/internal/report"
)

const (
	bulkSize    = 1000
	manyCallers = 64
	pushAtMost  = 10 // seconds that the pushes of a round may take
	pushWarmUp  = 10 // pushes of each caller that do not count, and open its connection
)

// pushes measures how long pushes take, in a process that nobody disturbs.
func (b *bench) pushes() error {
	fewer := max(b.n/10, manyCallers) // each is an fsync
	for _, part := range []struct {
		name       string
		durable    bool
		n, callers int
		kinds      []string
	}{
		{report.PushRelaxed, false, b.n, 1, []string{dcqName, rawName, rawCgoName, redisName, beanstalkdName}},
		{report.PushDurable, true, fewer, 1, []string{dcqName, rawName, rawCgoName, fileName, redisName, beanstalkdName}},
		{report.PushManyCaller, true, b.n, manyCallers, []string{dcqName, rawValuesName, redisName, beanstalkdName, natsName}},
	} {
		err := b.each(part.name, part.durable, part.kinds, func(p *peer) (measure.Record, error) {
			if p.kind == rawValuesName { // one caller in the place of many: the limit for who lets them share a commit
				return pushed(p, 1, rawValues, "bulk", strconv.Itoa(max(part.n/rawValues, 1)), strconv.Itoa(rawValues))
			}
			return pushed(p, part.callers, 1, "push", strconv.Itoa(part.n), strconv.Itoa(part.callers), strconv.Itoa(pushAtMost), "0")
		})
		if err != nil {
			return err
		}
	}
	kinds := []string{dcqName, rawName, rawValuesName, rawJSONName, rawCgoName, rawValuesCgoName}
	return b.each(report.PushBulk, true, kinds, func(p *peer) (measure.Record, error) {
		return pushed(p, 1, bulkSize, "bulk", strconv.Itoa(max(b.n/200, 1)), strconv.Itoa(bulkSize))
	})
}

// pushed has a process push as it is told, each time so many jobs.
func pushed(p *peer, callers, jobs int, words ...string) (r measure.Record, err error) {
	ps, err := p.processes(1)
	if err != nil {
		return r, err
	}
	defer ps.Close()
	if r, err = pushedBy(ps[0], callers, jobs, words...); err != nil {
		return r, err
	}
	return r, ps.Close()
}

// pushedBy has a process push once its callers have warmed up.
func pushedBy(w *measure.Process, callers, jobs int, words ...string) (r measure.Record, err error) {
	warmUp := max(pushWarmUp*callers, 100)
	if _, err := w.Ask("samples", "push", strconv.Itoa(warmUp), strconv.Itoa(callers), strconv.Itoa(pushAtMost), "0"); err != nil {
		return r, err
	}
	said, err := w.Ask("samples", words...)
	if err != nil {
		return r, err
	}
	all, err := measure.ParseSamples(said)
	if err != nil {
		return r, err
	}
	wall, s := all[0], all[1:]
	r.Samples, r.Values = s, map[string]float64{report.Rate: rate(jobs*len(s), wall)}
	return r, nil
}

// rate is how many there were a second.
func rate(n int, in time.Duration) float64 { return float64(n) / in.Seconds() }

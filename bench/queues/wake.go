package main

import (
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/dcq-go/dcq/bench/internal/measure"
	"github.com/dcq-go/dcq/bench/internal/report"
)

// settle is how long a handler gets to become idle before the next push. It varies by up
// to jitter, so that no poller is met at always the same point of its period.
const (
	settle     = 5 * time.Millisecond
	jitter     = 2 * time.Millisecond
	wakeWarmUp = 20 // pushes that do not count
)

// wake measures the time from just before a push in one process until the handler in
// another, which waits, has the job.
func (b *bench) wake() error {
	kinds := []string{dcqName, redisName, beanstalkdName, natsName}
	return b.each(report.Wake, false, kinds, func(p *peer) (r measure.Record, err error) {
		ps, err := p.processes(2)
		if err != nil {
			return r, err
		}
		defer ps.Close()
		if r.Samples, err = woken(ps[0], ps[1], max(b.n/25, 1)); err != nil {
			return r, err
		}
		if _, err := ps[1].Ask("stopped", "stop"); err != nil {
			return r, err
		}
		return r, ps.Close()
	})
}

func woken(pushing, waiting *measure.Process, n int) (s measure.Samples, err error) {
	waiting.Tell("wait", strconv.Itoa(1))
	for i := range wakeWarmUp + n {
		time.Sleep(settle + rand.N(jitter))
		put, err := instant(pushing.Ask("put", "put"))
		if err != nil {
			return nil, err
		}
		got, err := instant(waiting.Hear("got"))
		if err != nil {
			return nil, err
		}
		if i >= wakeWarmUp {
			s = append(s, got-put)
		}
	}
	return s, nil
}

// instant reads a time that a process said.
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

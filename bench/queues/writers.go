package main

import (
	"strconv"
	"time"

	"github.com/dcq-go/dcq/bench/internal/measure"
	"github.com/dcq-go/dcq/bench/internal/report"
)

const (
	writers       = 16
	writersTime   = 3 // seconds, of a run with as many jobs as usual
	writersAtMost = 1 << 20
	writersLead   = 200 * time.Millisecond // until they begin together: nobody has it for himself
)

// writers measures processes that all push as fast as they can.
func (b *bench) writers() error {
	for _, part := range []struct {
		name    string
		durable bool
	}{
		{report.WritersRelaxed, false}, {report.WritersDurable, true},
	} {
		err := b.each(part.name, part.durable, []string{dcqName, rawName, rawCgoName}, func(p *peer) (measure.Record, error) {
			return written(p, max(writersTime*b.n/jobs, 1))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// written returns percentiles, since the samples of so many pushes are too many to be
// kept.
func written(p *peer, seconds int) (r measure.Record, err error) {
	ps, err := p.processes(writers)
	if err != nil {
		return r, err
	}
	defer ps.Close()
	at := strconv.FormatInt(int64(measure.Monotonic()+writersLead), 10)
	for _, w := range ps {
		w.Tell("push", strconv.Itoa(writersAtMost), "1", strconv.Itoa(seconds), at)
	}
	var all measure.Samples
	least, most := writersAtMost, 0
	for _, w := range ps {
		said, err := w.Hear("samples")
		if err != nil {
			return r, err
		}
		s, err := measure.ParseSamples(said[1:])
		if err != nil {
			return r, err
		}
		all = append(all, s...)
		least, most = min(least, len(s)), max(most, len(s))
	}
	r.Values = map[string]float64{
		report.Rate:  float64(len(all)) / float64(seconds),
		report.Share: float64(least) / float64(most),
	}
	for name, percent := range map[string]float64{"p50": 50, "p99": 99, "p99.9": 99.9, "max": 100} {
		r.Values[name] = float64(all.Percentile(percent))
	}
	return r, ps.Close()
}

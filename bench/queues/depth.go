package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/dcq-go/dcq/bench/internal/measure"
	"github.com/dcq-go/dcq/bench/internal/report"
	"github.com/dcq-go/dcq/queue"
)

// depthWorker is the kind of child that measures a deep queue.
const depthWorker = "depth"

// depths are how many jobs are queued, by how that is called.
var depths = []struct {
	name string
	jobs int
	deep bool // measured only if the user asks for it
}{
	{report.Depth1K, 1_000, false}, {"100,000 jobs", 100_000, false},
	{report.Depth1M, 1_000_000, false}, {"10,000,000 jobs", 10_000_000, true},
}

// depth measures what a job costs while others are queued, and the memory of a process
// that does nothing else. It knows dcq only, and is one part whose peers are the depths.
func (b *bench) depth() error {
	places := map[string]string{}
	var names []string
	for _, d := range depths {
		if d.deep && !b.deep || !b.Wants(report.Depth, d.name) {
			continue
		}
		place, err := b.Place(report.Depth + "/" + strconv.Itoa(d.jobs))
		if err != nil {
			return err
		}
		if err := fillTo(place, d.jobs); err != nil {
			return fmt.Errorf("queue %s: %w", d.name, err)
		}
		names, places[d.name] = append(names, d.name), place
	}
	err := measure.InTurns(b.Bench, names, func(round int, name string) error {
		r, err := measureDepth(places[name], max(b.n/5, 1))
		if err != nil {
			return fmt.Errorf("%s with %s: %w", report.Depth, name, err)
		}
		r.Part, r.Peer, r.Round = report.Depth, name, round
		return b.add(r)
	})
	if err != nil {
		return err
	}
	return b.show(report.Depth)
}

func fillTo(place string, n int) error {
	q, err := openDCQ(place, false)
	if err != nil {
		return err
	}
	return errors.Join(fill(q, n), q.Close())
}

// measureDepth runs a process of its own, since its memory counts.
func measureDepth(place string, n int) (r measure.Record, err error) {
	w, err := measure.Start(measure.Self(depthWorker, place, durabilityName(false)))
	if err != nil {
		return r, err
	}
	defer w.Close()
	said, err := w.Ask("samples", "depth", strconv.Itoa(n))
	if err != nil {
		return r, err
	}
	s, err := measure.ParseSamples(said)
	if err != nil {
		return r, err
	}
	r.Values = map[string]float64{report.Memory: float64(s[0]) / (1 << 20)}
	steps := [3]measure.Samples{}
	var cycle time.Duration
	for i, d := range s[1:] {
		steps[i%3] = append(steps[i%3], d)
		cycle += d
	}
	for i, name := range []string{"push_p50_ns", "receive_p50_ns", "ack_p50_ns"} {
		r.Values[name] = float64(steps[i].Percentile(50))
	}
	r.Values[report.Cycle] = float64(cycle) / float64(n)
	return r, w.Close()
}

// serveDepth pushes, receives and acknowledges in turns, as often as it is told, and says
// what memory the process had at most and how long each step took.
func serveDepth(place string, words []string) error {
	n, err := strconv.Atoi(words[1])
	if err != nil {
		return err
	}
	q, err := openDCQ(place, false)
	if err != nil {
		return err
	}
	defer q.Close()
	ctx := context.Background()
	var job *queue.Job[[]byte]
	steps := []func() error{
		func() error { return q.push(payload) },
		func() (err error) { job, err = q.TryReceive(ctx); return err },
		func() error { return job.Ack(ctx) },
	}
	var times []any
	for range n {
		for _, step := range steps {
			start := time.Now()
			if err := step(); err != nil {
				return err
			}
			times = append(times, int64(time.Since(start)))
		}
	}
	peak, err := peakMemory()
	measure.Say(append([]any{"samples", peak}, times...)...)
	return err
}

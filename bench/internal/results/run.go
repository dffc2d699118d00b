// Package results reads what the benchmarks have kept, and reduces it to figures that can
// be compared.
//
// A figure of a peer is the median of its rounds, and a ratio is the median of the ratios
// within each round: the peers take turns, so what else the machine did in a round met
// all of them.
package results

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dcq-go/dcq/bench/internal/measure"
)

// Run is what one run of a program has measured.
type Run struct {
	Facts   measure.Facts
	Records []measure.Record
}

// Read reads the file of a [measure.Log].
func Read(name string) (*Run, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	in := json.NewDecoder(file)
	var first struct{ Machine measure.Facts }
	if err := in.Decode(&first); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	run := &Run{Facts: first.Machine}
	for in.More() {
		var r measure.Record
		if err := in.Decode(&r); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		run.Records = append(run.Records, r)
	}
	return run, nil
}

// Parts returns the names of the parts, in the order in which they were measured.
func (r *Run) Parts() (parts []string) {
	for _, rec := range r.Records {
		if !slices.Contains(parts, rec.Part) {
			parts = append(parts, rec.Part)
		}
	}
	return parts
}

// Peers returns the names of the peers of a part, in the order in which they were
// measured.
func (r *Run) Peers(part string) (peers []string) {
	for _, rec := range r.Records {
		if rec.Part == part && !slices.Contains(peers, rec.Peer) {
			peers = append(peers, rec.Peer)
		}
	}
	return peers
}

// Fault returns why nothing was measured of a peer in a part, or not in all rounds; "" if
// nothing was wrong.
func (r *Run) Fault(part, peer string) string {
	for _, rec := range r.Records {
		if rec.Part == part && rec.Peer == peer && rec.Fault != "" {
			return rec.Fault
		}
	}
	return ""
}

// Metrics returns the names of what was measured in a part: percentiles of which there are
// enough samples, then the names of the values.
func (r *Run) Metrics(part string) (names []string) {
	told := map[string]bool{}
	for _, rec := range r.Records {
		if rec.Part != part {
			continue
		}
		for _, name := range percentiles {
			_, ok := value(rec, name)
			told[name] = told[name] || ok
		}
		for name := range rec.Values {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.SortFunc(names, byNumber)
	all := slices.DeleteFunc(slices.Clone(percentiles), func(name string) bool { return !told[name] })
	return append(all, names...)
}

// percentiles are those that are shown of a part unless it asks for others.
var percentiles = []string{"p50", "p99"}

// byNumber orders names that begin with a number by it, before others, which it orders as
// they are.
func byNumber(a, b string) int {
	number := func(s string) float64 {
		digits := s[:len(s)-len(strings.TrimLeft(s, "0123456789"))]
		if n, err := strconv.ParseFloat(digits, 64); err == nil {
			return n
		}
		return math.Inf(1)
	}
	return cmp.Or(cmp.Compare(number(a), number(b)), strings.Compare(a, b))
}

// Point says what is to be looked up in a run. A metric is the name of a value, or "mean",
// "max" or a percentile such as "p99.9" of the samples, in nanoseconds. One above the median
// is not known of a round that has too few samples for it.
type Point struct{ Part, Peer, Metric string }

// Rounds returns the metric in each round, by round.
func (r *Run) Rounds(p Point) map[int]float64 {
	rounds := map[int]float64{}
	for _, rec := range r.Records {
		if rec.Part != p.Part || rec.Peer != p.Peer {
			continue
		}
		if v, ok := value(rec, p.Metric); ok {
			rounds[rec.Round] = v
		}
	}
	return rounds
}

func value(rec measure.Record, metric string) (float64, bool) {
	if v, ok := rec.Values[metric]; ok {
		return v, true
	}
	if len(rec.Samples) == 0 {
		return 0, false
	}
	var d time.Duration
	switch p, err := percent(metric); {
	case metric == "mean":
		d = rec.Samples.Mean()
	case metric == "max":
		d = rec.Samples.Percentile(100)
	case err == nil && rec.Samples.Tell(p):
		d = rec.Samples.Percentile(p)
	default:
		return 0, false
	}
	return float64(d), true
}

// percent reads the name of a percentile.
func percent(metric string) (float64, error) {
	digits, ok := strings.CutPrefix(metric, "p")
	if !ok {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(digits, 64)
}

// Figure is a median, and between what the rounds lay.
type Figure struct {
	Median, Low, High float64
	Rounds            int // that have it
}

// Known reports whether anything was measured, if only that it is 0.
func (f Figure) Known() bool { return f.Rounds > 0 }

func figure(values []float64) Figure {
	if len(values) == 0 {
		return Figure{}
	}
	slices.Sort(values)
	n := len(values)
	return Figure{(values[(n-1)/2] + values[n/2]) / 2, values[0], values[n-1], n}
}

// Figure returns the metric over all rounds.
func (r *Run) Figure(p Point) Figure {
	var values []float64
	for _, v := range r.Rounds(p) {
		values = append(values, v)
	}
	return figure(values)
}

// Ratio returns how many times over is of, in the rounds that have both.
func (r *Run) Ratio(of, over Point) Figure {
	var ratios []float64
	below := r.Rounds(over)
	for round, v := range r.Rounds(of) {
		if below[round] > 0 {
			ratios = append(ratios, v/below[round])
		}
	}
	return figure(ratios)
}

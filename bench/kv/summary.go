package main

import (
	"fmt"
	"time"

	"github.com/dcq-go/dcq/bench/internal/measure"
)

// summary is what a table shows of samples. What is not known is 0.
type summary struct {
	p50, p99, p999, longest time.Duration
	rate                    float64 // a second
}

// summarize returns the summary of what one process did, one after the other.
func summarize(s measure.Samples) (sum summary) {
	if len(s) == 0 {
		return sum
	}
	sum = summary{p50: s.Percentile(50), longest: s.Percentile(100), rate: float64(time.Second) / float64(s.Mean())}
	if s.Tell(99) {
		sum.p99 = s.Percentile(99)
	}
	if s.Tell(99.9) {
		sum.p999 = s.Percentile(99.9)
	}
	return sum
}

// cells are the cells of a row, with the p50 compared to another.
func (s summary) cells(base time.Duration) []string {
	cells := make([]string, 0, 6)
	for _, d := range []time.Duration{s.p50, s.p99, s.p999, s.longest} {
		cells = append(cells, show(d))
	}
	ratio := ""
	if s.p50 > 0 {
		ratio = measure.Ratio(float64(base), float64(s.p50))
	}
	return append(cells, ratio, showRate(s.rate))
}

func show(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return measure.Show(d)
}

func showRate(rate float64) string {
	if rate == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f", rate)
}

package measure

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
)

// Samples are how long each of many equal things took.
type Samples []time.Duration

// ParseSamples reads samples as a child writes them, each in whole nanoseconds.
func ParseSamples(words []string) (Samples, error) {
	s := make(Samples, len(words))
	for i, word := range words {
		n, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("read a sample: %w", err)
		}
		s[i] = time.Duration(n)
	}
	return s, nil
}

// Percentile returns the smallest sample that at least p percent of all do not exceed,
// 0 if there are none.
func (s Samples) Percentile(p float64) time.Duration {
	if len(s) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(s))[s.rank(p)-1]
}

// Tell reports whether there are enough samples for a percentile above the median: of too
// few it would be the greatest.
func (s Samples) Tell(p float64) bool { return len(s) > 0 && (p <= 50 || s.rank(p) < len(s)) }

// rank is the number, from 1 on, of the sample that is a percentile.
func (s Samples) rank(p float64) int {
	const rounding = 1e-9 // else 99.9 percent of 1000 are 999.0000000000001
	return min(max(int(math.Ceil(p/100*float64(len(s))-rounding)), 1), len(s))
}

// Mean returns the average, 0 if there are no samples.
func (s Samples) Mean() time.Duration {
	if len(s) == 0 {
		return 0
	}
	var sum time.Duration
	for _, d := range s {
		sum += d
	}
	return sum / time.Duration(len(s))
}

// manyMicros is where milliseconds are easier to read.
const manyMicros = 10 * time.Millisecond

// Show shows a duration in microseconds, from 10 ms on in milliseconds, with at least
// three digits that count, but no finer than 10 ns.
func Show(d time.Duration) string {
	if d >= manyMicros {
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	}
	us := float64(d) / float64(time.Microsecond)
	return fmt.Sprintf("%.*f us", max(0, min(2, 2-magnitude(us))), us)
}

// Ratio shows how many times b is a, with two digits that count, but no finer than a
// thousandth; "" if a is 0.
func Ratio(a, b float64) string {
	if a == 0 {
		return ""
	}
	r := b / a
	return fmt.Sprintf("%.*fx", max(0, min(3, 1-magnitude(r))), r)
}

// magnitude is the power of ten of v's first digit.
func magnitude(v float64) int {
	if v <= 0 {
		return 0
	}
	return int(math.Floor(math.Log10(v)))
}

package measure

import (
	"testing"
	"time"
)

func TestPercentile(t *testing.T) {
	s := make(Samples, 0, 100)
	for i := range 100 {
		s = append(s, time.Duration(100-i))
	}
	for _, c := range []struct {
		s    Samples
		p    float64
		want time.Duration
	}{
		{s, 0, 1}, {s, 50, 50}, {s, 99, 99}, {s, 99.5, 100}, {s, 100, 100},
		{Samples{7}, 50, 7}, {Samples{1, 2, 3}, 50, 2}, {nil, 50, 0},
	} {
		if got := c.s.Percentile(c.p); got != c.want {
			t.Errorf("Percentile(%v) of %d samples = %d, want %d", c.p, len(c.s), got, c.want)
		}
	}
	for n := 1000; n <= 10_000; n += 1000 {
		many := make(Samples, n)
		for i := range many {
			many[i] = time.Duration(i + 1)
		}
		if got, want := many.Percentile(99.9), time.Duration(n-n/1000); got != want {
			t.Errorf("Percentile(99.9) of %d samples = %d, want %d", n, got, want)
		}
	}
	if s[0] != 100 {
		t.Error("Percentile sorted the samples themselves")
	}
	if got, want := s.Mean(), time.Duration(50); got != want {
		t.Errorf("Mean() = %d, want %d", got, want)
	}
}

// A percentile above the median is told only of samples some of which exceed it.
func TestTell(t *testing.T) {
	for _, c := range []struct {
		n    int
		p    float64
		want bool
	}{
		{0, 50, false}, {1, 50, true}, {99, 99, false}, {100, 99, true}, {999, 99.9, false}, {1000, 99.9, true},
	} {
		if got := make(Samples, c.n).Tell(c.p); got != c.want {
			t.Errorf("Tell(%v) of %d samples = %t, want %t", c.p, c.n, got, c.want)
		}
	}
}

func TestParseSamples(t *testing.T) {
	s, err := ParseSamples([]string{"1", "20"})
	if err != nil || len(s) != 2 || s[1] != 20 {
		t.Errorf("ParseSamples = %v, %v", s, err)
	}
	if _, err := ParseSamples([]string{"1.5"}); err == nil {
		t.Error("ParseSamples took a fraction")
	}
}

func TestShow(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                        "0.00 us",
		5 * time.Nanosecond:      "0.01 us",
		1234 * time.Nanosecond:   "1.23 us",
		12345 * time.Nanosecond:  "12.3 us",
		146 * time.Microsecond:   "146 us",
		2500 * time.Microsecond:  "2500 us",
		40966 * time.Microsecond: "41.0 ms",
	} {
		if got := Show(d); got != want {
			t.Errorf("Show(%d) = %q, want %q", d, got, want)
		}
	}
}

func TestRatio(t *testing.T) {
	for _, c := range []struct {
		a, b float64
		want string
	}{
		{2, 3, "1.5x"}, {1, 1, "1.0x"}, {100, 6, "0.060x"}, {1, 152, "152x"}, {1, 0, "0.0x"}, {0, 1, ""},
	} {
		if got := Ratio(c.a, c.b); got != c.want {
			t.Errorf("Ratio(%v, %v) = %q, want %q", c.a, c.b, got, c.want)
		}
	}
}

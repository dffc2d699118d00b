package main

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// durationFlag is a flag that takes 500ms, 1h30m, or bare seconds.
type durationFlag time.Duration

func (d *durationFlag) String() string {
	if *d == 0 {
		return "" // no default to show
	}
	return time.Duration(*d).String()
}

func (d *durationFlag) Type() string { return "duration" }

func (d *durationFlag) Set(s string) error {
	v, err := parseDuration(s)
	*d = durationFlag(v)
	return err
}

// parseDuration takes 500ms, 1h30m, or bare seconds, which may have a fraction.
func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil {
		d, err = parseSeconds(s)
	}
	if err != nil {
		return 0, err
	}
	if d < 0 {
		return 0, fmt.Errorf("%s is negative", s)
	}
	return d, nil
}

func parseSeconds(s string) (time.Duration, error) {
	seconds, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(seconds) {
		return 0, fmt.Errorf("want a duration such as 500ms, 10s, 5m, or a number of seconds")
	}
	if math.Abs(seconds) >= math.MaxInt64/float64(time.Second) {
		return 0, fmt.Errorf("%s is more than 292 years", s)
	}
	return time.Duration(math.Round(seconds * float64(time.Second))), nil
}

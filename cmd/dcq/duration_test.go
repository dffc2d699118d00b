package main

import (
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	for _, test := range []struct {
		in   string
		want time.Duration
	}{
		{"0", 0},
		{"10", 10 * time.Second},
		{"0.5", 500 * time.Millisecond},
		{"1e3", 1000 * time.Second},
		{"500ms", 500 * time.Millisecond},
		{"1h30m", 90 * time.Minute},
		{"9223372036", 9223372036 * time.Second},
	} {
		if got, err := parseDuration(test.in); got != test.want || err != nil {
			t.Errorf("parseDuration(%q) = %v, %v, want %v", test.in, got, err, test.want)
		}
	}
	for _, in := range []string{"", " ", "x", "1d", "10 s", "-1", "-1s", "NaN", "Inf", "-Inf", "1e30", "9223372037", "-1e30", "0x"} {
		if got, err := parseDuration(in); err == nil {
			t.Errorf("parseDuration(%q) = %v, want an error", in, got)
		}
	}
}

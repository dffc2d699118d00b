package main

import (
	"math"
	"testing"
	"time"

	dsync "github.com/dcq-go/dcq/sync"
)

func TestParseRate(t *testing.T) {
	for _, test := range []struct {
		in   string
		want dsync.Rate
	}{
		{"10/s", dsync.Rate{Count: 10, Per: time.Second}},
		{"100/m", dsync.Rate{Count: 100, Per: time.Minute}},
		{"5/h", dsync.Rate{Count: 5, Per: time.Hour}},
		{"1/ms", dsync.Rate{Count: 1, Per: time.Millisecond}},
		{"1/250ms", dsync.Rate{Count: 1, Per: 250 * time.Millisecond}},
		{"3/1h30m", dsync.Rate{Count: 3, Per: 90 * time.Minute}},
		{"3/60", dsync.Rate{Count: 3, Per: time.Minute}},
		{"3/0.5", dsync.Rate{Count: 3, Per: time.Second / 2}},
		{"3/.5s", dsync.Rate{Count: 3, Per: time.Second / 2}},
		{"9223372036854775807/9223372036", dsync.Rate{Count: math.MaxInt, Per: 9223372036 * time.Second}},
	} {
		if got, err := parseRate(test.in); got != test.want || err != nil {
			t.Errorf("parseRate(%q) = %v, %v, want %v", test.in, got, err, test.want)
		}
	}
	for _, in := range []string{"", "/", "10", "10/", "/s", "0/s", "-1/s", "1/0", "1/-1", "1/-s", "1/0s", "1.5/s", "1/d", "1/h30m", "1/s/s", "1/1e30", "1/NaN", " 1/s", "1/ s", "99999999999999999999/s"} {
		if got, err := parseRate(in); err == nil {
			t.Errorf("parseRate(%q) = %v, want an error", in, got)
		}
	}
}

// FuzzParseRate looks for a rate that is not positive, or that is another one when it
// is read again as it is shown.
func FuzzParseRate(f *testing.F) {
	for _, s := range []string{"10/s", "1/250ms", "3/1h30m", "3/60", "0/s", "1/-1", "1/", "1/1e3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := parseRate(s)
		if err != nil {
			if got != (dsync.Rate{}) {
				t.Errorf("parseRate(%q) = %v and an error", s, got)
			}
			return
		}
		if got.Count < 1 || got.Per < 1 {
			t.Errorf("parseRate(%q) = %v, want both positive", s, got)
		}
		shown := rateFlag(got)
		if again, err := parseRate(shown.String()); again != got || err != nil {
			t.Errorf("parseRate(%q) = %v, %v; %q was that", shown.String(), again, err, s)
		}
	})
}

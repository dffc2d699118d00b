package main

import (
	"slices"
	"testing"

	"github.com/dcq-go/dcq/bench/internal/measure"
)

// Of what two processes say of their turns, only those that had to wait count, from the
// first release that came after they asked.
func TestWaits(t *testing.T) {
	other := measure.Samples{0, 1, 5, 6, 7, 9, 20, 21, 30}
	for _, tt := range []struct {
		name string
		own  measure.Samples
		want measure.Samples
	}{
		{"none", nil, nil},
		{"handed over", measure.Samples{2, 6, 8}, measure.Samples{1}},
		{"overtaken", measure.Samples{2, 12, 15}, measure.Samples{7}},
		{"was free", measure.Samples{10, 11, 12}, nil},
		{"asked when it was released", measure.Samples{9, 12, 13}, measure.Samples{3}},
		{"had at the release", measure.Samples{22, 30, 31}, nil},
		{"after the other's last", measure.Samples{31, 32, 33}, nil},
		{"two turns", measure.Samples{2, 6, 8, 22, 34, 40}, measure.Samples{1, 4}},
	} {
		if got := waits(tt.own, other); !slices.Equal(got, tt.want) {
			t.Errorf("%s: waits() = %v, want %v", tt.name, got, tt.want)
		}
	}
}

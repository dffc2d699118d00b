package results

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/dcq-go/dcq/bench/internal/measure"
)

// written returns a run that went through a file: two peers, three rounds, of which the
// second peer missed the last.
func written(t *testing.T) *Run {
	t.Helper()
	name := filepath.Join(t.TempDir(), "out.jsonl")
	log, err := measure.Create(name, measure.Facts{System: "here"})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []measure.Record{
		{Part: "push", Peer: "dcq", Samples: measure.Samples{10, 20, 30}, Values: map[string]float64{"jobs_per_s": 100}},
		{Part: "push", Peer: "other", Samples: measure.Samples{20, 40, 90}, Values: map[string]float64{"jobs_per_s": 50}, Note: "as it is"},
		{Part: "push", Peer: "dcq", Round: 1, Samples: measure.Samples{40}, Values: map[string]float64{"jobs_per_s": 90}},
		{Part: "push", Peer: "other", Round: 1, Samples: measure.Samples{160}, Values: map[string]float64{"jobs_per_s": 180}},
		{Part: "push", Peer: "dcq", Round: 2, Samples: measure.Samples{60}},
		{Part: "push", Peer: "other", Fault: "it ended"},
		{Part: "push", Peer: "gone", Fault: "not found"},
		{Part: "depth", Peer: "1", Values: map[string]float64{"push_ns": 3, "lost": 0}},
	} {
		if err := log.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	run, err := Read(name)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func TestRead(t *testing.T) {
	run := written(t)
	if run.Facts.System != "here" {
		t.Errorf("Facts = %v, want those written", run.Facts)
	}
	if got, want := run.Parts(), []string{"push", "depth"}; !slices.Equal(got, want) {
		t.Errorf("Parts() = %q, want %q", got, want)
	}
	if got, want := run.Peers("push"), []string{"dcq", "other", "gone"}; !slices.Equal(got, want) {
		t.Errorf("Peers(push) = %q, want %q", got, want)
	}
	if got, want := run.Metrics("push"), []string{"p50", "jobs_per_s"}; !slices.Equal(got, want) {
		t.Errorf("Metrics(push) = %q, want %q", got, want)
	}
	for peer, want := range map[string]string{"dcq": "", "other": "it ended", "gone": "not found"} {
		if got := run.Fault("push", peer); got != want {
			t.Errorf("Fault(push, %s) = %q, want %q", peer, got, want)
		}
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("Read of no file is no error")
	}
}

func TestFigures(t *testing.T) {
	run := written(t)
	many := measure.Record{Part: "many", Peer: "dcq"}
	for i := range 200 {
		many.Samples = append(many.Samples, time.Duration(i+1))
	}
	run.Records = append(run.Records, many)
	if got, want := run.Metrics("many"), []string{"p50", "p99"}; !slices.Equal(got, want) {
		t.Errorf("Metrics(many) = %q, want %q", got, want)
	}
	for _, c := range []struct {
		of   Point
		want Figure
	}{
		{Point{"push", "dcq", "p50"}, Figure{40, 20, 60, 3}},
		{Point{"push", "dcq", "p99.9"}, Figure{}}, // of so few it is the greatest
		{Point{"push", "other", "mean"}, Figure{105, 50, 160, 2}},
		{Point{"push", "other", "max"}, Figure{125, 90, 160, 2}},
		{Point{"push", "dcq", "jobs_per_s"}, Figure{95, 90, 100, 2}},
		{Point{"many", "dcq", "max"}, Figure{200, 200, 200, 1}},
		{Point{"many", "dcq", "p99"}, Figure{198, 198, 198, 1}},
		{Point{"depth", "1", "lost"}, Figure{0, 0, 0, 1}},
		{Point{"push", "gone", "p50"}, Figure{}},
		{Point{"push", "dcq", "unknown"}, Figure{}},
	} {
		if got := run.Figure(c.of); got != c.want || got.Known() != (c.want != Figure{}) {
			t.Errorf("Figure(%v) = %v, known %t, want %v", c.of, got, got.Known(), c.want)
		}
	}
	other, dcq := Point{"push", "other", "p50"}, Point{"push", "dcq", "p50"}
	if got, want := run.Ratio(other, dcq), (Figure{3, 2, 4, 2}); got != want {
		t.Errorf("Ratio(other, dcq) = %v, want %v: of each round, then the median", got, want)
	}
	if got, want := run.Ratio(dcq, other), (Figure{0.375, 0.25, 0.5, 2}); got != want {
		t.Errorf("Ratio(dcq, other) = %v, want %v: of the rounds that have both", got, want)
	}
}

func TestShow(t *testing.T) {
	for _, c := range []struct {
		metric      string
		v           float64
		label, want string
	}{
		{"p99.9", 1500, "p99.9", "1.50 us"},
		{"jobs_per_s", 1234567, "jobs/s", "1,234,567"},
		{"push_ns", 20e6, "push", "20.0 ms"},
		{"peak_rss_mib", 22.25, "peak rss", "22.2 MiB"},
		{"waiters_cpu_ns_per_s", 1.5e6, "waiters cpu", "1.50 ms/s"},
		{"slowest_to_fastest", 0.6789, "slowest to fastest", "0.679"},
		{"pushes", 100, "pushes", "100"},
		{"saved", -123456, "saved", "-123,456"},
		{"saved", -123, "saved", "-123"},
	} {
		if got := Label(c.metric); got != c.label {
			t.Errorf("Label(%q) = %q, want %q", c.metric, got, c.label)
		}
		if got := Show(c.metric, c.v); got != c.want {
			t.Errorf("Show(%q, %v) = %q, want %q", c.metric, c.v, got, c.want)
		}
	}
}

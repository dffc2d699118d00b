package report

import (
	"maps"
	"testing"

	"github.com/dcq-go/dcq/bench/internal/measure"
	"github.com/dcq-go/dcq/bench/internal/results"
)

func TestShapeKV(t *testing.T) {
	values := func(kv ...any) map[string]float64 {
		m := map[string]float64{}
		for i := 0; i < len(kv); i += 2 {
			m[kv[i].(string)] = kv[i+1].(float64)
		}
		return m
	}
	got := shapeKV(&results.Run{Records: []measure.Record{
		{Part: "get", Peer: "a", Values: values("keys", 1e3), Samples: measure.Samples{1, 2, 3}, Note: "tuned"},
		{Part: "shared-get", Peer: "a", Values: values("keys", 1e3, "process", 0., "seconds", 2.), Samples: measure.Samples{1, 2, 3}},
		{Part: "shared-get", Peer: "a", Values: values("keys", 1e3, "process", 1., "seconds", 2.), Samples: measure.Samples{4}},
		{Part: "shared-get", Peer: "a", Round: 1, Values: values("process", 0., "seconds", 2.), Samples: measure.Samples{5}},
		{Part: "size-get", Peer: "a", Values: values("keys", 100e3), Samples: measure.Samples{30}},
		{Part: "size-get", Peer: "b", Fault: "gone"},
		{Part: "size-get", Peer: "a", Values: values("keys", 1e3), Samples: measure.Samples{10, 20, 90}},
	}})
	want := []measure.Record{
		{Part: "get", Peer: "a", Samples: measure.Samples{1, 2, 3}, Note: "tuned"},
		{Part: "shared-get", Peer: "a", Samples: measure.Samples{1, 2, 3, 4}, Values: values("calls_per_s", 2., Share, 1./3)},
		{Part: "shared-get", Peer: "a", Round: 1, Samples: measure.Samples{5}},
		{Part: "size-get", Peer: "a", Values: values("1000_keys_ns", 20., "100000_keys_ns", 30., "most_to_fewest", 1.5)},
		{Part: "size-get", Peer: "b", Fault: "gone"},
	}
	if len(got.Records) != len(want) {
		t.Fatalf("shapeKV gave %d records, want %d: %v", len(got.Records), len(want), got.Records)
	}
	for i, w := range want {
		g := got.Records[i]
		if g.Part != w.Part || g.Round != w.Round || g.Note != w.Note || g.Fault != w.Fault || len(g.Samples) != len(w.Samples) || !maps.Equal(g.Values, w.Values) {
			t.Errorf("record %d = %v, want %v", i, g, w)
		}
	}
	names := got.Metrics("size-get")
	if names[0] != "1000_keys_ns" || names[1] != "100000_keys_ns" {
		t.Errorf("Metrics(size-get) = %q, want those with fewer keys first", names)
	}
}

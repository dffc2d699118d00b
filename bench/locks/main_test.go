package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/dcq-go/dcq/bench/internal/measure"
)

func TestMain(m *testing.M) {
	if !measure.IsChild() {
		os.Exit(m.Run())
	}
	if err := serve(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// A short run of what every machine has gives rows, and records of every round.
func TestRun(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out.jsonl")
	var out strings.Builder
	only := regexp.MustCompile(`^(uncontended|turns|hand-over)/(dcq|gofrs-flock)$`)
	if err := run(t.Context(), 10, only, name, &out); err != nil {
		t.Fatal(err)
	}
	for _, peer := range []string{dcqName, flockName} {
		if got := strings.Count(out.String(), "| "+peer+" "); got != 3 {
			t.Errorf("%d rows of %s, want 3; the output is\n%s", got, peer, out.String())
		}
	}
	if strings.Contains(out.String(), "0.00 us") {
		t.Errorf("something took no time; the output is\n%s", out.String())
	}
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	samples := map[string]int{}
	in := json.NewDecoder(file)
	for in.More() {
		var r measure.Record
		if err := in.Decode(&r); err != nil {
			t.Fatal(err)
		}
		samples[r.Part+"/"+r.Peer] += len(r.Samples)
	}
	if samples["turns/dcq"] == 0 {
		t.Error("nobody waited for his turn")
	}
	for part, want := range map[string]int{"uncontended/dcq": 100, "hand-over/dcq": 10, "hand-over/gofrs-flock": 10} {
		if samples[part] != want {
			t.Errorf("%d samples of %s, want %d", samples[part], part, want)
		}
	}
}

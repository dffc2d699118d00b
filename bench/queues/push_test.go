package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dcq-go/dcq/bench/internal/measure"
	"github.com/dcq-go/dcq/bench/internal/report"
)

// As many callers warm up as are measured, since each opens a connection; what they do then
// does not count.
func TestPushedWarmsUp(t *testing.T) {
	told := filepath.Join(t.TempDir(), "told")
	w, err := measure.Start(exec.Command("sh", "-c", `n=0; while read line; do n=$((n+1)); echo "$line" >> "$0"; echo "samples 1000000 $n $n"; done`, told))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	r, err := pushedBy(w, 64, 10, "push", "128", "64", "10", "0")
	if err != nil {
		t.Fatal(err)
	}
	if want := (measure.Samples{2, 2}); !slices.Equal(r.Samples, want) {
		t.Errorf("the samples are %v, want %v", r.Samples, want)
	}
	if got, want := r.Values[report.Rate], 20_000.; got != want { // two pushes of ten in a millisecond
		t.Errorf("the rate is %v, want %v", got, want)
	}
	lines, err := os.ReadFile(told)
	if err != nil {
		t.Fatal(err)
	}
	if first, _, _ := strings.Cut(string(lines), "\n"); first != "push 640 64 10 0" {
		t.Errorf("the process is first told %q, want 10 pushes of each of 64 callers", first)
	}
}

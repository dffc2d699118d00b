package report

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dcq-go/dcq/bench/internal/measure"
	"github.com/dcq-go/dcq/bench/internal/results"
)

// measured has a part with times, in its second round too few for a p99, one with a rate
// that the section does not know, and a peer that was not there.
func measured() *results.Run {
	times := func(us ...int) (s measure.Samples) {
		for _, n := range us {
			s = append(s, time.Duration(n)*time.Microsecond)
		}
		return s
	}
	return &results.Run{Facts: measure.Facts{System: "here"}, Records: []measure.Record{
		{Part: "rest", Peer: "dcq", Values: map[string]float64{"jobs_per_s": 9000}},
		{Part: "rest", Peer: "a & b", Values: map[string]float64{"jobs_per_s": 3000}},
		{Part: "push", Peer: "dcq", Samples: slices.Repeat(times(10, 20, 30), 50), Note: "as it is"},
		{Part: "push", Peer: "other", Samples: slices.Repeat(times(50, 90), 50), Note: "tuned"},
		{Part: "push", Peer: "dcq", Round: 1, Samples: times(10), Note: "as it is"},
		{Part: "push", Peer: "other", Round: 1, Samples: times(20), Note: "tuned"},
		{Part: "push", Peer: "gone", Fault: "not found"},
		{Part: "absent", Peer: "gone", Fault: "not found"},
		{Part: "others", Peer: "a", Values: map[string]float64{"kept": 2}},
		{Part: "others", Peer: "b", Values: map[string]float64{"kept": 4}},
		{Part: "others", Peer: "b", Fault: "slow"},
		{Part: "others", Peer: "none", Values: map[string]float64{"kept": 0}},
		{Part: "still", Peer: "a", Values: map[string]float64{"moved": 0}},
		{Part: "still", Peer: "b", Values: map[string]float64{"moved": 0}},
	}}
}

var section = &Section{
	Name:  "things",
	Parts: []Part{{Name: "push", Title: "A push", Text: "One at a time.", Metrics: []string{"p50", "p99"}}, {Name: "never measured"}},
	Goals: []Goal{
		{Name: "fast", Of: results.Point{Part: "push", Peer: "dcq", Metric: "p50"}, AtMost: 10e3},
		{Name: "faster", Of: results.Point{Part: "push", Peer: "other", Metric: "p50"}, Over: results.Point{Part: "push", Peer: "dcq", Metric: "p50"}, AtLeast: 3},
		{Name: "fine", Of: results.Point{Part: "rest", Peer: "dcq", Metric: "jobs_per_s"}, AtLeast: 9001},
		{Name: "many", Of: results.Point{Part: "rest", Peer: "dcq", Metric: "jobs_per_s"}, AtLeast: 8000},
		{Name: "unknown", Of: results.Point{Part: "rest", Peer: "nobody", Metric: "jobs_per_s"}, AtLeast: 1},
	},
}

func TestTables(t *testing.T) {
	var b strings.Builder
	run := measured()
	for _, table := range []*measure.Table{
		PeerTable(run), section.PartTable(run, "push"), section.PartTable(run, "rest"), section.PartTable(run, "others"), section.PartTable(run, "never measured"), section.PartTable(run, "absent"), section.GoalTable(run),
	} {
		if err := table.Print(&b); err != nil {
			t.Fatal(err)
		}
	}
	got := squeezeSpaces(b.String())
	for _, want := range []string{
		"Peers\n\n| | settings |\n| -- | -- |\n| dcq | as it is |\n| other | tuned |\n\nA push\n",
		"others\n\n| | kept | kept to a |\n| -- | -- | -- |\n| a | 2 | 1.0x |\n| b | 4 | 2.0x; slow |\n| none | 0 | 0.0x |\n",
		"A push\n\n| | p50 | p99 | p50 to dcq |\n| -- | -- | -- | -- |\n" +
			"| dcq | 15.0 us | 30.0 us | 1.0x |\n| other | 35.0 us | 90.0 us | 2.2x (2.0x to 2.5x) |\n| gone | | | not found |\n",
		"rest\n\n| | jobs/s | jobs/s to dcq |\n| -- | -- | -- |\n| dcq | 9,000 | 1.0x |\n| a & b | 3,000 | 0.33x |\n",
		"| fast | at most 10.0 us | 15.0 us | 10.0 us to 20.0 us | no: 50 % above |\n" +
			"| faster | at least 3.0x | 2.2x | 2.0x to 2.5x | no: 25 % below |\n" +
			"| fine | at least 9,001 | 9,000 | 9,000 to 9,000 | no: less than 1 % below |\n" +
			"| many | at least 8,000 | 9,000 | 9,000 to 9,000 | yes |\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("Tables gave\n%s\nwithout\n%s", got, want)
		}
	}
	for _, unwanted := range []string{"never measured", "unknown", "absent"} {
		if strings.Contains(got, unwanted) {
			t.Errorf("Tables shows %q, which was not measured", unwanted)
		}
	}
}

// squeezeSpaces makes tables independent of the widths of their columns.
func squeezeSpaces(s string) string {
	for _, c := range []string{"  ", "---"} {
		for strings.Contains(s, c) {
			s = strings.ReplaceAll(s, c, c[1:])
		}
	}
	return strings.ReplaceAll(s, "| - |", "| -- |")
}

func TestPageWrite(t *testing.T) {
	dir := t.TempDir()
	page := Page{File: filepath.Join(dir, "page.md"), Plots: filepath.Join(dir, "page")}
	const before, after = "# Page\n\n<!-- results of things -->\n", "<!-- end -->\n\n## Next\n\n<!-- results of others -->\n<!-- end -->\n"
	if err := os.WriteFile(page.File, []byte(before+"old\n"+after), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time it replaces its own
		if err := page.Write(section, measured()); err != nil {
			t.Fatal(err)
		}
	}
	got := read(t, page.File)
	if !strings.HasPrefix(got, before) || !strings.HasSuffix(got, after) || strings.Contains(got, "old") {
		t.Errorf("Write made\n%s", got)
	}
	if strings.Index(got, "A push") > strings.Index(got, "### rest") {
		t.Error("parts that the section does not know come first")
	}
	if strings.Contains(got, "\n\n\n") {
		t.Errorf("two empty lines in\n%s", got)
	}
	for _, part := range []string{"push", "rest", "others", "still"} {
		if !strings.Contains(got, "](page/things-"+part+".svg)") {
			t.Errorf("the page does not show the plot of %s:\n%s", part, got)
		}
		wellFormed(t, read(t, filepath.Join(dir, "page", "things-"+part+".svg")))
	}
	if err := page.Write(&Section{Name: "unknown"}, measured()); err == nil {
		t.Error("Write without a place is no error")
	}
	if read(t, page.File) != got {
		t.Error("Write without a place changed the page")
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// wellFormed fails the test if a plot is not XML, or draws outside of itself.
func wellFormed(t *testing.T, plot string) {
	t.Helper()
	if strings.Contains(plot, "NaN") || strings.Contains(plot, "Inf") || strings.Contains(plot, `="-`) {
		t.Errorf("a figure of the plot is none:\n%s", plot)
	}
	for d := xml.NewDecoder(strings.NewReader(plot)); ; {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, plot)
		}
	}
}

func TestPower(t *testing.T) {
	for e, want := range map[float64]string{0: "1 ns", 2: "100 ns", 3: "1 us", 5: "100 us", 7: "10 ms", 9: "1 s", 10: "10 s"} {
		if got := power(e); got != want {
			t.Errorf("power(%v) = %q, want %q", e, got, want)
		}
	}
}

// The page of the repository has a place for each program.
func TestPlaces(t *testing.T) {
	page := read(t, "../../../docs/benchmarks.md")
	for _, name := range []string{"locks", "kv", "queues"} {
		_, rest, found := strings.Cut(page, "<!-- results of "+name+" -->\n")
		if !found || !strings.Contains(rest, placeEnd) {
			t.Errorf("no place for the results of %s", name)
		}
	}
}

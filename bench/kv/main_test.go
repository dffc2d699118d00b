package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dcq-go/dcq/bench/internal/measure"
	"github.com/dcq-go/dcq/bench/internal/report"
	"github.com/dcq-go/dcq/bench/internal/results"
)

func TestMain(m *testing.M) {
	if !measure.IsChild() {
		os.Exit(m.Run())
	}
	if err := serve(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// inGo are the peers that every machine has. TestKeepers has the rest, where they are.
const inGo = "(dcq-index|dcq-cache|dcq-memo|sqlite|bbolt)"

// A short run of what every machine has gives rows, and records of every round.
func TestRun(t *testing.T) {
	o := options{
		only: regexp.MustCompile("/" + inGo + "$"), n: 10, d: 10 * time.Millisecond,
		sizes: []int{200, 1200}, slow: 1000, processes: 2, out: filepath.Join(t.TempDir(), "out.jsonl"),
	}
	var out strings.Builder
	if err := run(t.Context(), o, &out); err != nil {
		t.Fatal(err)
	}
	// Five tables of one process; two of many, with gets and puts; five operations.
	want := map[string]int{"dcq-index": 5 + 2*2 + 5, "dcq-cache": 5 + 2*2 + 4, "sqlite": 5 + 2*2 + 5, "bbolt": 5 + 2 + 5, "dcq-memo": 2 + 1}
	for _, row := range rows(out.String()) {
		want[row["peer"]]--
		if fault := rowFault(row); fault != "" {
			t.Errorf("%s of %v", fault, row)
		}
	}
	for peer, n := range want {
		if n != 0 {
			t.Errorf("%d rows of %s too few", n, peer)
		}
	}
	if strings.Contains(out.String(), "0.00 us") {
		t.Error("something took no time")
	}
	if t.Failed() {
		t.Logf("the output is\n%s", out.String())
	}
	kept, err := results.Read(o.out)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range kept.Records {
		if r.Note == "" && r.Fault == "" {
			t.Errorf("a record of %s does not say how it was measured", r.Peer)
		}
	}
	if got := kept.Fault("shared-put", "bbolt"); !strings.Contains(got, "one process") {
		t.Errorf("Fault(shared-put, bbolt) = %q, want that it is for one process", got)
	}
	samples := readSamples(t, o.out)
	for part, want := range map[string]int{
		"get/dcq-index/1000": 10, "put-durable/bbolt/1000": 10, "hit-again/dcq-memo/1000": 10,
		"size-range/sqlite/200": 10, "size-range/sqlite/1200": 10, "size-delete/dcq-cache/200": 10, "size-hot/bbolt/1200": 10, "size-get/dcq-cache/1200": 0,
	} {
		if samples[part] > want || samples[part] == 0 && want > 0 {
			t.Errorf("%d samples of %s, want at most %d and some", samples[part], part, want)
		}
	}
	if samples["shared-get/sqlite/1000"]+samples["shared-put/sqlite/1000"] == 0 || samples["shared-hit-get/dcq-memo/1000"] == 0 || samples["shared-hit-put/dcq-memo/1000"] != 0 {
		t.Errorf("many processes gave the samples %v", samples)
	}
}

// rowFault says what is wrong with a row of a peer that was measured, by the table it is
// in: of many processes, by number of keys, of one process.
func rowFault(row map[string]string) string {
	filled := []string{"a second", "p50", "max", "p50 to dcq"}
	if _, ok := row["slowest to fastest"]; ok {
		filled = []string{"a second, all"}
		share, err := strconv.ParseFloat(row["slowest to fastest"], 64)
		if row["operation"] != "" && (err != nil || !(share >= 0 && share <= 1)) {
			return "no share"
		}
	} else if _, ok := row["200 keys"]; ok {
		filled = []string{"200 keys"}
	}
	for _, column := range filled {
		if row[column] == "" && row["peer"] != "bbolt" {
			return "no " + column
		}
	}
	return ""
}

// Nothing is done that the user does not ask for.
func TestOnly(t *testing.T) {
	o := options{only: regexp.MustCompile("^get/sqlite$"), n: 5, d: time.Second, sizes: []int{200}, slow: 1000, processes: 2, out: filepath.Join(t.TempDir(), "out.jsonl")}
	var out strings.Builder
	if err := run(t.Context(), o, &out); err != nil {
		t.Fatal(err)
	}
	if samples := readSamples(t, o.out); len(samples) != 1 || samples["get/sqlite/1000"] != 5 {
		t.Errorf("the samples are %v, want 5 of get/sqlite", samples)
	}
	if got := rows(out.String()); len(got) != 1 {
		t.Errorf("the rows are %v, want one", got)
	}
}

// rows returns the rows of all tables, by column.
func rows(out string) (all []map[string]string) {
	var columns []string
	for line := range strings.Lines(out) {
		cells := strings.Split(strings.Trim(line, "| \n"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case !strings.HasPrefix(line, "|") || strings.HasPrefix(cells[0], "--"):
		case cells[0] == "peer":
			columns = cells
		default:
			row := map[string]string{}
			for i, cell := range cells {
				row[columns[i]] = cell
			}
			all = append(all, row)
		}
	}
	return all
}

// readSamples counts the samples in a file by part, peer and keys.
func readSamples(t *testing.T, name string) map[string]int {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	samples := map[string]int{}
	for in := json.NewDecoder(file); in.More(); {
		var r measure.Record
		if err := in.Decode(&r); err != nil {
			t.Fatal(err)
		}
		if r.Part != "" { // not the facts
			samples[fmt.Sprintf("%s/%s/%v", r.Part, r.Peer, r.Values["keys"])] += len(r.Samples)
		}
	}
	return samples
}

// What is not here has a row that says why, and DiskCache what it published.
func TestMissing(t *testing.T) {
	peers := findPeers()
	for _, p := range peers {
		p.missing = "it is elsewhere"
	}
	name := filepath.Join(t.TempDir(), "out.jsonl")
	log, err := measure.Create(name, measure.Facts{})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	var out strings.Builder
	b := &bench{&measure.Bench{Ctx: t.Context(), Only: regexp.MustCompile(""), Log: log, Out: &out}, options{n: 1, d: time.Second, sizes: []int{200}, processes: 2}}
	for _, part := range []func([]*peer) error{b.single, b.shared, b.size} {
		if err := part(peers); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := results.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range report.KV.Parts {
		if peers := kept.Peers(p.Name); len(peers) == 0 || kept.Fault(p.Name, peers[0]) != "it is elsewhere" {
			t.Errorf("what is kept of %s does not say that %q are missing", p.Name, peers)
		}
	}
	here := map[string]int{}
	for _, row := range rows(out.String()) {
		here[row["peer"]]++
		if said := row["settings"] + row["200 keys"]; said != "it is elsewhere" && said != publishedSettings {
			t.Errorf("a row of what is missing is %v", row)
		}
	}
	for _, p := range peers {
		if here[p.name] == 0 {
			t.Errorf("no row says that %s is missing", p.name)
		}
	}
	if got, want := here["dcq-index"], 5+2+5; got != want {
		t.Errorf("%d rows say that dcq-index is missing, want %d", got, want)
	}
	for _, want := range []string{"| 12.2 us | 28.8 us |       | 175 us", publishedSettings} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output does not have %q", want)
		}
	}
	if t.Failed() {
		t.Logf("the output is\n%s", out.String())
	}
}

// What processes do first, when all is cold, is not measured.
func TestRushWarmsUp(t *testing.T) {
	ws, err := measure.StartAll(2, func() *exec.Cmd {
		return exec.Command("sh", "-c", `n=0; while read line; do n=$((n+1)); echo "gets $n"; echo "puts $n$n"; done`)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	b := &bench{&measure.Bench{Log: &measure.Log{}}, options{d: time.Second}}
	c, sum := &crew{peer: &peer{name: "none"}, workers: ws}, &rush{done: make([]int, len(ws))}
	for round := range 2 {
		if err := b.rush(round, c, sharedParts[0], sum); err != nil {
			t.Fatal(err)
		}
	}
	if want := (measure.Samples{2, 2, 3, 3}); !slices.Equal(sum.gets, want) {
		t.Errorf("the gets of two rounds took %v, want %v", sum.gets, want)
	}
	if want := (measure.Samples{22, 22, 33, 33}); !slices.Equal(sum.puts, want) {
		t.Errorf("the puts of two rounds took %v, want %v", sum.puts, want)
	}
}

// A summary leaves out the percentiles that so few samples do not tell.
func TestSummarize(t *testing.T) {
	few, more, many := make(measure.Samples, 99), make(measure.Samples, 100), make(measure.Samples, 1000)
	for _, s := range []measure.Samples{few, more, many} {
		for i := range s {
			s[i] = time.Duration(i + 1)
		}
	}
	for _, c := range []struct {
		s         measure.Samples
		p99, p999 time.Duration
	}{{few, 0, 0}, {more, 99, 0}, {many, 990, 999}} {
		if got := summarize(c.s); got.p99 != c.p99 || got.p999 != c.p999 || got.longest != time.Duration(len(c.s)) {
			t.Errorf("summarize of %d samples = %+v, want a p99 of %d, a p99.9 of %d", len(c.s), got, c.p99, c.p999)
		}
	}
}

func TestParseSizes(t *testing.T) {
	if sizes, err := parseSizes("1000,200"); err != nil || len(sizes) != 2 || sizes[1] != 200 {
		t.Errorf("parseSizes = %v, %v", sizes, err)
	}
	for _, list := range []string{"", "1000,", "1e6", "100"} {
		if sizes, err := parseSizes(list); err == nil {
			t.Errorf("parseSizes(%q) = %v", list, sizes)
		}
	}
}

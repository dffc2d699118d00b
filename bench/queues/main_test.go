package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
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

// shortRun runs what only matches with few jobs, and returns what it kept and printed.
func shortRun(t *testing.T, n int, only string) (*results.Run, string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "out.jsonl")
	var out strings.Builder
	if err := run(t.Context(), n, false, regexp.MustCompile(only), name, &out); err != nil {
		t.Fatal(err)
	}
	kept, err := results.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	return kept, out.String()
}

// samples counts what was sampled of a peer in all rounds.
func samples(run *results.Run, part, peer string) (n int) {
	for _, r := range run.Records {
		if r.Part == part && r.Peer == peer {
			n += len(r.Samples)
		}
	}
	return n
}

// A short run of what every machine has keeps as many samples as there were pushes.
func TestPush(t *testing.T) {
	kept, out := shortRun(t, 64, `^push-(relaxed/(dcq|raw)|64-durable/dcq|1000-durable/raw-(json|values))$`)
	for _, c := range []struct {
		part, peer string
		want       int
	}{
		{report.PushRelaxed, dcqName, 64}, {report.PushRelaxed, rawName, 64}, {report.PushManyCaller, dcqName, 64},
		{report.PushBulk, rawJSONName, 1}, {report.PushBulk, rawValuesName, 1},
	} {
		if got := samples(kept, c.part, c.peer); got != c.want*measure.Rounds {
			t.Errorf("%d samples of %s in %s, want %d", got, c.peer, c.part, c.want*measure.Rounds)
		}
		rate := results.Point{Part: c.part, Peer: c.peer, Metric: report.Rate}
		if got := kept.Figure(rate); got.Low <= 0 {
			t.Errorf("Figure(%v) = %v, want more than none", rate, got)
		}
	}
	if got := strings.Count(out, "\n| dcq "); got != 3 { // of the peers, and of two parts
		t.Errorf("%d rows of dcq, want 3; the output is\n%s", got, out)
	}
}

// Every job is handled once, by one process or several.
func TestDrain(t *testing.T) {
	const n = 1500
	kept, _ := shortRun(t, n, `^drain-(relaxed/(dcq|raw)|4-processes-relaxed/dcq)$`)
	for _, of := range []results.Point{
		{Part: report.DrainRelaxed, Peer: dcqName}, {Part: report.DrainRelaxed, Peer: rawName}, {Part: report.DrainShared, Peer: dcqName},
	} {
		of.Metric = "handled"
		if got, want := kept.Figure(of), (results.Figure{Median: n, Low: n, High: n, Rounds: measure.Rounds}); got != want {
			t.Errorf("Figure(%v) = %v, want %v", of, got, want)
		}
	}
}

func TestWake(t *testing.T) {
	kept, _ := shortRun(t, 50, `^wake.*/dcq$`)
	if got, want := samples(kept, report.Wake, dcqName), 2*measure.Rounds; got != want {
		t.Errorf("%d samples, want %d", got, want)
	}
	for _, r := range kept.Records {
		if slices.Min(r.Samples) <= 0 {
			t.Errorf("a push was handled before it: %v", r.Samples)
		}
	}
}

func TestDepth(t *testing.T) {
	kept, _ := shortRun(t, 50, `^depth/1,000 jobs$`)
	for _, metric := range []string{report.Cycle, report.Memory, "push_p50_ns", "receive_p50_ns", "ack_p50_ns"} {
		if got := kept.Figure(results.Point{Part: report.Depth, Peer: report.Depth1K, Metric: metric}); got.Low <= 0 {
			t.Errorf("Figure(%s) = %v, want more than none", metric, got)
		}
	}
}

// The memory of the process that is measured counts, and not that of the one that started it.
func TestPeakMemory(t *testing.T) {
	const most = 128 // MiB; the child needs a third
	ours := make([]byte, 2*most<<20)
	for i := 0; i < len(ours); i += os.Getpagesize() {
		ours[i] = 1
	}
	place := t.TempDir()
	if err := fillTo(place, 1); err != nil {
		t.Fatal(err)
	}
	r, err := measureDepth(place, 1)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Values[report.Memory]; got <= 0 || got > most {
		t.Errorf("the peak memory of a child is %.1f MiB, want at most %d", got, most)
	}
	runtime.KeepAlive(ours)
}

func TestWriters(t *testing.T) {
	r, err := written(start(t.Context(), rawName, t.TempDir(), false), 1)
	if err != nil {
		t.Fatal(err)
	}
	if r.Values["p50"] <= 0 || r.Values["max"] < r.Values["p99.9"] || r.Values[report.Rate] <= 0 {
		t.Errorf("written = %v, want percentiles and a rate", r.Values)
	}
	if share := r.Values[report.Share]; share < 0 || share > 1 {
		t.Errorf("the slowest did %v of what the fastest did", share)
	}
}

// A peer that is not there, or fails, is left out and says why.
func TestMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	kept, out := shortRun(t, 1, `^wake.*/beanstalkd$`)
	if got, want := kept.Fault(report.Wake, beanstalkdName), "beanstalkd not found"; got != want {
		t.Errorf("Fault = %q, want %q", got, want)
	}
	if !strings.Contains(out, "beanstalkd not found") {
		t.Errorf("the output does not say what is missing:\n%s", out)
	}
}

// A server that does not start is missing, and does not end the run; a table has room for a
// line of why.
func TestServerFails(t *testing.T) {
	program := os.Args[0]
	defer func() { os.Args[0] = program }()
	os.Args[0] = "false" // which is the child then, and ends at once
	p := start(t.Context(), natsName, t.TempDir(), false)
	if p.missing == "" || strings.Contains(p.missing, "\n") {
		t.Errorf("what is missing is %q, want a line", p.missing)
	}
	if err := p.close(); err != nil {
		t.Errorf("close() = %v", err)
	}
}

// SQLite in C is measured as raw is, or says why not.
func TestRawCgo(t *testing.T) {
	missing := rawDrivers[rawCgoName].Missing()
	kept, _ := shortRun(t, 64, `^(push|drain)-relaxed/raw-cgo$`)
	for _, part := range []string{report.PushRelaxed, report.DrainRelaxed} {
		rate := kept.Figure(results.Point{Part: part, Peer: rawCgoName, Metric: report.Rate})
		if note := kept.Fault(part, rawCgoName); missing != "" && note != missing {
			t.Errorf("Fault of %s = %q, want %q", part, note, missing)
		}
		if rate.Known() != (missing == "") {
			t.Errorf("the rate of %s is %v, but what is missing is %q", part, rate, missing)
		}
	}
}

// countdown has a job less each time it is asked.
type countdown int

func (c *countdown) left() (int, error) {
	*c--
	return int(*c), nil
}

// The time of a drain does not end before the last acknowledgement, and not never.
func TestUntilNoneLeft(t *testing.T) {
	handled, err := openTally(filepath.Join(t.TempDir(), "tally"))
	if err != nil {
		t.Fatal(err)
	}
	handled.add()
	left := countdown(3)
	if err := untilNoneLeft(&left, handled, 1, time.Now().Add(drainAtMost)); err != nil || left != 0 {
		t.Errorf("untilNoneLeft = %v with %d left, want none", err, left)
	}
	for _, n := range []int{1, 2} { // not acknowledged, not even handled
		left = 3
		if err := untilNoneLeft(&left, handled, n, time.Now()); err == nil {
			t.Errorf("untilNoneLeft of %d jobs without time is no error", n)
		}
	}
}

// Every way to push many without dcq adds as many jobs, also where they do not fill a
// statement.
func TestRawPushMany(t *testing.T) {
	payloads := make([][]byte, rawValues+1)
	for i := range payloads {
		payloads[i] = payload
	}
	for kind, driver := range rawDrivers {
		if why := driver.Missing(); why != "" {
			t.Logf("%s: %s", kind, why)
			continue
		}
		q, err := openRaw(kind, t.TempDir(), false)
		if err != nil {
			t.Fatal(err)
		}
		defer q.Close()
		if err := q.pushMany(payloads); err != nil {
			t.Fatal(err)
		}
		var same int
		err = q.db.QueryRow(`SELECT count(*) FROM dcq_jobs WHERE payload = ?`, payload).Scan(&same)
		if err != nil || same != len(payloads) {
			t.Errorf("pushMany of %s added %d jobs, %v, want %d", kind, same, err, len(payloads))
		}
	}
}

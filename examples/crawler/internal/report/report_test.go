package report_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
	"github.com/dcq-go/dcq/examples/crawler/internal/report"
	"github.com/dcq-go/dcq/examples/crawler/internal/settings"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

var hash = bytes.Repeat([]byte{0xab}, 32)

// crawled returns a crawl of pages 0 to n-1; page i has i links and i kB.
func crawled(t *testing.T, n int) *frontier.Frontier {
	t.Helper()
	ctx := context.Background()
	f, err := frontier.Open(ctx, storetest.Open(t, store.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	s := settings.Settings{}.WithDefaults()
	if err := f.Configure(ctx, s, []string{"http://example.org/0"}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.StartRun(ctx, false); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		url := fmt.Sprintf("http://example.org/%d", i)
		body, err := f.StageBody([]byte("body of " + url))
		if err != nil {
			t.Fatal(err)
		}
		err = f.DB().Batch(ctx, true, func(tx *store.Tx) error {
			if _, err := f.AdmitTx(tx, s, []frontier.Job{{URL: url, Depth: i % 3}}); err != nil {
				return err
			}
			p := frontier.Page{
				URL: url, Outcome: frontier.Stored, Status: 200, MediaType: "text/html", Charset: "utf-8",
				Hash: hash, Title: "<script>alert(" + url + ")</script>", Size: int64(i) * 1000, Links: i,
			}
			if i%10 == 9 {
				p = frontier.Page{URL: url, Outcome: frontier.Failed, Status: 403, Reason: "status 403 <b>"}
				body.Discard()
				body = nil
			}
			return f.SaveTx(tx, p, body)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func TestJSONLines(t *testing.T) {
	f := crawled(t, 12)
	for _, bodies := range []bool{false, true} {
		var b bytes.Buffer
		n, err := report.JSONLines(context.Background(), f, &b, bodies)
		if err != nil || n != 12 {
			t.Fatalf("JSONLines() = %d, %v, want 12", n, err)
		}
		for line := range bytes.Lines(b.Bytes()) {
			var r report.Record
			if err := json.Unmarshal(line, &r); err != nil || r.Outcome == frontier.Stored && !bytes.Equal(r.Hash, hash) {
				t.Errorf("Unmarshal(%s) = hash %v, %v", line, r.Hash, err)
			}
			want := ""
			if bodies && r.Outcome == frontier.Stored {
				want = "body of " + r.URL
			}
			if string(r.Body) != want || r.Host != "http://example.org" {
				t.Errorf("line %s: body = %q, want %q", line, r.Body, want)
			}
		}
	}
}

func TestSummary(t *testing.T) {
	s, err := report.Summarize(context.Background(), crawled(t, 25))
	if err != nil {
		t.Fatalf("Summarize() = %v", err)
	}
	if got := fmt.Sprint(s.Outcomes); got != "[{stored 23 1} {failed 2 0.08695652173913043}]" {
		t.Errorf("Outcomes = %v", got)
	}
	var sizes []int64
	for _, p := range s.Largest {
		sizes = append(sizes, p.Size/1000)
	}
	if want := []int64{24, 23, 22, 21, 20, 18, 17, 16, 15, 14}; !slices.Equal(sizes, want) {
		t.Errorf("Largest = %v, want %v", sizes, want)
	}
	if len(s.Problems) != 2 || len(s.Depths) != 3 || len(s.Hosts) != 1 || len(s.Runs) != 1 {
		t.Errorf("Problems, Depths, Hosts, Runs = %v, %v, %v, %v", s.Problems, s.Depths, s.Hosts, s.Runs)
	}
	var b strings.Builder
	if err := report.HTML(&b, s); err != nil {
		t.Fatalf("HTML() = %v", err)
	}
	page := b.String()
	for _, want := range []string{"URLs known", "http://example.org/24", "status 403 &lt;b&gt;", "</html>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the report does not have %q", want)
		}
	}
	if strings.Contains(page, "<script") || strings.Contains(page, "ZgotmplZ") {
		t.Error("the report has unescaped or refused text in it")
	}
}

func TestSummaryOfNothing(t *testing.T) {
	s, err := report.Summarize(context.Background(), crawled(t, 0))
	if err != nil {
		t.Fatalf("Summarize() = %v", err)
	}
	if err := report.HTML(new(bytes.Buffer), s); err != nil {
		t.Errorf("HTML() = %v", err)
	}
}

func TestLine(t *testing.T) {
	at := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	var before, now frontier.Status
	now.At, now.Run.Number, now.Run.Started = at.Add(10*time.Second), 1, at
	now.Run.Counts = frontier.Counts{Stored: 400, GaveUp: 5, Failed: 7, Bytes: 50e6}
	now.Queue.Blocked, now.Queue.Leased = 800, 4
	now.Hosts = frontier.Hosts{Known: 12, Snoozed: 1}
	now.Processes = 4
	want := "run 1: 412 visited, 800 queued, 4 in flight, 12 failed; 41 pages/s, 5.0 MB/s; 12 hosts, 1 snoozed; 4 processes"
	if got := report.Line(now, before); got != want {
		t.Errorf("Line() = %q, want %q", got, want)
	}
	before = now
	before.At = at.Add(8 * time.Second)
	before.Run.Counts.Stored, before.Run.Counts.Bytes = 200, 30e6
	before.Queue.Blocked = 1000
	now.Queue.OldestReady = 3 * time.Second
	want = "run 1: 412 visited, 800 queued, 4 in flight, 12 failed; 100 pages/s, 10.0 MB/s; 12 hosts, 1 snoozed; 4 processes; oldest ready for 3s; about 8s left"
	if got := report.Line(now, before); got != want {
		t.Errorf("Line() = %q, want %q", got, want)
	}
	now.Run.Ended, now.Processes, now.Queue.OldestReady = at.Add(4*time.Second), 0, 0
	now.Queue.Blocked, now.Queue.Leased = 0, 0
	want = "run 1: 412 visited, 0 queued, 0 in flight, 12 failed; 103 pages/s, 12.5 MB/s, finished; 12 hosts, 1 snoozed"
	if got := report.Line(now, before); got != want {
		t.Errorf("Line() = %q, want %q", got, want)
	}
}

func TestBytes(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1500: "1.5 kB", 2e6: "2.0 MB", 3.25e9: "3.2 GB"} {
		if got := report.Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
}

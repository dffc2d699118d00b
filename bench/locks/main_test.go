package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dcq-go/dcq/bench/internal/diskcache"
	"github.com/dcq-go/dcq/bench/internal/measure"
	"github.com/dcq-go/dcq/bench/internal/report"
	"github.com/dcq-go/dcq/bench/internal/results"
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
	only := regexp.MustCompile(`^(uncontended|turns|hand-over)/(dcq|raw|gofrs-flock)$`)
	if err := run(t.Context(), 10, only, name, &out); err != nil {
		t.Fatal(err)
	}
	for peer, want := range map[string]int{dcqName: 3, flockName: 3, rawName: 1} {
		if got := strings.Count(out.String(), "| "+peer+" "); got != want {
			t.Errorf("%d rows of %s, want %d; the output is\n%s", got, peer, want, out.String())
		}
	}
	if strings.Contains(out.String(), "0.00 us") {
		t.Errorf("something took no time; the output is\n%s", out.String())
	}
	kept, err := results.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	samples := map[string]int{}
	for _, r := range kept.Records {
		if samples[r.Part+"/"+r.Peer] += len(r.Samples); r.Note == "" {
			t.Errorf("a record of %s does not say how it was measured", r.Peer)
		}
		if len(r.Samples) > 0 && slices.Min(r.Samples) <= 0 {
			t.Errorf("%s of %s took no time: %v", r.Part, r.Peer, r.Samples)
		}
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

// What is not here has a row that says why, and is kept so for the page.
func TestMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv(diskcache.Path, "")
	name := filepath.Join(t.TempDir(), "out.jsonl")
	var out strings.Builder
	if err := run(t.Context(), 1, regexp.MustCompile(`^((uncontended|waiters)/(redislock|diskcache)|commands/sem)$`), name, &out); err != nil {
		t.Fatal(err)
	}
	kept, err := results.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ part, peer, want string }{
		{"uncontended", redislockName, "redis-server not found"}, {"waiters", redislockName, "redis-server not found"},
		{"uncontended", diskcacheName, "DISKCACHE_PATH is not set"}, {"commands", "sem", "sem not found"},
	} {
		if got := kept.Fault(c.part, c.peer); got != c.want || !strings.Contains(out.String(), c.want) {
			t.Errorf("Fault(%s, %s) = %q, want %q; the output is\n%s", c.part, c.peer, got, c.want, out.String())
		}
	}
}

// What is kept of waiters is what the page shows, a server's part of it if there is one.
func TestLogCrowd(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out.jsonl")
	log, err := measure.Create(name, measure.Facts{})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{Bench: &measure.Bench{Log: log}}
	for _, p := range []*peer{{name: "with", servers: []int{1}}, {name: "without"}} {
		if err := b.logCrowd("waiters", p, 0, &idling{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	kept, err := results.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	if err := report.Locks.PartTable(kept, "waiters").Print(&table); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| waiters cpu | servers cpu | pair    | pair beside waiters |",
		"| with    | 0.00 ms/s   | 0.00 ms/s   | 0.00 us | 0.00 us             |",
		"| without | 0.00 ms/s   |             | 0.00 us | 0.00 us             |",
	} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table has no %q:\n%s", want, table.String())
		}
	}
}

// A command ends with its context; one that fails says why.
func TestCommandEnds(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	c := &command{name: "hang", argv: []string{"sh", "-c", "exec sleep 60"}}
	if err := c.run(ctx); err == nil || !strings.HasPrefix(err.Error(), "hang: signal: killed: ") {
		t.Errorf("run of a command that hangs = %v, want that it was killed", err)
	}
	c.argv = []string{"sh", "-c", "echo why >&2; exit 3"}
	if err := c.run(t.Context()); err == nil || err.Error() != "hang: exit status 3: why" {
		t.Errorf("run of a command that fails = %v, want how it ended and what it wrote", err)
	}
}

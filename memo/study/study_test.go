package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func byName(t *testing.T, all []*trace) func(name string) *trace {
	return func(name string) *trace {
		t.Helper()
		for _, r := range all {
			if r.name == name {
				return r
			}
		}
		t.Fatalf("there is no %q", name)
		return nil
	}
}

// What the study shows, with several seeds: once there is a page, no caller of memo.Func
// waits, one renders at a time, also at the beginning, and less is rendered than with
// DiskCache's ways in which nobody waits.
func TestClaims(t *testing.T) {
	t.Parallel()
	for seed := uint64(1); seed <= 20; seed++ {
		way := byName(t, simulateAll(landing, seed))
		stale, plain := way("memo.Func with Stale"), way("memo.Func")
		for _, r := range []*trace{stale, plain} {
			if n, _ := r.waited(1); n != 0 || r.most() != 1 {
				t.Errorf("seed %d: %s: %d waited when warm, %d renders at a time", seed, r.name, n, r.most())
			}
		}
		one := way("DiskCache memoize_stampede, beta 1")
		if len(plain.renders) >= len(one.renders) {
			t.Errorf("seed %d: memo.Func renders %d times, DiskCache with the same beta %d times", seed, len(plain.renders), len(one.renders))
		}
		for _, r := range []*trace{one, way("DiskCache memoize_stampede, beta 0.5"), way("DiskCache memoize_stampede, beta 0.3")} {
			if r.most() < landing.workers {
				t.Errorf("seed %d: %s renders at most %d at a time when there is nothing", seed, r.name, r.most())
			}
			if len(stale.renders) >= len(r.renders) {
				t.Errorf("seed %d: memo.Func with Stale renders %d times, %s %d times", seed, len(stale.renders), r.name, len(r.renders))
			}
		}
	}
}

// The simulation of DiskCache's ways gives what its documentation shows.
func TestAsPublished(t *testing.T) {
	t.Parallel()
	way := byName(t, simulateAll(landing, 1))
	for _, c := range []struct {
		name        string
		least, most int // renders after the first
		atATime     int
	}{
		{"nothing", 450, 500, 10},
		{"DiskCache memoize", 70, 90, 10},                    // 8 spikes to 10
		{"DiskCache memoize, barrier, memoize", 8, 9, 1},     // 1, nine times
		{"DiskCache memoize_stampede, beta 1", 25, 35, 10},   // about 30
		{"DiskCache memoize_stampede, beta 0.5", 12, 20, 10}, // about 17
	} {
		r := way(c.name)
		later := 0
		for _, s := range r.renders {
			if s.begin > 0 {
				later++
			}
		}
		if later < c.least || later > c.most || r.most() != c.atATime {
			t.Errorf("%s: %d renders after the first, want %d to %d; %d at a time, want %d", c.name, later, c.least, c.most, r.most(), c.atATime)
		}
	}
	if n, _ := way("DiskCache memoize_stampede, beta 0.3").waited(1); n == 0 {
		t.Error("with beta 0.3 nobody waits")
	}
}

// The drawing in the repository is the one that the command makes.
func TestDrawing(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "landing.svg")
	var out bytes.Buffer
	if err := study(t.Context(), &out, file, 1, false); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "\n"); n != 9 {
		t.Errorf("the table has %d lines:\n%s", n, out.String())
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../../docs/memo-landing.svg")
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("docs/memo-landing.svg is not what comes of it, %v; run go run ./memo/study", err)
	}
}

// For real, too, one renders at a time, however many openings of the store ask.
func TestForReal(t *testing.T) {
	t.Parallel()
	short := scene{workers: 10, render: 5 * time.Millisecond, ttl: 50 * time.Millisecond, pause: time.Millisecond, length: 400 * time.Millisecond}
	all, err := runAll(t.Context(), short)
	if err != nil {
		t.Fatal(err)
	}
	way := byName(t, all)
	for _, name := range []string{"memo.Func", "memo.Func with Stale"} {
		if r := way(name); r.most() != 1 || len(r.answers) == 0 {
			t.Errorf("%s: %d renders at a time, %d answers", name, r.most(), len(r.answers))
		}
	}
	way("DiskCache memoize")
}

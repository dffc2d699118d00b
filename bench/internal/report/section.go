// Package report makes tables, plots and pages of what the benchmarks have kept.
//
// A [Section] says how the results of a program are shown, and what they are to reach. A
// part that it does not know is shown all the same.
package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dcq-go/dcq/bench/internal/measure"
	"github.com/dcq-go/dcq/bench/internal/results"
)

// Section is how the results of one program are shown.
type Section struct {
	Name  string // of the program, and of its file of results
	Parts []Part
	Goals []Goal

	// Shape brings records into the form that this package knows: one of each peer in each
	// round of a part. Nil leaves them as they are.
	Shape func(*results.Run) *results.Run
}

// Part is how one part is shown. Only the name is needed.
type Part struct {
	Name    string
	Title   string
	Text    string   // below the title: what was measured
	Metrics []string // columns; the first is compared. None means all that there are
	Base    string   // the peer that others are compared to. Empty means dcq, or else the first
}

const dcq = "dcq"

// Of returns the section of a program. One that nothing is known of shows what there is.
func Of(name string) *Section {
	for _, s := range []*Section{Queues, KV, Locks} {
		if s.Name == name {
			return s
		}
	}
	return &Section{Name: name}
}

func (s *Section) shaped(run *results.Run) *results.Run {
	if s.Shape == nil {
		return run
	}
	return s.Shape(run)
}

// parts returns the parts that are in a run: in the order of the section, then the rest.
// One of which nothing was measured, only why not, is not shown.
func (s *Section) parts(run *results.Run) (parts []Part) {
	measured := run.Parts()
	for _, p := range s.Parts {
		if slices.Contains(measured, p.Name) {
			parts = append(parts, p.complete(run))
		}
	}
	for _, name := range measured {
		known := func(p Part) bool { return p.Name == name }
		if !slices.ContainsFunc(s.Parts, known) {
			parts = append(parts, Part{Name: name}.complete(run))
		}
	}
	return slices.DeleteFunc(parts, func(p Part) bool { return len(p.Metrics) == 0 })
}

// complete fills in what a part leaves out.
func (p Part) complete(run *results.Run) Part {
	if p.Title == "" {
		p.Title = p.Name
	}
	if p.Metrics == nil {
		p.Metrics = run.Metrics(p.Name)
	}
	if peers := run.Peers(p.Name); p.Base == "" && slices.Contains(peers, dcq) {
		p.Base = dcq
	} else if p.Base == "" {
		p.Base = peers[0]
	}
	return p
}

// PartTable returns the table of one part of a run.
func (s *Section) PartTable(run *results.Run, name string) *measure.Table {
	run = s.shaped(run)
	for _, p := range s.parts(run) {
		if p.Name == name {
			return p.table(run)
		}
	}
	return &measure.Table{}
}

// PeerTable has the notes of what was measured: how the peers were used.
func PeerTable(run *results.Run) *measure.Table {
	t := &measure.Table{Title: "Peers", Columns: []string{"", "settings"}}
	seen := map[string]bool{}
	for _, r := range run.Records {
		if r.Note != "" && !seen[r.Peer] {
			seen[r.Peer] = true
			t.Add(r.Peer, r.Note)
		}
	}
	return t
}

func (p Part) table(run *results.Run) *measure.Table {
	t := &measure.Table{Title: p.Title, Columns: []string{""}}
	for _, m := range p.Metrics {
		t.Columns = append(t.Columns, results.Label(m))
	}
	if len(p.Metrics) > 0 {
		t.Columns = append(t.Columns, fmt.Sprintf("%s to %s", results.Label(p.Metrics[0]), p.Base))
	}
	for _, peer := range run.Peers(p.Name) {
		t.Add(p.row(run, peer)...)
	}
	return t
}

func (p Part) row(run *results.Run, peer string) []string {
	row := []string{peer}
	known := false
	for _, m := range p.Metrics {
		cell := ""
		if f := run.Figure(results.Point{Part: p.Name, Peer: peer, Metric: m}); f.Known() {
			known = true
			cell = results.Show(m, f.Median)
		}
		row = append(row, cell)
	}
	fault := run.Fault(p.Name, peer)
	if !known {
		return append(row, fault)
	}
	ratio := showRatio(run.Ratio(results.Point{Part: p.Name, Peer: peer, Metric: p.Metrics[0]},
		results.Point{Part: p.Name, Peer: p.Base, Metric: p.Metrics[0]}), peer != p.Base)
	if fault != "" {
		ratio = strings.TrimPrefix(ratio+"; "+fault, "; ")
	}
	return append(row, ratio)
}

// showRatio shows a ratio, and between what the rounds lay if it is asked for and they
// differ.
func showRatio(f results.Figure, spread bool) string {
	if !f.Known() {
		return ""
	}
	low, high := measure.Ratio(1, f.Low), measure.Ratio(1, f.High)
	if !spread || low == high {
		return measure.Ratio(1, f.Median)
	}
	return fmt.Sprintf("%s (%s to %s)", measure.Ratio(1, f.Median), low, high)
}

package report

import (
	"fmt"

	"github.com/dcq-go/dcq/bench/internal/measure"
	"github.com/dcq-go/dcq/bench/internal/results"
)

// Goal is what a figure, or a ratio of two, is to reach.
type Goal struct {
	Name    string
	Of      results.Point
	Over    results.Point // zero if the figure itself counts
	AtLeast float64       // one of the two is 0
	AtMost  float64
}

// measured returns the figure or the ratio.
func (g Goal) measured(run *results.Run) results.Figure {
	if g.Over == (results.Point{}) {
		return run.Figure(g.Of)
	}
	return run.Ratio(g.Of, g.Over)
}

// verdict says whether a figure reaches the goal, else by how much it does not.
func (g Goal) verdict(v float64) string {
	switch {
	case g.AtLeast > 0 && v < g.AtLeast:
		return "no: " + percent(1-v/g.AtLeast) + " below"
	case g.AtMost > 0 && v > g.AtMost:
		return "no: " + percent(v/g.AtMost-1) + " above"
	}
	return "yes"
}

func percent(v float64) string {
	if v < 0.005 {
		return "less than 1 %"
	}
	return fmt.Sprintf("%.0f %%", 100*v)
}

// at names something that is measured.
func at(part, peer, metric string) results.Point {
	return results.Point{Part: part, Peer: peer, Metric: metric}
}

func (g Goal) show(v float64) string {
	if g.Over == (results.Point{}) {
		return results.Show(g.Of.Metric, v)
	}
	return measure.Ratio(1, v)
}

func (g Goal) bound() string {
	if g.AtLeast > 0 {
		return "at least " + g.show(g.AtLeast)
	}
	return "at most " + g.show(g.AtMost)
}

// GoalTable has the goals of what was measured.
func (s *Section) GoalTable(run *results.Run) *measure.Table {
	t := &measure.Table{Title: "Goals", Columns: []string{"", "goal", "measured", "rounds", "reached"}}
	for _, g := range s.Goals {
		f := g.measured(run)
		if !f.Known() {
			continue
		}
		t.Add(g.Name, g.bound(), g.show(f.Median), fmt.Sprintf("%s to %s", g.show(f.Low), g.show(f.High)), g.verdict(f.Median))
	}
	return t
}

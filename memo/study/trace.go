package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// trace is what happened. Times are since the beginning.
type trace struct {
	name    string
	answers []span // from question to answer
	renders []span
}

type span struct{ begin, end time.Duration }

func (s span) length() time.Duration { return s.end - s.begin }

// step is a time at which the number of renders under way changes.
type step struct {
	at time.Duration
	n  int // from then on
}

// steps returns how many renders were under way when.
func (t *trace) steps() (steps []step) {
	for _, s := range t.renders {
		steps = append(steps, step{s.begin, 1}, step{s.end, -1})
	}
	slices.SortFunc(steps, func(a, b step) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.n, b.n)) })
	n := 0
	for i := range steps {
		n += steps[i].n
		steps[i].n = n
	}
	return steps
}

// most is how many renders were under way at a time.
func (t *trace) most() (most int) {
	for _, s := range t.steps() {
		most = max(most, s.n)
	}
	return most
}

// warm returns the answers to questions that were asked when there had been a page.
func (t *trace) warm() (warm []span) {
	if len(t.renders) == 0 {
		return nil
	}
	first := slices.MinFunc(t.renders, func(a, b span) int { return cmp.Compare(a.end, b.end) }).end
	for _, s := range t.answers {
		if s.begin > first {
			warm = append(warm, s)
		}
	}
	return warm
}

// waited returns how many waited for at least so long who asked when there had been a
// page, and for how long at most.
func (t *trace) waited(least time.Duration) (n int, most time.Duration) {
	for _, s := range t.warm() {
		if s.length() >= least {
			n++
		}
		most = max(most, s.length())
	}
	return n, most
}

func writeTable(w io.Writer, sc scene, all []*trace) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "answers\trenders\tat a time\twaited when warm\tat most\t  way\t")
	for _, r := range all {
		n, most := r.waited(sc.render / 2)
		fmt.Fprintf(t, "%d\t%d\t%d\t%d\t%v\t  %s\t\n", len(r.answers), len(r.renders), r.most(), n, most.Round(time.Millisecond), r.name)
	}
	t.Flush()
}

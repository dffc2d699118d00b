package report

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"

	"github.com/dcq-go/dcq/bench/internal/results"
)

// The measures of a plot, in pixels.
const (
	plotWidth  = 720
	plotLeft   = 130 // for the names
	plotRight  = 190 // for the figures
	plotTop    = 34  // for the title
	plotRow    = 26
	plotBottom = 26 // for the axis
	plotBar    = 14
)

// bar is what a plot shows of a peer: a figure, and for times another percentile.
type bar struct {
	name       string
	from, to   float64 // to is 0 if there is only one
	label      string
	emphasized bool
}

// plot draws a part: times as lines from the p50 to a high percentile over a logarithmic
// axis, other figures as bars from 0. It is empty if there is nothing to compare.
func (p Part) plot(run *results.Run) string {
	if len(p.Metrics) == 0 {
		return ""
	}
	metric, high := p.Metrics[0], ""
	times := metric == "p50"
	if times {
		high = p.highest()
	}
	var bars []bar
	for _, peer := range run.Peers(p.Name) {
		f := run.Figure(results.Point{Part: p.Name, Peer: peer, Metric: metric})
		if !f.Known() || times && f.Median <= 0 { // which has no place on a logarithmic axis
			continue
		}
		b := bar{name: peer, from: f.Median, label: results.Show(metric, f.Median), emphasized: peer == p.Base}
		if to := run.Figure(results.Point{Part: p.Name, Peer: peer, Metric: high}); to.Known() {
			b.to = to.Median
			b.label += ", " + high + " " + results.Show(high, b.to)
		}
		bars = append(bars, b)
	}
	if len(bars) < 2 {
		return ""
	}
	title := p.Title + ": " + results.Label(metric)
	if high != "" {
		title += " to " + high
	}
	return draw(title, bars, times)
}

// highest is the highest percentile among the columns.
func (p Part) highest() string {
	var all []string
	for _, m := range p.Metrics {
		if strings.HasPrefix(m, "p9") {
			all = append(all, m)
		}
	}
	if len(all) == 0 {
		return ""
	}
	return slices.Max(all) // p99.9 after p99
}

// draw draws the bars, lines of times if they are such.
func draw(title string, bars []bar, times bool) string {
	height := plotTop + plotRow*len(bars) + plotBottom
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" font-family="sans-serif" font-size="12">`+"\n", plotWidth, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", plotWidth, height)
	text(&b, 10, 20, "start", "#111", title)
	x := scale(bars, times)
	if times {
		drawAxis(&b, bars, x, height)
	}
	for i, bar := range bars {
		y := float64(plotTop + plotRow*i + plotRow/2)
		color := "#8a94a0"
		if bar.emphasized {
			color = "#1769aa"
		}
		text(&b, plotLeft-10, y+4, "end", "#111", bar.name)
		end := x(max(bar.from, bar.to))
		if times {
			fmt.Fprintf(&b, `<path d="M%.1f %.1fH%.1f" stroke="%s" stroke-width="4"/>`+"\n", x(bar.from), y, end, color)
			fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="5" fill="%s"/>`+"\n", x(bar.from), y, color)
		} else {
			fmt.Fprintf(&b, `<rect x="%d" y="%.1f" width="%.1f" height="%d" fill="%s"/>`+"\n", plotLeft, y-plotBar/2, end-plotLeft, plotBar, color)
		}
		text(&b, end+8, y+4, "start", "#444", bar.label)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func text(b *strings.Builder, x, y float64, anchor, color, s string) {
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="%s" fill="%s">%s</text>`+"\n", x, y, anchor, color, html.EscapeString(s))
}

// bounds are the powers of ten between which all times are.
func bounds(bars []bar) (low, high float64) {
	low, high = math.Inf(1), 0
	for _, b := range bars {
		low, high = min(low, b.from), max(high, b.from, b.to)
	}
	return math.Floor(math.Log10(low)), math.Ceil(math.Log10(high))
}

// scale returns where a figure is.
func scale(bars []bar, times bool) func(float64) float64 {
	const width = plotWidth - plotLeft - plotRight
	if times {
		low, high := bounds(bars)
		return func(v float64) float64 { return plotLeft + width*(math.Log10(v)-low)/max(high-low, 1) }
	}
	most := math.SmallestNonzeroFloat64 // else bars of 0 would be divided by 0
	for _, b := range bars {
		most = max(most, b.from)
	}
	return func(v float64) float64 { return plotLeft + width*v/most }
}

// drawAxis draws a line at each power of ten.
func drawAxis(b *strings.Builder, bars []bar, x func(float64) float64, height int) {
	low, high := bounds(bars)
	for e := low; e <= high; e++ {
		v := math.Pow(10, e)
		fmt.Fprintf(b, `<path d="M%.1f %dV%d" stroke="#ddd"/>`+"\n", x(v), plotTop, height-plotBottom)
		text(b, x(v), float64(height-plotBottom+14), "middle", "#777", power(e))
	}
}

// power names 10 to the e nanoseconds.
func power(e float64) string {
	i := max(int(e), 0)
	unit := []string{"ns", "us", "ms", "s"}[min(i/3, 3)]
	return fmt.Sprintf("%.0f %s", math.Pow(10, float64(i-3*min(i/3, 3))), unit)
}

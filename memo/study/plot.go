package main

import (
	"bytes"
	"fmt"
	"time"
)

// Sizes of the drawing, in pixels.
const (
	margin   = 20
	chart    = 380 // wide
	height   = 64  // of a chart
	row      = height + 42
	gap      = 60 // between the two charts of a row
	mostSeen = 12 // renders at the top of a chart
	longest  = 500 * time.Millisecond
)

// drawing is an SVG file in the making.
type drawing struct {
	bytes.Buffer
	scene scene
}

// plot draws how many renders were under way, and how long each answer took, a row for
// each way.
func plot(sc scene, all []*trace) []byte {
	d := &drawing{scene: sc}
	width, tall := 2*margin+2*chart+gap+30, margin+len(all)*row+20
	d.printf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="11">`, width, tall, width, tall)
	d.printf(`<rect width="100%%" height="100%%" fill="white"/>`)
	for i, t := range all {
		y := margin + i*row
		n, most := t.waited(sc.render / 2)
		d.text(margin, y+8, fmt.Sprintf("%s: %d renders, %d at a time at most", t.name, len(t.renders), t.most()))
		d.text(margin+chart+gap, y+8, fmt.Sprintf("latency: %d waited when warm, %v at most", n, most.Round(time.Millisecond)))
		d.renders(margin, y+14, t)
		d.latencies(margin+chart+gap, y+14, t)
	}
	d.printf(`</svg>`)
	return d.Bytes()
}

func (d *drawing) printf(format string, args ...any) { fmt.Fprintf(d, format+"\n", args...) }

func (d *drawing) text(x, y int, s string) { d.printf(`<text x="%d" y="%d">%s</text>`, x, y, s) }

// frame draws an empty chart, with the name of its top.
func (d *drawing) frame(x, y int, top string) {
	d.printf(`<rect x="%d" y="%d" width="%d" height="%d" fill="#f6f6f6" stroke="#ccc"/>`, x, y, chart, height)
	d.printf(`<text x="%d" y="%d" fill="#888" font-size="9">%s</text>`, x+chart+3, y+8, top)
	for s := range int(d.scene.length/time.Second) + 1 {
		d.printf(`<text x="%.0f" y="%d" fill="#888" font-size="9" text-anchor="middle">%d s</text>`, d.x(x, time.Duration(s)*time.Second), y+height+10, s)
	}
}

// x is where a time is.
func (d *drawing) x(left int, at time.Duration) float64 {
	return float64(left) + chart*float64(min(at, d.scene.length))/float64(d.scene.length)
}

// renders draws the number of renders under way as stairs.
func (d *drawing) renders(x, y int, t *trace) {
	d.frame(x, y, fmt.Sprint(mostSeen))
	level := func(n int) int { return y + height - min(n, mostSeen)*height/mostSeen }
	var path bytes.Buffer
	fmt.Fprintf(&path, "M%d %d", x, level(0))
	for _, s := range t.steps() {
		fmt.Fprintf(&path, "H%.1fV%d", d.x(x, s.at), level(s.n))
	}
	d.printf(`<path d="%sH%dV%dZ" fill="#4a7ab5"/>`, path.String(), x+chart, level(0))
}

// latencies draws a line up for each answer that was not there at once.
func (d *drawing) latencies(x, y int, t *trace) {
	d.frame(x, y, longest.String())
	var path bytes.Buffer
	for _, s := range t.answers {
		if up := float64(min(s.length(), longest)) * height / float64(longest); up >= 0.5 {
			fmt.Fprintf(&path, "M%.1f %dv-%.1f", d.x(x, s.begin), y+height, up)
		}
	}
	if path.Len() > 0 {
		d.printf(`<path d="%s" stroke="#b5524a"/>`, path.String())
	}
}

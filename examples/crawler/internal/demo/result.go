package demo

import (
	"fmt"
	"strings"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
	"github.com/dcq-go/dcq/examples/crawler/internal/proof"
	"github.com/dcq-go/dcq/examples/crawler/internal/report"
)

// Result is the outcome of a demonstration.
type Result struct {
	URLs   int            `json:"urls"`  // of the sites that are directories, as the files say
	Links  int            `json:"links"` // likewise, repeated ones each time
	Runs   []frontier.Run `json:"runs"`
	Kill   *Kill          `json:"kill"`
	Checks []proof.Check  `json:"checks"`

	// Memory is the most that a worker had resident, in bytes, 0 if unknown, and
	// CPU the time that all workers took together.
	Memory int64         `json:"memory"`
	CPU    time.Duration `json:"cpu"`

	second time.Time // when the second run began
}

// Pass reports whether every check has passed.
func (r *Result) Pass() bool {
	for _, c := range r.Checks {
		if !c.Pass {
			return false
		}
	}
	return len(r.Checks) > 0
}

// usage adds what the workers of a run used. They have ended.
func (r *Result) usage(c *crew) {
	for _, w := range c.workers {
		memory, cpu := w.Usage()
		r.Memory = max(r.Memory, memory)
		r.CPU += cpu
	}
}

// String returns the checks and the figures, for people.
func (r *Result) String() string {
	var b strings.Builder
	for _, c := range r.Checks {
		fmt.Fprintln(&b, c)
	}
	b.WriteByte('\n')
	for _, run := range r.Runs {
		took := run.Ended.Sub(run.Started)
		c := run.Counts
		fmt.Fprintf(&b, "run %d: %d URLs in %v, %.0f/s; %d requests, %d pages read, %s, %.1f MB/s; %d links, %.1f%% of them known; %d retries\n",
			run.Number, c.Decided(), took.Round(10*time.Millisecond), float64(c.Decided())/took.Seconds(),
			c.Requests, c.Stored, report.Bytes(c.Bytes), float64(c.Bytes)/1e6/took.Seconds(),
			c.Links, 100*float64(c.Duplicates)/float64(max(c.Links, 1)), c.Retries)
	}
	if k := r.Kill; k != nil {
		fmt.Fprintf(&b, "kill: %d jobs in flight, given back after %.2f ms, taken over after %.0f ms\n",
			len(k.Jobs), k.Back.Seconds()*1e3, k.Taken.Seconds()*1e3)
	}
	fmt.Fprintf(&b, "workers: %s resident at most, %v of processor time together\n", report.Bytes(r.Memory), r.CPU.Round(10*time.Millisecond))
	if r.Pass() {
		b.WriteString("\nPASS\n")
	} else {
		b.WriteString("\nFAIL\n")
	}
	return b.String()
}

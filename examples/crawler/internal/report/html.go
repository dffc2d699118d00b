package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
)

//go:embed summary.html
var summaryText string

var summaryTemplate = template.Must(template.New("summary").Funcs(template.FuncMap{
	"bytes":    Bytes,
	"percent":  func(share float64) string { return fmt.Sprintf("%.1f%%", 100*share) },
	"when":     func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
	"millis":   func(d time.Duration) string { return d.Round(time.Millisecond / 10).String() },
	"took":     took,
	"rate":     rate,
	"line":     func(s frontier.Status) string { return Line(s, frontier.Status{}) },
	"decided":  frontier.Counts.Decided,
	"fraction": fraction,
}).Parse(summaryText))

// HTML writes a summary as a page that needs nothing but itself.
func HTML(w io.Writer, s Summary) error {
	var b strings.Builder // so that a fault writes nothing
	if err := summaryTemplate.Execute(&b, s); err != nil {
		return fmt.Errorf("make the report: %w", err)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// took is how long a run took, or has been going on.
func took(r frontier.Run, now time.Time) time.Duration {
	if r.Ended.IsZero() {
		return now.Sub(r.Started).Round(10 * time.Millisecond)
	}
	return r.Ended.Sub(r.Started).Round(10 * time.Millisecond)
}

// rate is the visits of a run in a second.
func rate(r frontier.Run, now time.Time) string {
	seconds := max(took(r, now).Seconds(), 1e-3)
	return fmt.Sprintf("%.0f", float64(r.Counts.Decided())/seconds)
}

func fraction(part, whole int64) string {
	if whole == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f%%", 100*float64(part)/float64(whole))
}

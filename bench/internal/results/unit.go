package results

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/dcq-go/dcq/bench/internal/measure"
)

// units are the ends of the names of metrics, and what they mean. A name without one is
// that of a plain number.
var units = []struct {
	suffix, shown string
	show          func(float64) string
}{
	{"_ns_per_s", "", func(v float64) string { return fmt.Sprintf("%.2f ms/s", v/1e6) }},
	{"_per_s", "/s", number},
	{"_ns", "", func(v float64) string { return measure.Show(time.Duration(v)) }},
	{"_mib", "", func(v float64) string { return fmt.Sprintf("%.1f MiB", v) }},
	{"", "", number},
}

// Label is the heading for a metric.
func Label(metric string) string {
	if isTime(metric) {
		return metric
	}
	for _, u := range units {
		if name, ok := strings.CutSuffix(metric, u.suffix); ok {
			return strings.ReplaceAll(name, "_", " ") + u.shown
		}
	}
	return metric
}

// Show shows a value of a metric, with its unit.
func Show(metric string, v float64) string {
	if isTime(metric) {
		return measure.Show(time.Duration(v))
	}
	for _, u := range units {
		if strings.HasSuffix(metric, u.suffix) {
			return u.show(v)
		}
	}
	return number(v)
}

// isTime reports whether a metric is one of samples, which are times.
func isTime(metric string) bool {
	_, err := percent(metric)
	return err == nil || metric == "mean" || metric == "max"
}

// number shows a number with three digits that count, large ones with all, in groups.
func number(v float64) string {
	if math.Abs(v) < 100 {
		return fmt.Sprintf("%.3g", v)
	}
	digits := fmt.Sprintf("%.0f", v)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
)

// Line returns the state of the crawl on one line. With an earlier state, rates are
// those since then, and there is an estimate of the time left if the queue has
// become shorter; the zero Status stands for none.
func Line(now, before frontier.Status) string {
	c := now.Run.Counts
	parts := []string{fmt.Sprintf("run %d: %d visited, %d queued, %d in flight", now.Run.Number, c.Decided(), waiting(now), now.Queue.Leased)}
	if bad := c.Failed + c.GaveUp; bad > 0 {
		parts[0] += fmt.Sprintf(", %d failed", bad)
	}
	since, from := now.Run.Started, frontier.Counts{}
	if !before.At.IsZero() && before.Run.Number == now.Run.Number {
		since, from = before.At, before.Run.Counts
	}
	if now.Run.Ended.IsZero() {
		parts = append(parts, rates(now.At.Sub(since), from, c))
	} else {
		parts = append(parts, rates(now.Run.Ended.Sub(now.Run.Started), frontier.Counts{}, c)+", finished")
	}
	hosts := fmt.Sprintf("%d hosts", now.Hosts.Known)
	if now.Hosts.Snoozed > 0 {
		hosts += fmt.Sprintf(", %d snoozed", now.Hosts.Snoozed)
	}
	if now.Hosts.Closed > 0 {
		hosts += fmt.Sprintf(", %d closed", now.Hosts.Closed)
	}
	parts = append(parts, hosts)
	if now.Processes > 0 {
		parts = append(parts, fmt.Sprintf("%d processes", now.Processes))
	}
	if d := now.Queue.OldestReady; d >= time.Second {
		parts = append(parts, "oldest ready for "+d.Round(time.Second).String())
	}
	if left, ok := timeLeft(now, before); ok {
		parts = append(parts, "about "+left.Round(time.Second).String()+" left")
	}
	return strings.Join(parts, "; ")
}

func waiting(s frontier.Status) int64 { return s.Queue.Ready + s.Queue.Delayed + s.Queue.Blocked }

func rates(d time.Duration, from, to frontier.Counts) string {
	seconds := max(d.Seconds(), 1e-3)
	return fmt.Sprintf("%.0f pages/s, %.1f MB/s", float64(to.Decided()-from.Decided())/seconds, float64(to.Bytes-from.Bytes)/1e6/seconds)
}

// timeLeft is how long the queue lasts if it goes on becoming shorter like this.
func timeLeft(now, before frontier.Status) (time.Duration, bool) {
	if before.At.IsZero() || before.Run.Number != now.Run.Number {
		return 0, false
	}
	shorter := before.Queue.Live() - now.Queue.Live()
	if shorter <= 0 || now.Queue.Live() == 0 {
		return 0, false
	}
	return time.Duration(float64(now.At.Sub(before.At)) * float64(now.Queue.Live()) / float64(shorter)), true
}

// Bytes returns a size for people, in decimal units.
func Bytes(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d B", n)
}

//go:build unix

package sync_test

import (
	"context"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/store"
	dsync "github.com/dcq-go/dcq/sync"
)

func init() { children["take turns"] = takeTurns }

// The benchmarks here measure what happens between processes. Times of different
// processes are compared by the clock that they share.

// reportTimes reports percentiles of durations, in microseconds.
func reportTimes(b *testing.B, of string, samples []int64) {
	b.Helper()
	slices.Sort(samples)
	at := func(p float64) float64 {
		return float64(samples[min(int(p*float64(len(samples))), len(samples)-1)]) / 1e3
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(at(0.5), of+"-p50-us")
	b.ReportMetric(at(0.99), of+"-p99-us")
	b.ReportMetric(at(1), of+"-max-us")
}

// openTwice opens a lock, whose holder has to extend its lease often, and another one.
func openTwice(ctx context.Context, dir string) (db *store.DB, l, other *dsync.Lock, err error) {
	if db, err = store.Open(ctx, dir, store.Options{}); err != nil {
		return nil, nil, nil, err
	}
	if l, err = dsync.OpenLock(ctx, db, "x", dsync.Options{Lease: 3 * time.Second}); err != nil {
		return nil, nil, nil, err
	}
	other, err = dsync.OpenLock(ctx, db, "other", dsync.Options{})
	return db, l, other, err
}

func benchLocks(b *testing.B) (db *store.DB, l, other *dsync.Lock) {
	b.Helper()
	db, l, other, err := openTwice(b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	return db, l, other
}

// takeTurns acquires the lock, says when it had it, and releases it when told, again
// and again. Asked, it says the CPU time that it has used.
func takeTurns(c *proctest.Child) error {
	ctx := context.Background()
	_, l, _, err := openTwice(ctx, c.Args[0])
	if err != nil {
		return err
	}
	commands := make(chan string)
	go func() {
		for {
			if command := c.Command(); command != "cpu" {
				commands <- command
				continue
			}
			var u unix.Rusage
			_ = unix.Getrusage(unix.RUSAGE_SELF, &u)
			c.Say("cpu %d", u.Utime.Nano()+u.Stime.Nano())
		}
	}()
	for {
		g, err := l.Acquire(ctx)
		if err != nil {
			return err
		}
		c.Say("has %d", sharedClock())
		<-commands
		if err := g.Release(ctx); err != nil {
			return err
		}
	}
}

// BenchmarkHandover measures the time from the call of Release until the next holder,
// in another process, runs.
func BenchmarkHandover(b *testing.B) {
	db, l, _ := benchLocks(b)
	g := must(b)(l.Acquire(b.Context()))
	child := proctest.Start(b, "take turns", db.Dir())
	samples := make([]int64, 0, b.N)
	for range b.N {
		waitForLine(b, db, "lock", "x", 1)
		began := sharedClock()
		release(b, g)
		samples = append(samples, has(b, child)-began)
		got := make(chan *dsync.Grant)
		go func() { got <- must(b)(l.Acquire(context.Background())) }()
		waitForLine(b, db, "lock", "x", 1)
		child.Send("release")
		g = <-got
	}
	reportTimes(b, "handover", samples)
	child.Kill()
	release(b, g)
}

// BenchmarkRescue measures the time from the SIGKILL of a holder until the next holder,
// in another process, runs.
func BenchmarkRescue(b *testing.B) {
	db, l, _ := benchLocks(b)
	samples := make([]int64, 0, b.N)
	for range b.N {
		child := proctest.Start(b, "take turns", db.Dir())
		has(b, child)
		had := make(chan int64)
		go func() {
			g := must(b)(l.Acquire(context.Background()))
			had <- sharedClock()
			release(b, g)
			had <- 0
		}()
		waitForLine(b, db, "lock", "x", 1)
		began := sharedClock()
		child.Signal(syscall.SIGKILL)
		samples = append(samples, <-had-began)
		<-had
		child.Kill()
	}
	reportTimes(b, "rescue", samples)
}

// BenchmarkWaiters measures what processes that wait for a lock cost its holder, who
// extends its lease every second, while it acquires and releases another lock, and while
// it does nothing.
func BenchmarkWaiters(b *testing.B) {
	for _, n := range []int{0, 64} {
		b.Run(fmt.Sprintf("waiting=%d", n), func(b *testing.B) {
			db, l, other := benchLocks(b)
			g := must(b)(l.Acquire(b.Context()))
			var waiting []*proctest.Process
			for i := range n {
				waiting = append(waiting, proctest.Start(b, "take turns", db.Dir()))
				waitForLine(b, db, "lock", "x", i+1)
			}
			b.Run("other", func(b *testing.B) {
				for b.Loop() {
					release(b, must(b)(other.Acquire(b.Context())))
				}
			})
			if n > 0 {
				b.Run("idle", func(b *testing.B) { benchIdle(b, waiting) })
			}
			for _, p := range waiting {
				p.Kill()
			}
			release(b, g)
		})
	}
}

// benchIdle reports how much CPU time each process uses in a second of waiting.
func benchIdle(b *testing.B, waiting []*proctest.Process) {
	cpu := func() (sum int64) {
		for _, p := range waiting {
			var ns int64
			p.Send("cpu")
			line, _ := p.Next()
			if _, err := fmt.Sscanf(line, "cpu %d", &ns); err != nil {
				b.Fatalf("a child said %q", line)
			}
			sum += ns
		}
		return sum
	}
	const pause = 5 * time.Second
	before := cpu()
	<-time.After(pause)
	used := cpu() - before
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(used)/1e3/pause.Seconds()/float64(len(waiting)), "cpu-us/s/process")
}

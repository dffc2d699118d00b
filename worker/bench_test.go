//go:build unix

package worker_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/worker"
	"golang.org/x/sys/unix"
)

// The benchmarks here measure what happens between processes. Times of different
// processes are compared by CLOCK_MONOTONIC, which they share.

func monotonic() time.Duration {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
	return time.Duration(ts.Nano())
}

// report reports percentiles of durations, in microseconds.
func report(b *testing.B, of string, samples []time.Duration) {
	b.Helper()
	slices.Sort(samples)
	at := func(p float64) float64 {
		return float64(samples[min(int(p*float64(len(samples))), len(samples)-1)]) / 1e3
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(at(0.5), of+"-p50-us")
	b.ReportMetric(at(0.99), of+"-p99-us")
	if len(samples) >= 1000 {
		b.ReportMetric(at(0.999), of+"-p99.9-us")
	}
	b.ReportMetric(float64(samples[len(samples)-1])/1e3, of+"-max-us")
}

func openQueue(ctx context.Context, dir string, durability store.Durability) (*store.DB, *queue.Queue[string], error) {
	db, err := store.Open(ctx, dir, store.Options{Durability: durability})
	if err != nil {
		return nil, nil, err
	}
	q, err := queue.Open(ctx, db, "q", queue.Options[string]{MaxCrashes: 1 << 20})
	return db, q, err
}

func benchQueue(b *testing.B, dir string) (*store.DB, *queue.Queue[string]) {
	b.Helper()
	db, q, err := openQueue(b.Context(), dir, store.Relaxed)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	return db, q
}

func waitForReceivers(b *testing.B, db *store.DB, n int) {
	b.Helper()
	for {
		list, err := queue.List(b.Context(), db)
		if err != nil {
			b.Fatal(err)
		}
		if len(list) == 1 && list[0].Waiting >= n {
			return
		}
	}
}

// echoChild is a pool that says when the handler of each job started.
func echoChild(c *proctest.Child) error {
	ctx := context.Background()
	db, q, err := openQueue(ctx, c.Args[0], store.Relaxed)
	if err != nil {
		return err
	}
	p, err := worker.New(db, worker.Options{Concurrency: 1})
	if err != nil {
		return err
	}
	err = worker.Handle(p, q, func(_ context.Context, j *queue.Job[string]) error {
		c.Say("%s %d", j.Payload, monotonic())
		return nil
	})
	if err != nil {
		return err
	}
	return p.Run(ctx)
}

// BenchmarkWake measures the time from the beginning of a push to the start of the
// handler in another process that waits, pushes 0.5 ms apart, relaxed.
func BenchmarkWake(b *testing.B) {
	dir := b.TempDir()
	db, q := benchQueue(b, dir)
	child := proctest.Start(b, "echo", dir)
	waitForReceivers(b, db, 1)
	samples := make([]time.Duration, 0, b.N)
	b.ResetTimer()
	for range b.N {
		began := monotonic()
		if _, err := q.Push(b.Context(), "x", queue.PushOptions{}); err != nil {
			b.Fatal(err)
		}
		said, _ := child.Next()
		at, err := strconv.ParseInt(strings.TrimPrefix(said, "x "), 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		samples = append(samples, time.Duration(at)-began)
		waitForReceivers(b, db, 1)
		for next := monotonic() + 500*time.Microsecond; monotonic() < next; {
		}
	}
	report(b, "wake", samples)
}

// holdChild receives a job and keeps it.
func holdChild(c *proctest.Child) error {
	ctx := context.Background()
	_, q, err := openQueue(ctx, c.Args[0], store.Relaxed)
	if err != nil {
		return err
	}
	j, err := q.Receive(ctx)
	if err != nil {
		return err
	}
	c.Say("holds %d", j.ID)
	c.Command()
	return nil
}

// BenchmarkRescue measures the time from the SIGKILL of a process to the start of
// the handler of its job in another.
func BenchmarkRescue(b *testing.B) {
	dir := b.TempDir()
	db, q := benchQueue(b, dir)
	started := make(chan time.Duration, 1)
	samples := make([]time.Duration, 0, b.N)
	for range b.N {
		holder := proctest.Start(b, "hold", dir)
		waitForReceivers(b, db, 1)
		if _, err := q.Push(b.Context(), "x", queue.PushOptions{}); err != nil {
			b.Fatal(err)
		}
		if said, ok := holder.Next(); !ok {
			b.Fatalf("the holder said %q and ended", said)
		}
		go func() {
			j, err := q.Receive(b.Context())
			now := monotonic()
			if err == nil {
				err = j.Ack(b.Context())
			}
			if err != nil {
				b.Error(err)
			}
			started <- now
		}()
		waitForReceivers(b, db, 1)
		began := monotonic()
		holder.Signal(syscall.SIGKILL)
		samples = append(samples, <-started-began)
		holder.Kill()
	}
	report(b, "rescue", samples)
}

// pushChild pushes for a time, from when it is told, and says how often, and how long each push took.
func pushChild(c *proctest.Child) error {
	ctx := context.Background()
	db, q, err := openQueue(ctx, c.Args[0], store.ByOperation)
	if err != nil {
		return err
	}
	c.Say("ready")
	at, err := strconv.ParseInt(c.Command(), 10, 64)
	if err != nil {
		return err
	}
	begin := time.Duration(at)
	<-time.After(begin - monotonic())
	payload := strings.Repeat("x", 100)
	var took []string
	for end := begin + 3*time.Second; ; {
		began := monotonic()
		if began > end {
			break
		}
		if _, err := q.Push(ctx, payload, queue.PushOptions{}); err != nil {
			return err
		}
		took = append(took, strconv.FormatInt(int64(monotonic()-began), 10))
	}
	c.Say("%s", strings.Join(took, " "))
	return db.Close()
}

// BenchmarkWriters measures 16 processes that push durably as fast as they can for
// three seconds.
func BenchmarkWriters(b *testing.B) {
	for range b.N {
		dir := b.TempDir()
		benchQueue(b, dir)
		var children []*proctest.Process
		for range 16 {
			children = append(children, proctest.Start(b, "push", dir))
		}
		for _, c := range children {
			c.Expect("ready")
		}
		begin := monotonic() + 200*time.Millisecond // nobody has it for himself
		for _, c := range children {
			c.Send(strconv.FormatInt(int64(begin), 10))
		}
		var samples []time.Duration
		var shares []int
		for _, c := range children {
			said, ok := c.Next()
			if !ok {
				b.Fatalf("a writer failed: %v", c.Wait())
			}
			fields := strings.Fields(said)
			shares = append(shares, len(fields))
			for _, f := range fields {
				ns, _ := strconv.ParseInt(f, 10, 64)
				samples = append(samples, time.Duration(ns))
			}
		}
		b.ReportMetric(float64(len(samples))/3, "push/s")
		b.ReportMetric(float64(slices.Min(shares))/float64(slices.Max(shares)), "slowest/fastest")
		report(b, "push", samples)
	}
}

// waitChild waits for jobs, acknowledges them, and says what CPU time it has used
// when asked.
func waitChild(c *proctest.Child) error {
	ctx := context.Background()
	_, q, err := openQueue(ctx, c.Args[0], store.Relaxed)
	if err != nil {
		return err
	}
	go func() {
		for {
			j, err := q.Receive(ctx)
			if err == nil {
				err = j.Ack(ctx)
			}
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			c.Say("done")
		}
	}()
	for {
		c.Command()
		c.Say("cpu %d", cpuTime())
	}
}

func cpuTime() time.Duration {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkHerd measures the CPU time, of all processes, that one push costs when 1
// or 64 processes wait for it.
func BenchmarkHerd(b *testing.B) {
	for _, n := range []int{1, 64} {
		b.Run(fmt.Sprint("waiting=", n), func(b *testing.B) {
			dir := b.TempDir()
			db, q := benchQueue(b, dir)
			said := make(chan string, n)
			var children []*proctest.Process
			for range n {
				c := proctest.Start(b, "wait", dir)
				children = append(children, c)
				go func() {
					for {
						line, ok := c.Next()
						if !ok {
							return
						}
						said <- line
					}
				}()
			}
			total := func() time.Duration {
				sum := cpuTime()
				for _, c := range children {
					c.Send("cpu")
					ns, _ := strconv.ParseInt(strings.TrimPrefix(<-said, "cpu "), 10, 64)
					sum += time.Duration(ns)
				}
				return sum
			}
			waitForReceivers(b, db, n)
			before := total()
			for range b.N {
				if _, err := q.Push(b.Context(), "x", queue.PushOptions{}); err != nil {
					b.Fatal(err)
				}
				<-said
			}
			b.ReportMetric(float64(total()-before)/float64(b.N)/1e3, "cpu-us/push")
		})
	}
}

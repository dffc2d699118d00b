package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/spf13/cobra"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

const (
	// popLease is renewed while a payload is being written, so a slow reader of
	// standard output does not lose the job.
	popLease = 30 * time.Second

	// popPage and popBytes bound what pop takes, prints and acknowledges at a time.
	popPage  = 100
	popBytes = 16 << 20
)

type pop struct {
	*app
	queue string
	n     int
	null  bool
	wait  durationFlag
}

func (a *app) popCommand() *cobra.Command {
	p := &pop{app: a}
	c := &cobra.Command{
		Use:   "pop QUEUE [options]",
		Short: "take jobs off for good and print their payloads",
		Long: `pop takes the next job off a queue and prints its payload. The job is gone only
after its payload was written: when standard output cannot take it (a closed pipe,
a full disk), or pop is killed, the job is back in the queue.

One payload is printed byte for byte, with a newline added only on a terminal; with
-n, each is followed by a newline. Of an empty queue pop prints nothing and returns
exit code 1; after waiting in vain, 124. To run a command for each job, and to have
failed ones retried, use dcq work.`,
		Example: `
  dcq pop mail                      the next payload
  dcq pop mail --wait 10s           wait for one up to 10 seconds
  dcq pop mail -n 100 > batch.txt   up to 100 payloads, a line each
  dcq pop mail --json               with its id, attempt, times`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeQueue,
		RunE: func(_ *cobra.Command, args []string) error {
			if p.n < 1 {
				return usagef("-n %d: want at least 1", p.n)
			}
			if p.null && p.json {
				return usagef("-0 and --json exclude each other")
			}
			p.queue = args[0]
			return p.withStore(makeStore, p.run)
		},
	}
	f := c.Flags()
	f.IntVarP(&p.n, "number", "n", 1, "take up to `N` jobs: those that are ready")
	f.BoolVarP(&p.null, "null", "0", false, "end each payload with NUL, not newline")
	f.Var(&p.wait, "wait", "wait up to `D` for the first job")
	return c
}

func (p *pop) run(ctx context.Context, db *store.DB) error {
	keepBrokenPipe()
	if p.wait == 0 {
		if err := queueExists(ctx, db, p.queue); err != nil {
			return err
		}
	}
	q, err := queue.Open(ctx, db, p.queue, queue.Options[[]byte]{})
	if err != nil {
		return err
	}
	for taken, page := 0, 1; taken < p.n; {
		jobs, err := p.receive(ctx, q, min(page, p.n-taken), taken == 0)
		if errors.Is(err, queue.ErrEmpty) && taken > 0 {
			return nil
		}
		if errors.Is(err, queue.ErrEmpty) {
			return answer(exitNegative)
		}
		if err != nil {
			return err
		}
		if err := p.handOver(ctx, db, jobs); err != nil {
			return err
		}
		taken += len(jobs)
		page = nextPage(jobs)
	}
	return nil
}

// nextPage is how many jobs to take next: fewer if these were large.
func nextPage(jobs []*queue.Job[[]byte]) int {
	largest := 1
	for _, j := range jobs {
		largest = max(largest, len(j.Payload))
	}
	return max(1, min(popPage, popBytes/largest))
}

// receive takes what is ready, and waits only for the first.
func (p *pop) receive(ctx context.Context, q *queue.Queue[[]byte], n int, first bool) ([]*queue.Job[[]byte], error) {
	opts := queue.ReceiveOptions{Max: n, Lease: popLease}
	if !first || p.wait == 0 {
		return q.TryReceiveMany(ctx, opts)
	}
	late := exitf(exitTimeout, "no job came within %v", time.Duration(p.wait))
	ctx, cancel := context.WithTimeoutCause(ctx, time.Duration(p.wait), late)
	defer cancel()
	return q.ReceiveMany(ctx, opts)
}

// handOver writes the payloads out and only then acknowledges the jobs. If they
// cannot be written, it gives the jobs back.
func (p *pop) handOver(ctx context.Context, db *store.DB, jobs []*queue.Job[[]byte]) error {
	written := make(chan error, 1)
	go func() { written <- p.print(jobs) }()
	beat := time.NewTicker(popLease / 3)
	defer beat.Stop()
	for {
		select {
		case err := <-written:
			ctx = context.WithoutCancel(ctx) // what was printed must be taken off
			if err == nil {
				return endAll(ctx, db, jobs, (*queue.Claim).AckTx)
			}
			release := func(c *queue.Claim, tx *store.Tx) error { return c.ReleaseTx(tx, 0) }
			return errors.Join(exitf(exitSelf, "print a payload: %w", err), endAll(ctx, db, jobs, release))
		case <-beat.C:
			extend := func(c *queue.Claim, tx *store.Tx) error { return c.ExtendTx(tx, popLease) }
			if err := endAll(ctx, db, jobs, extend); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx) // closing the store gives the jobs back
		}
	}
}

// endAll does the same with all jobs in one commit. One that was lost does not keep
// it from the others.
func endAll(ctx context.Context, db *store.DB, jobs []*queue.Job[[]byte], do func(*queue.Claim, *store.Tx) error) error {
	var lost []error
	err := db.Batch(ctx, true, func(tx *store.Tx) error {
		lost = nil
		for _, j := range jobs {
			err := do(j.Claim, tx)
			if err != nil && !errors.Is(err, queue.ErrLost) {
				return err
			}
			if err != nil {
				lost = append(lost, err)
			}
		}
		return nil
	})
	return errors.Join(append(lost, err)...)
}

// popped is what pop --json and peek --json print.
type popped struct {
	ID       int64     `json:"id"`
	Queue    string    `json:"queue"`
	Attempt  int       `json:"attempt"`
	Priority int       `json:"priority"`
	Pushed   time.Time `json:"pushed"`
	Due      time.Time `json:"due"`
	Group    string    `json:"group,omitempty"`
	Unique   string    `json:"unique,omitempty"`
	payloadJSON
}

// print writes the payloads and flushes them.
func (p *pop) print(jobs []*queue.Job[[]byte]) error {
	w := bufio.NewWriterSize(p.stdout, 64<<10)
	for _, j := range jobs {
		if p.json {
			line := popped{j.ID, j.Queue, j.Attempt, j.Priority, j.Pushed, j.Due, j.Group, j.Unique, newPayloadJSON(j.Payload)}
			if err := writeJSON(w, line); err != nil {
				return err
			}
			continue
		}
		if _, err := w.Write(j.Payload); err != nil {
			return err
		}
		if _, err := io.WriteString(w, p.ending()); err != nil {
			return err
		}
	}
	return w.Flush()
}

// ending is what follows each payload.
func (p *pop) ending() string {
	switch {
	case p.null:
		return "\x00"
	case p.n > 1 || isTerminal(p.stdout):
		return "\n"
	}
	return ""
}

// keepBrokenPipe makes a write to a closed pipe return an error. By default it ends
// the process, which would count as a crash of the job. Not by ignoring the signal,
// which children would inherit.
func keepBrokenPipe() {
	if brokenPipe != nil {
		signal.Notify(make(chan os.Signal, 1), brokenPipe)
	}
}

// queueExists returns ErrNotFound if the queue does not exist; opening it would
// make it.
func queueExists(ctx context.Context, db *store.DB, name string) error {
	_, err := queue.Jobs(ctx, db, queue.Filter{Queue: name, Limit: 1})
	return noQueue(err)
}

// noQueue adds to the error about a queue that does not exist where to find its name.
func noQueue(err error) error {
	if errors.Is(err, queue.ErrNotFound) {
		return fmt.Errorf("%w; dcq queues lists them", err)
	}
	return err
}

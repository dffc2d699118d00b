package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

// change is a verb that does something to jobs by id, or to many at once.
type change struct {
	*app
	done   string // what it did, such as "retried"
	do     func(tx *store.Tx, id int64) error
	states []queue.State // which jobs it takes by default when none is named

	all        bool
	queue      string
	stateNames []string
	dryRun     bool
}

// command makes c a verb: its arguments, options and action.
func (ch *change) command(c *cobra.Command) *cobra.Command {
	c.Args = cobra.ArbitraryArgs
	c.ValidArgsFunction = cobra.NoFileCompletions
	c.RunE = func(c *cobra.Command, args []string) error {
		if c.Flags().Changed("queue") && ch.queue == "" {
			return usagef("--queue is empty; name a queue")
		}
		ids, filter, err := ch.parse(args)
		if err != nil {
			return err
		}
		return ch.withStore(needStore, func(ctx context.Context, db *store.DB) error {
			if len(ids) > 0 {
				return ch.byID(ctx, db, ids)
			}
			return ch.byFilter(ctx, db, filter)
		})
	}
	f := c.Flags()
	f.BoolVar(&ch.all, "all", false, "take all jobs of --queue, or of every queue")
	f.StringVar(&ch.queue, "queue", "", "take the jobs of the queue `Q`")
	_ = c.RegisterFlagCompletionFunc("queue", ch.completeQueue)
	addStateFlag(c, &ch.stateNames)
	f.BoolVarP(&ch.dryRun, "dry-run", "n", false, "only say how many")
	return c
}

// parse checks the command line and returns the jobs that it names, or the filter
// that chooses them.
func (ch *change) parse(args []string) (ids []int64, f queue.Filter, err error) {
	many := ch.all || ch.queue != "" || len(ch.stateNames) > 0
	switch {
	case len(args) > 0 && many:
		return nil, f, usagef("name jobs by id, or choose them by --all, --queue and --state; not both")
	case len(args) == 0 && !ch.all && ch.queue == "":
		return nil, f, usagef("name jobs by id, or take many with --queue Q or --all")
	}
	for _, arg := range args {
		id, err := strconv.ParseInt(arg, 10, 64)
		if err != nil || id < 1 {
			return nil, f, usagef("%q is no job id; dcq jobs lists them", arg)
		}
		ids = append(ids, id)
	}
	f.Queue, f.State = ch.queue, ch.states
	if len(ch.stateNames) > 0 {
		f.State, err = parseStates(ch.stateNames)
	}
	return ids, f, err
}

// byID changes the jobs one by one, so that one that cannot be changed does not keep
// it from the others.
func (ch *change) byID(ctx context.Context, db *store.DB, ids []int64) error {
	if err := db.Use(ctx, queue.Package); err != nil {
		return err
	}
	var faults []error
	count := 0
	for _, id := range ids {
		err := ch.one(ctx, db, id)
		if err != nil && exitCode(err) != exitNegative {
			return errors.Join(append(faults, err)...)
		}
		if err != nil {
			faults = append(faults, err)
			continue
		}
		count++
	}
	return errors.Join(append(faults, ch.report(count))...)
}

func (ch *change) one(ctx context.Context, db *store.DB, id int64) error {
	return ch.commit(ctx, db, func(tx *store.Tx) error { return ch.do(tx, id) })
}

var errDryRun = errors.New("dry run")

// commit runs fn in a transaction, and undoes it for a dry run.
func (ch *change) commit(ctx context.Context, db *store.DB, fn func(*store.Tx) error) error {
	err := db.Batch(ctx, true, func(tx *store.Tx) error {
		if err := fn(tx); err != nil || !ch.dryRun {
			return err
		}
		return errDryRun
	})
	if errors.Is(err, errDryRun) {
		return nil
	}
	return err
}

// byFilter changes the jobs of a filter that were there when it began, in pages of
// one commit each: a million of them must not hold the gate, and a busy producer
// must not keep it running.
func (ch *change) byFilter(ctx context.Context, db *store.DB, f queue.Filter) error {
	if err := db.Use(ctx, queue.Package); err != nil {
		return err
	}
	end, err := nextID(ctx, db)
	if err != nil {
		return err
	}
	count := 0
	for {
		f.Limit = jobsPage
		page, err := queue.Jobs(ctx, db, f)
		if err != nil {
			return noQueue(err)
		}
		if len(page) == 0 || page[0].ID >= end {
			return ch.report(count)
		}
		f.After = page[len(page)-1].ID
		n, err := ch.page(ctx, db, page, end)
		if err != nil {
			return fmt.Errorf("after %d jobs: %w", count, err)
		}
		count += n
	}
}

// nextID returns an id above that of every job.
func nextID(ctx context.Context, db *store.DB) (id int64, err error) {
	err = db.Batch(ctx, false, func(tx *store.Tx) error {
		id, err = tx.Next()
		return err
	})
	return id, err
}

// page changes the jobs of a page below the id end and returns how many. A job that
// has changed since it was listed is left alone.
func (ch *change) page(ctx context.Context, db *store.DB, page []queue.Record, end int64) (n int, err error) {
	for len(page) > 0 && page[len(page)-1].ID >= end {
		page = page[:len(page)-1]
	}
	err = ch.commit(ctx, db, func(tx *store.Tx) error {
		n = 0
		for _, r := range page {
			err := ch.do(tx, r.ID)
			if exitCode(err) == exitNegative {
				continue
			}
			if err != nil {
				return err
			}
			n++
		}
		return nil
	})
	return n, err
}

// changed is what these verbs print with --json.
type changed struct {
	Done   string `json:"done"`
	Count  int    `json:"count"`
	DryRun bool   `json:"dry_run,omitempty"`
}

func (ch *change) report(count int) error {
	if ch.json {
		return writeJSON(ch.stdout, changed{ch.done, count, ch.dryRun})
	}
	format := "%d %s\n"
	if ch.dryRun {
		format = "%d would be %s\n"
	}
	_, err := fmt.Fprintf(ch.stdout, format, count, ch.done)
	return err
}

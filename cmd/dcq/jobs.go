package main

import (
	"bufio"
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

// jobsPage bounds the jobs that are in memory at a time.
const jobsPage = 200

type jobs struct {
	*app
	filter   queue.Filter
	states   []string
	limit    int
	payloads bool
}

func (a *app) jobsCommand() *cobra.Command {
	j := &jobs{app: a}
	c := &cobra.Command{
		Use:   "jobs [QUEUE] [options]",
		Short: "list jobs with their states",
		Long: `jobs lists jobs in the order of their ids, of one queue or of all. DUE says when a
job becomes ready, or for how long it has been; LAST ERROR is why its last attempt
failed. The states are ready, delayed, blocked (behind another job of its group),
leased (being worked on) and dead (used up; see dcq retry). --json prints everything
known of a job, with its payload and all its failures.`,
		Example: `
  dcq jobs                                  the first 100
  dcq jobs mail --state dead                those that need help
  dcq jobs mail --after 1234 --limit 1000   the next page
  dcq jobs --json | jq -r .payload`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeQueue,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				if j.filter.Queue = args[0]; args[0] == "" {
					return usagef("the queue's name is empty; leave it out for all")
				}
			}
			if err := j.validate(); err != nil {
				return err
			}
			return j.withStore(needStore, j.run)
		},
	}
	f := c.Flags()
	addStateFlag(c, &j.states)
	f.IntVar(&j.limit, "limit", 100, "list at most `N` jobs, 0 for all")
	f.Int64Var(&j.filter.After, "after", 0, "list those with an id above `ID`")
	f.BoolVarP(&j.payloads, "payload", "p", false, "show the beginning of each payload")
	return c
}

func addStateFlag(c *cobra.Command, states *[]string) {
	c.Flags().StringSliceVar(states, "state", nil, "only jobs in the `STATE`: ready, delayed, blocked, leased or dead")
	_ = c.RegisterFlagCompletionFunc("state", cobra.FixedCompletions(
		[]string{"ready", "delayed", "blocked", "leased", "dead"}, cobra.ShellCompDirectiveNoFileComp))
}

func parseStates(names []string) (list []queue.State, err error) {
	for _, name := range names {
		s, err := queue.ParseState(name)
		if err != nil {
			return nil, usagef("--state: %w", err)
		}
		list = append(list, s)
	}
	return list, nil
}

func (j *jobs) validate() (err error) {
	if j.limit < 0 {
		return usagef("--limit %d is negative", j.limit)
	}
	j.filter.State, err = parseStates(j.states)
	return err
}

func (j *jobs) run(ctx context.Context, db *store.DB) error {
	w := bufio.NewWriter(j.stdout)
	heading := []string{"ID", "QUEUE", "STATE", "PRIORITY", "ATTEMPT", "DUE", "GROUP", "LAST ERROR"}
	if j.payloads {
		heading = append(heading, "PAYLOAD")
	}
	t := newTable(w, heading...)
	show := func(r queue.Record) error { return j.row(t, r) }
	if j.json {
		show = func(r queue.Record) error { return printRecord(w, r) }
	}
	err := eachJob(ctx, db, j.filter, j.limit, show)
	if err == nil && !j.json {
		err = t.flush()
	}
	return errors.Join(err, w.Flush())
}

// eachJob goes through the jobs of a filter in pages; limit 0 means all.
func eachJob(ctx context.Context, db *store.DB, f queue.Filter, limit int, fn func(queue.Record) error) error {
	for n := 0; limit == 0 || n < limit; {
		f.Limit = jobsPage
		if limit > 0 {
			f.Limit = min(jobsPage, limit-n)
		}
		page, err := queue.Jobs(ctx, db, f)
		if err != nil || len(page) == 0 {
			return noQueue(err)
		}
		for _, r := range page {
			if err := fn(r); err != nil {
				return err
			}
		}
		n += len(page)
		f.After = page[len(page)-1].ID
	}
	return nil
}

// recordJSON is what jobs --json and peek --json print.
type recordJSON struct {
	queue.Record
	payloadJSON
}

// printRecord prints a job. One that was finished since it was listed may have lost
// its payload.
func printRecord(w *bufio.Writer, r queue.Record) error {
	payload, err := r.Payload()
	if errors.Is(err, store.ErrBlobMissing) {
		return nil
	}
	if err != nil {
		return err
	}
	return writeJSON(w, recordJSON{r, newPayloadJSON(payload)})
}

func (j *jobs) row(t table, r queue.Record) error {
	problem := ""
	if n := len(r.Failures); n > 0 {
		problem = r.Failures[n-1].Error
	}
	cells := []any{r.ID, r.Queue, r.State, r.Priority, attempts(r), dueText(r, time.Now()), orDash(r.Group), orDash(shorten(problem, 60))}
	if j.payloads {
		payload, err := r.Payload()
		if errors.Is(err, store.ErrBlobMissing) {
			return nil
		}
		if err != nil {
			return err
		}
		cells = append(cells, shorten(string(payload[:min(len(payload), 400)]), 60))
	}
	t.row(cells...)
	return nil
}

func attempts(r queue.Record) string {
	return strconv.Itoa(r.Attempt) + "/" + strconv.Itoa(r.MaxAttempts)
}

// dueText says when a job becomes ready, or since when it has been.
func dueText(r queue.Record, now time.Time) string {
	switch {
	case r.State == queue.Dead:
		return "-"
	case r.Due.After(now):
		return "in " + span(r.Due.Sub(now))
	}
	return span(now.Sub(r.Due)) + " ago"
}

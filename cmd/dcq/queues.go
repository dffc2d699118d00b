package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

func (a *app) queuesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "queues",
		Short: "list the queues with the number of their jobs",
		Long: `queues lists the queues and how many jobs each has in each state. WAITING is the
number of processes' receivers that wait for a job, OLDEST how long the oldest ready
job has been due. With --json, durations are in nanoseconds.`,
		Example: `
  dcq queues
  dcq queues --json | jq -r 'select(.stats.dead > 0) | .name'
  watch -n 1 dcq queues`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.withStore(needStore, a.queues) },
	}
}

func (a *app) queues(ctx context.Context, db *store.DB) error {
	list, err := queue.List(ctx, db)
	if err != nil {
		return err
	}
	if a.json {
		return eachJSON(a.stdout, list)
	}
	t := newTable(a.stdout, "QUEUE", "READY", "DELAYED", "BLOCKED", "LEASED", "DEAD", "WAITING", "OLDEST", "PAUSED")
	for _, q := range list {
		paused := "-"
		if q.Paused {
			paused = "paused"
		}
		s := q.Stats
		t.row(q.Name, s.Ready, s.Delayed, s.Blocked, s.Leased, s.Dead, q.Waiting, span(s.OldestReady), paused)
	}
	return t.flush()
}

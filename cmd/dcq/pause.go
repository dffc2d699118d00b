package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

func (a *app) pauseCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "pause QUEUE...",
		Short: "hand out no more jobs of a queue until resume",
		Long: `pause keeps the jobs of queues from being handed out, to any process, until dcq
resume. Jobs may still be pushed, and those being worked on go on. Pausing a paused
queue changes nothing.`,
		Example: `
  dcq pause mail`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: a.completeQueues,
		RunE:              func(_ *cobra.Command, args []string) error { return a.setPaused(args, true) },
	}
}

func (a *app) setPaused(names []string, paused bool) error {
	return a.withStore(needStore, func(ctx context.Context, db *store.DB) error {
		for _, name := range names {
			if err := queue.SetPaused(ctx, db, name, paused); err != nil {
				return noQueue(err)
			}
		}
		return nil
	})
}

package main

import (
	"github.com/spf13/cobra"

	"github.com/dcq-go/dcq/queue"
)

func (a *app) discardCommand() *cobra.Command {
	ch := &change{app: a, done: "discarded", do: queue.DiscardTx, states: []queue.State{queue.Dead}}
	return ch.command(&cobra.Command{
		Use:   "discard ID...|--all [options]",
		Short: "remove jobs for good",
		Long: `discard removes jobs for good, in any state but leased: cancel those first. Without
ids it takes the dead jobs of --queue, or with --all those of every queue; to empty a
queue, name the states too. It prints how many it removed. When a job named by id is
being worked on or does not exist, the others are removed, and the exit code is 1.`,
		Example: `
  dcq discard 17
  dcq discard --queue mail                                     its dead jobs
  dcq discard --queue mail --state ready,delayed,blocked,dead  all but running ones`,
	})
}

package main

import (
	"github.com/spf13/cobra"

	"github.com/dcq-go/dcq/queue"
)

func (a *app) retryCommand() *cobra.Command {
	ch := &change{app: a, done: "retried", do: queue.RetryTx, states: []queue.State{queue.Dead}}
	return ch.command(&cobra.Command{
		Use:   "retry ID...|--all [options]",
		Short: "make dead or delayed jobs ready now",
		Long: `retry makes jobs ready now: dead ones, which get all their attempts again and keep
their history, and delayed ones. Without ids it takes the dead jobs of --queue, or
with --all those of every queue; --state delayed takes the delayed ones instead. It
prints how many it changed. When a job named by id cannot be retried, the others are,
and the exit code is 1.`,
		Example: `
  dcq retry 17 18
  dcq retry --queue mail             all dead jobs of mail
  dcq retry --all --dry-run          how many there are in all queues
  dcq retry --queue mail --state delayed`,
	})
}

package main

import (
	"github.com/spf13/cobra"

	"github.com/dcq-go/dcq/queue"
)

func (a *app) cancelCommand() *cobra.Command {
	ch := &change{
		app: a, done: "canceled", do: queue.CancelTx,
		states: []queue.State{queue.Ready, queue.Delayed, queue.Blocked, queue.Leased},
	}
	return ch.command(&cobra.Command{
		Use:   "cancel ID...|--all [options]",
		Short: "make jobs dead, also those being worked on",
		Long: `cancel makes jobs dead, whatever their state: they stay for a look, or for dcq retry.
A job being worked on is lost to its process, which notices within a third of the
lease (10 seconds by default); dcq work then stops the job's command. Without ids it
takes all live jobs of --queue, or with --all those of every queue; --state narrows
that down. It prints how many it changed. When a job named by id is dead already or
does not exist, the others are canceled, and the exit code is 1.`,
		Example: `
  dcq cancel 17
  dcq cancel --queue mail --state ready,delayed`,
	})
}

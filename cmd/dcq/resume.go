package main

import "github.com/spf13/cobra"

func (a *app) resumeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "resume QUEUE...",
		Short: "hand out the jobs of a paused queue again",
		Long: `resume ends the pause of queues. Processes that wait for a job get theirs at once.
Resuming a queue that is not paused changes nothing.`,
		Example: `
  dcq resume mail`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: a.completeQueues,
		RunE:              func(_ *cobra.Command, args []string) error { return a.setPaused(args, false) },
	}
}

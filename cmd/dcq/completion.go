package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

// completeFor bounds how long a press of the tab key may take.
const completeFor = 2 * time.Second

func (a *app) completionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "print a script that completes verbs, options and names",
		Long: `completion prints a script for a shell, which then completes verbs, options and the
names of the queues, locks and the like in the store that the command line or
$DCQ_STORE names.`,
		Example: `
  source <(dcq completion bash)                              in ~/.bashrc
  source <(dcq completion zsh)                               in ~/.zshrc
  dcq completion fish > ~/.config/fish/completions/dcq.fish
  dcq completion powershell | Out-String | Invoke-Expression`,
		Args:      cobra.ExactArgs(1),
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		RunE: func(c *cobra.Command, args []string) error {
			root := c.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.stdout, true)
			case "zsh":
				return root.GenZshCompletion(a.stdout)
			case "fish":
				return root.GenFishCompletion(a.stdout, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(a.stdout)
			}
			return usagef("no completion for %q; the shells are bash, zsh, fish and powershell", args[0])
		},
	}
}

// plainUsages takes the marks of the help out of the usages of options: completion shows
// them as they are.
func plainUsages(c *cobra.Command) {
	plain := func(f *pflag.Flag) { f.Usage = strings.ReplaceAll(f.Usage, "`", "") }
	c.Flags().VisitAll(plain)
	c.PersistentFlags().VisitAll(plain)
	for _, below := range c.Commands() {
		plainUsages(below)
	}
}

// completeQueue completes a queue's name as the only argument.
func (a *app) completeQueue(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return a.queueNames(), cobra.ShellCompDirectiveNoFileComp
}

// completeQueues completes names of queues that are not yet on the command line.
func (a *app) completeQueues(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	names := slices.DeleteFunc(a.queueNames(), func(name string) bool { return slices.Contains(args, name) })
	return names, cobra.ShellCompDirectiveNoFileComp
}

// queueNames returns the names of the queues, none if they cannot be had quickly. It
// makes no store.
func (a *app) queueNames() (names []string) {
	ctx, cancel := context.WithTimeout(context.Background(), completeFor)
	defer cancel()
	_ = a.inStore(ctx, needStore, func(db *store.DB) error {
		list, err := queue.List(ctx, db)
		for _, q := range list {
			names = append(names, q.Name)
		}
		return err
	})
	return names
}

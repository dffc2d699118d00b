package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const rootHelp = `dcq keeps job queues, locks and values in one directory, which any number of processes
of this host use at the same time. There is no server. A job is handed out until it is
done; one whose process dies goes to another process at once, and so does a lock.

Results go to standard output, everything else to standard error. Durations are
written 500ms, 10s, 5m or 1h30m; a bare number means seconds. Options end at --.`

const exitCodeHelp = `Exit codes:
  0    done
  1    a negative answer: empty, not there, not in a state that allows it, problems found
  2    the command line is wrong
  75   not free in time: a lock or the like (-E chooses another code)
  122  a job or a lock was lost; its command was stopped
  123  work: some jobs failed for good; import: some items were skipped
  124  timed out
  125  dcq itself failed
  126  the command cannot be executed
  127  the command was not found
  128+ the signal that ended dcq
Verbs that run one command (lock, sem, throttle, elect, memo) exit as it does.`

// Groups of verbs, in the order of the help.
const (
	groupJobs   = "jobs"
	groupShare  = "share"
	groupKeep   = "keep"
	groupLook   = "look"
	groupManage = "manage"
	groupStore  = "store"
	groupOther  = "other"
)

var groups = []*cobra.Group{
	{ID: groupJobs, Title: "Give and take jobs"},
	{ID: groupShare, Title: "Take turns"},
	{ID: groupKeep, Title: "Keep values"},
	{ID: groupLook, Title: "Look"},
	{ID: groupManage, Title: "Manage jobs and queues"},
	{ID: groupStore, Title: "Look after the store"},
	{ID: groupOther, Title: "Other"},
}

// addVerbs adds the verbs in the order of the help.
func (a *app) addVerbs(root *cobra.Command) {
	root.AddGroup(groups...)
	for _, v := range []struct {
		group string
		verb  *cobra.Command
	}{
		{groupJobs, a.pushCommand()},
		{groupJobs, a.popCommand()},
		{groupJobs, a.workCommand()},
		{groupShare, a.lockCommand()},
		{groupShare, a.semCommand()},
		{groupShare, a.throttleCommand()},
		{groupShare, a.barrierCommand()},
		{groupShare, a.electCommand()},
		{groupKeep, a.kvCommand()},
		{groupKeep, a.memoCommand()},
		{groupLook, a.peekCommand()},
		{groupLook, a.jobsCommand()},
		{groupLook, a.queuesCommand()},
		{groupLook, a.locksCommand()},
		{groupLook, a.sessionsCommand()},
		{groupManage, a.retryCommand()},
		{groupManage, a.cancelCommand()},
		{groupManage, a.discardCommand()},
		{groupManage, a.pauseCommand()},
		{groupManage, a.resumeCommand()},
		{groupStore, a.checkCommand()},
		{groupStore, a.doctorCommand()},
		{groupStore, a.backupCommand()},
		{groupStore, a.gcCommand()},
		{groupStore, a.importCommand()},
		{groupOther, a.helpCommand()},
		{groupOther, a.completionCommand()},
		{groupOther, a.versionCommand()},
	} {
		v.verb.GroupID = v.group
		a.settle(v.verb)
		root.AddCommand(v.verb)
	}
}

// settle gives a verb, and those below it, what all verbs have.
func (a *app) settle(verb *cobra.Command) {
	verb.DisableFlagsInUseLine = true
	verb.Flags().SortFlags = false
	do := verb.RunE
	verb.RunE = func(c *cobra.Command, args []string) error {
		a.parsed = true
		a.dirGiven = c.Flags().Changed("store")
		return do(c, args)
	}
	for _, below := range verb.Commands() {
		a.settle(below)
	}
}

func (a *app) helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [VERB]",
		Short: "show the verbs, or the help of one",
		Long:  "help shows the verbs, or the help of one.",
		RunE: func(c *cobra.Command, args []string) error {
			about, rest, err := c.Root().Find(args)
			switch {
			case err == nil && len(rest) == 0:
				return about.Help()
			case !about.HasParent():
				return noVerb(about, args)
			case !about.HasSubCommands():
				return usagef("%s has no verbs; see dcq help %s", about.CommandPath(), about.Name())
			}
			return usagef("%s has no verb %q; dcq help %s lists them", about.CommandPath(), rest[0], about.Name())
		},
		ValidArgsFunction: func(c *cobra.Command, args []string, _ string) (names []string, _ cobra.ShellCompDirective) {
			for _, v := range c.Root().Commands() {
				if len(args) == 0 && v.IsAvailableCommand() {
					names = append(names, v.Name()+"\t"+v.Short)
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// flagError says what is wrong with an option, and what may have been meant.
func flagError(_ *cobra.Command, err error) error {
	if errors.Is(err, pflag.ErrHelp) {
		return err
	}
	if _, ok := errors.AsType[*pflag.NotExistError](err); ok {
		return usagef("%w; write -- before arguments that begin with -", err)
	}
	if number, ok := errors.AsType[*strconv.NumError](err); ok && number.Func != "ParseBool" {
		if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
			return usagef("--%s %q is no whole number, or out of range", e.GetFlag().Name, e.GetValue())
		}
	}
	return usagef("%w", err)
}

// helpText is the help of the command or of a verb.
func helpText(c *cobra.Command) string { return c.Long + "\n\n" + reference(c) }

// reference is the part of a help after the explanation.
func reference(c *cobra.Command) string {
	var w strings.Builder
	if !c.HasParent() {
		fmt.Fprintf(&w, "Usage:\n  dcq [--store DIR] [--json] [-q] [-v] VERB ...\n")
		writeGroups(&w, c)
		fmt.Fprintf(&w, "\nOptions of all verbs:\n%s", flagHelp(c.PersistentFlags(), nil))
		fmt.Fprintf(&w, "\n%s\n", exitCodeHelp)
		return w.String()
	}
	fmt.Fprintf(&w, "Usage:\n  %s\n", c.UseLine())
	if c.HasSubCommands() {
		fmt.Fprintf(&w, "\nVerbs:\n")
		writeVerbs(&w, c.Commands())
	}
	if flags := flagHelp(c.Flags(), c.Root().PersistentFlags()); flags != "" {
		fmt.Fprintf(&w, "\nOptions:\n%s", flags)
	}
	if c.Example != "" {
		fmt.Fprintf(&w, "\nExamples:\n%s\n", strings.Trim(c.Example, "\n"))
	}
	return w.String()
}

func writeGroups(w *strings.Builder, root *cobra.Command) {
	for _, g := range root.Groups() {
		fmt.Fprintf(w, "\n%s:\n", g.Title)
		writeVerbs(w, slices.DeleteFunc(slices.Clone(root.Commands()), func(v *cobra.Command) bool { return v.GroupID != g.ID }))
	}
}

func writeVerbs(w *strings.Builder, verbs []*cobra.Command) {
	for _, v := range verbs {
		if !v.Hidden {
			fmt.Fprintf(w, "  %-11s %s\n", v.Name(), v.Short)
		}
	}
}

// flagHelp lists options in the order of their definition, without those of all verbs
// and the one that shows the help.
func flagHelp(flags, without *pflag.FlagSet) string {
	shown := pflag.NewFlagSet("", pflag.ContinueOnError)
	shown.SortFlags = false
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" && (without == nil || without.Lookup(f.Name) == nil) {
			shown.AddFlag(f)
		}
	})
	return shown.FlagUsages()
}

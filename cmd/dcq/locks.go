package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/dcq-go/dcq/store"
	dsync "github.com/dcq-go/dcq/sync"
)

func (a *app) locksCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "locks [NAME]",
		Short: "list who holds locks and the like, and who waits",
		Long: `locks lists who holds and who waits, for locks, semaphores, elections, barriers and
throttles of all programs that use the store: since when (AGE counts from the request),
which part (SHARE), with which token, and the process. The first that waits is the next.
Those who have arrived at a barrier wait. Semaphores, barriers and throttles are listed
also when nobody uses them; locks and elections do not exist then.

What dcq lock makes is an rwlock; programs know other kinds too, each with names of its
own. With NAME, only what has that name is listed, and if nobody holds any of it, the
exit code is 1. With --json, there is one object for each, and durations are in
nanoseconds.`,
		Example: `
  dcq locks
  dcq locks backup || echo nobody makes a backup
  dcq locks --json | jq '.holders[].pid'`,
		Args: cobra.MaximumNArgs(1),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return a.lockNames(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			return a.withStore(needStore, func(ctx context.Context, db *store.DB) error { return a.locks(ctx, db, args) })
		},
	}
}

func (a *app) locks(ctx context.Context, db *store.DB, names []string) error {
	list, err := dsync.List(ctx, db)
	if err != nil {
		return err
	}
	if len(names) > 0 {
		list = slices.DeleteFunc(list, func(s dsync.Status) bool { return !slices.Contains(names, s.Name) })
	}
	if err := a.printLocks(list); err != nil {
		return err
	}
	held := slices.ContainsFunc(list, func(s dsync.Status) bool { return len(s.Holders) > 0 })
	if len(names) > 0 && !held {
		return answer(exitNegative)
	}
	return nil
}

func (a *app) printLocks(list []dsync.Status) error {
	if a.json {
		return eachJSON(a.stdout, list)
	}
	t := newTable(a.stdout, "KIND", "NAME", "STATE", "SHARE", "AGE", "TOKEN", "SLOT", "PID", "VALUE", "COMMAND")
	for _, s := range list {
		for _, h := range s.Holders {
			t.row(s.Kind, s.Name, "held", part(s, h), span(time.Since(h.Since)), h.Token, slotOf(s, h), h.PID, orDash(h.Value), h.Command)
		}
		for _, h := range s.Waiters {
			t.row(s.Kind, s.Name, "waits", part(s, h), span(time.Since(h.Since)), "-", "-", h.PID, orDash(h.Value), h.Command)
		}
		if len(s.Holders)+len(s.Waiters) == 0 {
			t.row(s.Kind, s.Name, "free", fmt.Sprintf("0 of %d", s.Capacity), "-", "-", "-", "-", "-", "-")
		}
	}
	return t.flush()
}

// part is how much of it one has or wants.
func part(s dsync.Status, h dsync.Holder) string {
	switch {
	case s.Kind == "rwlock" && h.Weight == s.Capacity, s.Capacity == 1:
		return "all"
	case s.Kind == "rwlock":
		return "shared"
	}
	return fmt.Sprintf("%d of %d", h.Weight, s.Capacity)
}

func slotOf(s dsync.Status, h dsync.Holder) string {
	if s.Kind != "semaphore" {
		return "-"
	}
	return strconv.Itoa(h.Slot)
}

// completeLock completes the name of something of a kind, and leaves the command that
// follows it to the shell.
func (a *app) completeLock(kind string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 || slices.Contains(a.args, "--") {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return a.lockNames(kind), cobra.ShellCompDirectiveNoFileComp
	}
}

// lockNames returns the names of what there is of the kinds, or of all, none if they
// cannot be had quickly. It makes no store.
func (a *app) lockNames(kinds ...string) (names []string) {
	ctx, cancel := context.WithTimeout(context.Background(), completeFor)
	defer cancel()
	_ = a.inStore(ctx, needStore, func(db *store.DB) error {
		list, err := dsync.List(ctx, db)
		for _, s := range list {
			if len(kinds) == 0 || slices.Contains(kinds, s.Kind) {
				names = append(names, s.Name)
			}
		}
		return err
	})
	slices.Sort(names)
	return slices.Compact(names)
}

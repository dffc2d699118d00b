package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
)

func (a *app) gcCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "gc",
		Short: "remove now what nobody needs any longer",
		Long: `gc removes what is expired in caches, or above their size limits, and files of values
that nobody refers to for an hour; it gives back what dead processes held, and copies
the log into the database. Processes that use the store do all of that by themselves,
little by little; gc does it now, in small steps, while others go on. The database file
does not shrink: its space is used again.`,
		Example: `
  dcq gc
  dcq gc --json | jq .items`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.withStore(needStore, a.gc) },
	}
}

// tidied is what gc --json prints.
type tidied struct {
	Items    int `json:"items"`     // removed from caches
	Files    int `json:"files"`     // of values, removed
	LogPages int `json:"log_pages"` // left in the log
	Sessions int `json:"dead"`      // processes whose holdings were given back
}

func (a *app) gc(ctx context.Context, db *store.DB) (err error) {
	if err := useAll(ctx, db); err != nil {
		return err
	}
	var done tidied
	if done.Sessions, err = reap(ctx, db); err != nil {
		return err
	}
	if done.Items, err = kv.Sweep(ctx, db); err != nil {
		return err
	}
	if done.Files, err = db.SweepBlobs(ctx); err != nil {
		return err
	}
	if done.LogPages, err = db.Checkpoint(ctx); err != nil {
		return err
	}
	if a.json {
		return writeJSON(a.stdout, done)
	}
	t := newTable(a.stdout, "WHAT", "HOW MANY")
	t.row("items removed from caches", done.Items)
	t.row("files removed", done.Files)
	t.row("dead processes", done.Sessions)
	t.row("pages left in the log", done.LogPages)
	return t.flush()
}

// reap gives back what dead processes held, and returns how many there were.
func reap(ctx context.Context, db *store.DB) (dead int, err error) {
	list, err := db.Sessions(ctx)
	if err != nil {
		return 0, fmt.Errorf("list the processes: %w", err)
	}
	for _, s := range list {
		if !s.Alive {
			dead++
		}
	}
	return dead, db.Reap(ctx)
}

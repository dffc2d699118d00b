package main

import (
	"context"
	"errors"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/dcq-go/dcq/store"
)

func (a *app) backupCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "write the store as it is at one moment to a new file",
		Long: `backup writes the store as it is at one moment, large payloads included, to one new
file, while others go on using it. FILE must not exist. Never copy dcq.db by other
means: the copy may be damaged, and so may the store.

To restore, make a directory, put the file there as dcq.db, and name the directory
with --store.`,
		Example: `
  dcq backup "dcq-$(date +%F).db"
  mkdir copy && cp dcq-2030-01-31.db copy/dcq.db && dcq --store copy queues`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if args[0] == "" {
				return usagef("name the file; the argument is empty")
			}
			return a.withStore(needStore, func(ctx context.Context, db *store.DB) error {
				err := db.Backup(ctx, args[0])
				if errors.Is(err, fs.ErrExist) {
					return exitf(exitSelf, "%s exists; name a new file", args[0])
				}
				if err == nil && a.json {
					return writeJSON(a.stdout, map[string]string{"file": args[0]})
				}
				return err
			})
		},
	}
}

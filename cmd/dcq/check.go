package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dcq-go/dcq/store"
)

func (a *app) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "look for inconsistencies in the store",
		Long: `check reads the whole database, and looks at every file of the store, for what must
not be. It changes nothing and may run while others use the store. It prints each
problem in a line and returns exit code 1, or nothing and 0.`,
		Example: `
  dcq check && echo consistent`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.withStore(needStore, a.check) },
	}
}

func (a *app) check(ctx context.Context, db *store.DB) error {
	if err := useAll(ctx, db); err != nil {
		return err
	}
	problems, err := db.Check(ctx)
	if err != nil {
		return err
	}
	if a.json {
		if err := eachJSON(a.stdout, problems); err != nil {
			return err
		}
	} else {
		for _, p := range problems {
			if _, err := fmt.Fprintln(a.stdout, p); err != nil {
				return err
			}
		}
	}
	if len(problems) > 0 {
		return answer(exitNegative)
	}
	return nil
}

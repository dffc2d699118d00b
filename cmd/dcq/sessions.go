package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dcq-go/dcq/store"
)

func (a *app) sessionsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "sessions",
		Short: "list the processes that hold or wait for something",
		Long: `sessions lists the processes that hold jobs or wait for them: since when, how many of
their receivers wait, which packages they use, and whether they are alive. What a dead
one held is given back within moments; one may be listed until then.`,
		Example: `
  dcq sessions
  dcq sessions --json | jq .pid`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.withStore(needStore, a.sessions) },
	}
}

func (a *app) sessions(ctx context.Context, db *store.DB) error {
	list, err := db.Sessions(ctx)
	if err != nil {
		return err
	}
	if a.json {
		return eachJSON(a.stdout, list)
	}
	t := newTable(a.stdout, "SESSION", "PID", "STATE", "AGE", "WAITING", "PACKAGES", "COMMAND")
	for _, s := range list {
		state := "alive"
		if !s.Alive {
			state = "dead"
		}
		t.row(s.ID, s.PID, state, span(time.Since(s.Started)), s.Waiting, orDash(strings.Join(s.Packages, ",")), s.Command)
	}
	return t.flush()
}

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dcq-go/dcq/store"
)

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "see how the store does, and what it stands on",
		Long: `doctor shows the sizes and versions of the store, and tries in its directory what it
relies on: the gate between writers, wake-ups, and seeing that a process died. What
works less well than it could is a warning, with advice; it does not change the exit
code. For damage to the data, see dcq check.`,
		Example: `
  dcq doctor
  dcq doctor --json | jq .warnings`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.withStore(needStore, a.doctor) },
	}
}

func (a *app) doctor(ctx context.Context, db *store.DB) error {
	if err := useAll(ctx, db); err != nil {
		return err
	}
	r, err := db.Doctor(ctx)
	if err != nil {
		return err
	}
	if a.json {
		return writeJSON(a.stdout, r)
	}
	t := newTable(a.stdout, "WHAT", "FOUND")
	t.row("directory", r.Dir)
	t.row("file system", orDash(r.FileSystem))
	t.row("database", fmt.Sprintf("%s, %s, log %s", r.Database, size(r.DatabaseSize), size(r.WALSize)))
	t.row("sqlite", fmt.Sprintf("%s, journal mode %s", r.SQLite, r.JournalMode))
	t.row("tables", schemas(r.Schemas))
	t.row("blobs", fmt.Sprintf("%d, %s", r.Blobs, size(r.BlobSize)))
	t.row("sessions", fmt.Sprintf("%d alive, %d dead", r.SessionsAlive, r.SessionsDead))
	t.row("gate", "taken within "+r.GateLatency.Round(time.Microsecond).String())
	t.row("wake-ups", tried(r.Pulse))
	t.row("deaths", tried(r.LifePipe))
	if r.Inotify != nil {
		t.row("inotify", fmt.Sprintf("%d of %d instances in use, as far as visible", r.Inotify.InUse, r.Inotify.MaxInstances))
	}
	if err := t.flush(); err != nil {
		return err
	}
	for _, w := range r.Warnings {
		if _, err := fmt.Fprintf(a.stdout, "warning: %s\n", w); err != nil {
			return err
		}
	}
	return nil
}

func schemas(list []store.Schema) string {
	texts := make([]string, 0, len(list))
	for _, s := range list {
		texts = append(texts, fmt.Sprintf("%s version %d", s.Package, s.Version))
	}
	return strings.Join(texts, ", ")
}

func tried(s store.SelfTest) string {
	if !s.Works {
		return "do not work here: " + s.Error
	}
	return "work, " + s.Latency.Round(time.Microsecond).String()
}

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dcq-go/dcq/store"
	dsync "github.com/dcq-go/dcq/sync"
)

const electHelp = `elect waits until it leads an election, and then runs a command while it does. The
others who stand wait, first come first served: the next leads at once when the command
exits, or when dcq is killed. Everybody can read the leader's --value, such as the
address where it can be reached. A term is numbered by DCQ_TOKEN, which rises.

With --listen, elect prints who leads, now and at every change, until a signal ends it:
the value, a tab, and the number of the term; - and 0 while nobody leads. Without
options and command, it prints the leader's value, or returns exit code 1 if there is
none. For everything else, also without a command, elect --value is as lock; see dcq
help lock.`

type elect struct {
	hold
	value  string
	listen bool
	stands bool
}

func (a *app) electCommand() *cobra.Command {
	e := &elect{hold: hold{app: a, kind: "election"}}
	c := &cobra.Command{
		Use:   "elect NAME [--value V [options] [-- CMD [ARG...]]]",
		Short: "run a command while leading, or see who leads",
		Long:  electHelp,
		Example: `
  dcq elect cron --value "$HOST" -- ./scheduler     one runs, the others stand by
  dcq elect cron                                    who leads now
  dcq elect cron --listen | while read -r leader term; do ./reload "$leader"; done`,
		ValidArgsFunction: a.completeLock("election"),
		Args:              e.split,
		RunE:              func(*cobra.Command, []string) error { return e.run() },
	}
	f := c.Flags()
	f.StringVar(&e.value, "value", "", "stand, with the value `V` for everybody to read")
	f.BoolVar(&e.listen, "listen", false, "print who leads, now and at every change")
	e.flags(c)
	return c
}

func (e *elect) split(c *cobra.Command, args []string) error {
	if err := e.hold.split(c, args); err != nil {
		return err
	}
	e.stands = c.Flags().Changed("value")
	switch {
	case e.listen && (e.stands || e.path != ""):
		return usagef("--listen stands for no election; leave out --value and the command")
	case e.path != "" && !e.stands:
		return usagef("say with --value what others are to read while the command runs")
	}
	return nil
}

func (e *elect) run() error {
	switch {
	case e.stands:
		return e.hold.run(e.claim)
	case e.listen:
		return e.withStore(makeStore, e.observe)
	}
	return e.withStore(needStore, e.leader)
}

func (e *elect) claim(ctx context.Context, db *store.DB) (claim, error) {
	el, err := dsync.OpenElection(ctx, db, e.name, e.options())
	return claim{
		try:  func(ctx context.Context) (*dsync.Grant, error) { return el.TryCampaign(ctx, e.value) },
		wait: func(ctx context.Context) (*dsync.Grant, error) { return el.Campaign(ctx, e.value) },
	}, err
}

// leaderJSON is what is printed with --json. The value is null while nobody leads.
type leaderJSON struct {
	Name  string  `json:"name"`
	Value *string `json:"value"`
	Term  int64   `json:"term"`
}

func (e *elect) printJSON(l dsync.Leader) error {
	line := leaderJSON{Name: e.name, Term: l.Term}
	if l.Term != 0 {
		line.Value = &l.Value
	}
	return writeJSON(e.stdout, line)
}

func (e *elect) leader(ctx context.Context, db *store.DB) error {
	el, err := dsync.OpenElection(ctx, db, e.name, dsync.Options{})
	if err != nil {
		return err
	}
	l, err := el.Leader(ctx)
	if errors.Is(err, dsync.ErrNoLeader) {
		return answer(exitNegative)
	}
	if err != nil {
		return err
	}
	if e.json {
		return e.printJSON(l)
	}
	_, err = fmt.Fprintln(e.stdout, l.Value)
	return err
}

func (e *elect) observe(ctx context.Context, db *store.DB) error {
	el, err := dsync.OpenElection(ctx, db, e.name, dsync.Options{})
	if err != nil {
		return err
	}
	for l, err := range el.Observe(ctx) {
		if err != nil && !errors.Is(err, dsync.ErrNoLeader) {
			return err
		}
		if err := e.printChange(l); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

func (e *elect) printChange(l dsync.Leader) error {
	if e.json {
		return e.printJSON(l)
	}
	value := printable(l.Value)
	if l.Term == 0 {
		value = "-"
	}
	_, err := fmt.Fprintf(e.stdout, "%s\t%d\n", value, l.Term)
	return err
}

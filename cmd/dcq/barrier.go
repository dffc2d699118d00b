package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/dcq-go/dcq/store"
	dsync "github.com/dcq-go/dcq/sync"
)

// maxParties is the most that package sync takes.
const maxParties = 1 << 16

const barrierHelp = `barrier waits until -n processes wait at it, and then all go on. It can be used again
and again: it prints the number of the generation, which rises each time, and the place
in which the process came, from 0 to one less than -n: so the one with 0 can do what is
to be done once.

The number of processes is stored with the barrier when it is first used, and stays;
later, -n can be left out. If one gives up, after -w (exit code 124) or by a signal, or
is killed, the barrier is broken: those who wait, and those who come, return exit code 1
at once, since they would wait in vain. --reset repairs it and returns; those who wait
then return exit code 1 as well. Together with -n it changes the number.`

type barrier struct {
	*app
	name    string
	parties int
	wait    durationFlag
	waits   bool // wait was given
	reset   bool
}

func (a *app) barrierCommand() *cobra.Command {
	b := &barrier{app: a}
	c := &cobra.Command{
		Use:   "barrier NAME -n N [options]",
		Short: "wait until N processes wait",
		Long:  barrierHelp,
		Example: `
  ./load-part $i && dcq barrier loaded -n 4 -w 10m && ./query $i
  read -r generation place < <(dcq barrier night -n 3)
  dcq barrier loaded --reset                     after one has failed`,
		Args: cobra.ExactArgs(1),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) (names []string, _ cobra.ShellCompDirective) {
			if len(args) == 0 {
				names = a.lockNames("barrier")
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			b.name, b.waits = args[0], c.Flags().Changed("wait")
			switch {
			case b.parties < 0 || b.parties > maxParties:
				return usagef("-n %d is not between 0 and %d", b.parties, maxParties)
			case b.waits && b.wait == 0:
				return usagef("-w 0 would let nobody arrive")
			}
			if b.reset {
				return b.withStore(makeStore, b.repair)
			}
			return b.withStore(makeStore, b.pass)
		},
	}
	f := c.Flags()
	f.IntVarP(&b.parties, "number", "n", 0, "the barrier is for `N` processes; 0 is what is stored")
	f.VarP(&b.wait, "wait", "w", "wait up to `D`, then break the barrier (default for ever)")
	f.BoolVar(&b.reset, "reset", false, "repair the barrier")
	return c
}

// passageJSON is what is printed with --json.
type passageJSON struct {
	Name       string `json:"name"`
	Generation int64  `json:"generation"`
	Index      int    `json:"index"`
}

func (b *barrier) pass(ctx context.Context, db *store.DB) error {
	br, err := b.open(ctx, db)
	if err != nil {
		return err
	}
	if b.waits {
		late := exitf(exitTimeout, "not all came within %v, which broke the barrier; --reset repairs it", time.Duration(b.wait))
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, time.Duration(b.wait), late)
		defer cancel()
	}
	p, err := br.Wait(ctx)
	if errors.Is(err, dsync.ErrBroken) {
		return exitf(exitNegative, "barrier %q is broken: somebody gave up before all had come, or reset it; --reset repairs it", b.name)
	}
	if err != nil {
		return err
	}
	if b.json {
		return writeJSON(b.stdout, passageJSON{b.name, p.Generation, p.Index})
	}
	_, err = fmt.Fprintln(b.stdout, p.Generation, p.Index)
	return err
}

// open opens the barrier. That it is missing, or for another number, is the caller's
// fault.
func (b *barrier) open(ctx context.Context, db *store.DB) (*dsync.Barrier, error) {
	br, err := dsync.OpenBarrier(ctx, db, b.name, b.parties)
	if !errors.Is(err, dsync.ErrConflict) {
		return br, err
	}
	if b.parties == 0 {
		return nil, usagef("no barrier %q; say with -n for how many it is", b.name)
	}
	return nil, usagef("%w; leave -n out, or change it with --reset", err)
}

// repair resets the barrier, and makes it anew if it is to be for another number.
func (b *barrier) repair(ctx context.Context, db *store.DB) error {
	old, err := dsync.OpenBarrier(ctx, db, b.name, 0)
	if errors.Is(err, dsync.ErrConflict) {
		_, err = b.open(ctx, db)
		return err
	}
	if err != nil {
		return err
	}
	if err := old.Reset(ctx); err != nil {
		return err
	}
	s, err := old.State(ctx)
	if err != nil || b.parties == 0 || s.Parties == b.parties {
		return err
	}
	if err := old.Remove(ctx); err != nil {
		return err
	}
	_, err = b.open(ctx, db)
	return err
}

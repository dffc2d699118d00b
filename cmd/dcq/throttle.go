package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/dcq-go/dcq/store"
	dsync "github.com/dcq-go/dcq/sync"
)

const throttleHelp = `throttle waits for its turn, and then becomes the command, so that commands begin no
more often than --rate, of all processes that use the store: evenly, but for --burst of
them at once after a time without any. Those who come take the next free slot and sleep
until then, in the order in which they came. Without a command, throttle just returns.

With -n, it does not wait, and says how long that would take: in seconds on standard
output if there is no command, with exit code 75. With -w, it waits only if the next
free slot is within that time; else no slot is taken.

The rate and burst are stored with the throttle when it is first used, and stay, also
when nothing runs. Later they can be left out; others are an error, unless --set changes
them, for all. --peek shows how much may pass now, and takes nothing: exit code 1 says
that nothing may. --reset makes the whole burst free.

The rate is a number a time: 10/s, 100/m, 5/h, 1/250ms. No shell is involved, unless you
name one. Exit codes: the command's; 75, or that of -E, if it was not run; 126 or 127,
without waiting, if it cannot be run.`

// maxBurstTime is the longest that package sync lets a burst take.
const maxBurstTime = 10 * 365 * 24 * time.Hour

type throttle struct {
	*app
	name string
	path string // of the program, if there is a command
	argv []string

	rate       rateFlag
	burst      int
	cost       int
	noWait     bool
	wait       durationFlag
	conflict   int
	set, reset bool
	peek       bool
}

func (a *app) throttleCommand() *cobra.Command {
	t := &throttle{app: a}
	c := &cobra.Command{
		Use:   "throttle NAME --rate N/D [options] [-- CMD [ARG...]]",
		Short: "run a command no more often than a rate allows",
		Long:  throttleHelp,
		Example: `
  for u in $urls; do dcq throttle api --rate 10/s -- curl -sO "$u"; done
  dcq throttle mail --rate 100/h --burst 20 -- sendmail -t
  dcq throttle alarm --rate 1/1h -n -E 0 -- ./send-alarm    drop what is too much
  dcq throttle api --rate 5/s --set                         from now on 5`,
		ValidArgsFunction: a.completeLock("throttle"),
		Args:              t.split,
		RunE:              func(*cobra.Command, []string) error { return t.run() },
	}
	beforeCommand(c)
	f := c.Flags()
	f.Var(&t.rate, "rate", "let `N/D` pass, as 10/s or 1/250ms; kept with the throttle")
	f.IntVar(&t.burst, "burst", 0, "let up to `N` pass at once; kept with the throttle (1 for a new one)")
	f.IntVar(&t.cost, "cost", 1, "count the command as `N`, at most the burst")
	f.BoolVarP(&t.noWait, "no-wait", "n", false, "do not wait")
	f.VarP(&t.wait, "wait", "w", "wait up to `D`; 0 is -n (default for ever)")
	f.IntVarP(&t.conflict, "conflict-exit-code", "E", exitConflict, "exit with `N` if the next slot is too late")
	f.BoolVar(&t.set, "set", false, "change the rate to that of --rate, and the burst to that of --burst")
	f.BoolVar(&t.peek, "peek", false, "show how much may pass now")
	f.BoolVar(&t.reset, "reset", false, "make the whole burst free")
	return c
}

func (t *throttle) split(c *cobra.Command, args []string) (err error) {
	if t.name, t.argv, err = nameAndCommand(c, args); err != nil {
		return err
	}
	waits := c.Flags().Changed("wait")
	look := t.peek || t.reset
	switch {
	case t.noWait && waits:
		return usagef("-n and -w exclude each other")
	case t.conflict < 0 || t.conflict > maxExit:
		return usagef("-E %d is not between 0 and %d", t.conflict, maxExit)
	case t.burst < 0:
		return usagef("--burst %d is negative", t.burst)
	case t.cost < 1:
		return usagef("--cost %d is less than 1", t.cost)
	case t.rate.Per/time.Duration(max(t.rate.Count, 1)) > maxBurstTime/time.Duration(max(t.burst, 1)):
		return usagef("--rate and --burst: a whole burst would take more than ten years")
	case t.set && t.rate == (rateFlag{}):
		return usagef("--set needs --rate")
	case look && (t.peek == t.reset || t.set || len(t.argv) > 0):
		return usagef("--peek and --reset stand alone")
	}
	t.noWait = t.noWait || waits && t.wait == 0
	if len(t.argv) > 0 {
		t.path, err = findProgram(t.argv[0])
	}
	return err
}

// run waits, closes the store, and then becomes the command.
func (t *throttle) run() error {
	dir := ""
	err := t.withStore(makeStore, func(ctx context.Context, db *store.DB) error {
		dir = db.Dir()
		th, err := t.open(ctx, db)
		switch {
		case err != nil:
			return err
		case t.peek:
			return t.show(ctx, th)
		case t.reset:
			return th.Reset(ctx)
		case t.set && t.path == "":
			return nil
		}
		return t.pass(ctx, th)
	})
	if err != nil || t.path == "" {
		return err
	}
	return t.become(t.path, t.argv, append(os.Environ(), "DCQ_STORE="+dir))
}

// open opens the throttle, and changes its settings if that is wanted.
func (t *throttle) open(ctx context.Context, db *store.DB) (*dsync.Throttle, error) {
	opts := dsync.ThrottleOptions{Rate: dsync.Rate(t.rate), Burst: t.burst, MaxWait: time.Duration(t.wait)}
	th, err := dsync.OpenThrottle(ctx, db, t.name, opts)
	switch {
	case !errors.Is(err, dsync.ErrConflict):
		return th, err
	case t.set:
		if th, err = dsync.OpenThrottle(ctx, db, t.name, dsync.ThrottleOptions{MaxWait: opts.MaxWait}); err != nil {
			return nil, err
		}
		return th, th.SetRate(ctx, opts)
	case opts.Rate == dsync.Rate{} && opts.Burst == 0:
		return nil, usagef("no throttle %q; say with --rate how often", t.name)
	}
	return nil, usagef("%w; leave --rate and --burst out, or change them for all with --set", err)
}

// pass waits for the slot as long as the options allow.
func (t *throttle) pass(ctx context.Context, th *dsync.Throttle) error {
	if t.noWait {
		d, err := th.AllowN(ctx, t.cost)
		if err != nil || d.Allowed {
			return err
		}
		return t.tooEarly(d)
	}
	err := th.WaitN(ctx, t.cost)
	if errors.Is(err, dsync.ErrNotAcquired) {
		t.note("throttle %q has no free slot within %v", t.name, time.Duration(t.wait))
		return answer(t.conflict)
	}
	return err
}

// decisionJSON is what --peek and -n print with --json.
type decisionJSON struct {
	Name       string        `json:"name"`
	Allowed    bool          `json:"allowed"`
	Limit      int           `json:"limit"`
	Remaining  int           `json:"remaining"`
	RetryAfter time.Duration `json:"retry_after"`
	ResetAfter time.Duration `json:"reset_after"`
}

func (t *throttle) printJSON(d dsync.Decision) error {
	return writeJSON(t.stdout, decisionJSON{t.name, d.Allowed, d.Limit, d.Remaining, d.RetryAfter, d.ResetAfter})
}

// tooEarly says when to come again. Standard output belongs to the command if there is
// one.
func (t *throttle) tooEarly(d dsync.Decision) (err error) {
	t.note("throttle %q has no free slot now; retry after %v", t.name, d.RetryAfter)
	switch {
	case t.path != "":
	case t.json:
		err = t.printJSON(d)
	default:
		_, err = fmt.Fprintln(t.stdout, seconds(d.RetryAfter))
	}
	if err != nil {
		return err
	}
	return answer(t.conflict)
}

// seconds is a time as sleep takes it.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) }

func (t *throttle) show(ctx context.Context, th *dsync.Throttle) error {
	d, err := th.Peek(ctx)
	if err != nil {
		return err
	}
	if t.json {
		err = t.printJSON(d)
	} else {
		table := newTable(t.stdout, "REMAINING", "LIMIT", "RETRY AFTER", "RESET AFTER")
		table.row(d.Remaining, d.Limit, span(d.RetryAfter), span(d.ResetAfter))
		err = table.flush()
	}
	if err == nil && !d.Allowed {
		return answer(exitNegative)
	}
	return err
}

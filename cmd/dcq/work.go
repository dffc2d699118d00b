package main

import (
	"context"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/worker"
)

const (
	minLease        = 10 * time.Millisecond
	defaultKillTime = 5 * time.Second
	defaultGrace    = 30 * time.Second
	maxParallel     = 1000

	// fetchAhead takes no job before a command can run for it: commands may take
	// hours, and other processes may be free. That costs the shortest commands 0.4 ms.
	fetchAhead = -1
)

type work struct {
	*app
	queues     []string
	argv       []string
	parallel   int
	untilEmpty bool
	attempts   uint32
	timeout    durationFlag
	backoff    durationFlag
	lease      durationFlag
	grace      durationFlag
	killAfter  durationFlag
}

const workHelp = `work takes jobs off queues and runs a command for each. The payload is the command's
standard input, and takes the place of each {} in its arguments. A command that exits
with 0 has done its job, which is then removed; any other end is a failed attempt,
and the job is tried again, at first after a second, then less and less often, until
after 10 attempts it is dead (see --attempts, --backoff, dcq jobs, dcq retry). The
last line that a failed command wrote to standard error is kept with the job.

No shell is involved, unless you name one; so {} is safe with any payload, except in
the text of a script: there, read standard input. A payload with a NUL byte, or one
too long for an argument, cannot take the place of {} and makes the job dead. The
command finds in its environment DCQ_JOB_ID, DCQ_ATTEMPT (1 for the first),
DCQ_QUEUE, DCQ_STORE, and DCQ_TOKEN, a number that rises with every attempt at any
job, by which other systems can tell a newer attempt from an older one.

With -j 2 or more, the commands' lines of output come whole, those of one command in
order; a line without an end gets one, and one longer than 64 KiB may be cut. With one
command at a time, standard output is the command's own. Standard error always comes
in whole lines. With --json, so does an object for each attempt.

INT, TERM and HUP make work stop: after the first, it takes no more jobs and waits for
the running commands as long as --grace allows. Then, or after the second signal, it
sends TERM to the commands' process groups and KILL after --kill-after; their jobs are
back in the queue at once, with no attempt lost. After the third, work exits on the
spot. A command that exceeds --timeout, or whose job was lost (canceled, or work was
stopped for longer than the lease), is ended the same way.

When work itself is killed, its jobs go to other processes at once. On Linux its
commands are killed with it; what they have started may live on. On Windows, all are.
Elsewhere a command may end its work unseen, so that a job is done twice.

Exit codes: 0 when all went well; 123 if jobs became dead; 122 if jobs were lost; 126
or 127 at once if the command cannot be run, and no attempt is lost; 128 and the
signal's number when a signal ended work and nothing worse happened.`

func (a *app) workCommand() *cobra.Command {
	w := &work{app: a}
	c := &cobra.Command{
		Use:   "work QUEUE... [options] -- CMD [ARG...]",
		Short: "run a command for each job, again if it fails",
		Long:  workHelp,
		Example: `
  dcq work mail -- sendmail -t                         payload on standard input
  dcq work urls -j 8 --until-empty -- curl -fsSO {}    payload as an argument
  dcq work urgent normal -j 4 -- ./handle              two queues
  dcq work thumbs --timeout 1m --attempts 3 -- sh -c 'read -r f; convert "$f" "$f.png"'
  seq 100 | dcq push q --lines && dcq work q -j 0 --until-empty -- echo n={}`,
		ValidArgsFunction: w.complete,
		Args:              w.split,
		RunE:              func(*cobra.Command, []string) error { return w.run() },
	}
	f := c.Flags()
	f.IntVarP(&w.parallel, "jobs", "j", 1, "run up to `N` commands at a time, 0 for one a processor")
	f.BoolVar(&w.untilEmpty, "until-empty", false, "end when nothing is left to do in the queues, in any process; dead jobs do not count")
	f.Var(&w.timeout, "timeout", "end a command after `D`; the attempt has failed")
	f.Uint32Var(&w.attempts, "attempts", 0, "a job is dead after `N` failed attempts; kept with the queue (10 for a new one)")
	f.Var(&w.backoff, "backoff", "pause for `D` after the first failed attempt, doubled after each further one; kept with the queue (1s for a new one)")
	f.Var(&w.lease, "lease", "a job goes to another process when this one has not shown life for `D` (default the queue's, 30s)")
	w.grace, w.killAfter = durationFlag(defaultGrace), durationFlag(defaultKillTime)
	f.Var(&w.grace, "grace", "when stopping, wait up to `D` for running commands")
	f.Var(&w.killAfter, "kill-after", "when ending a command, send KILL `D` after TERM")
	return c
}

// split separates the queues from the command.
func (w *work) split(c *cobra.Command, args []string) error {
	dash := c.ArgsLenAtDash()
	switch {
	case dash < 0:
		return usagef("write -- between the queues and the command")
	case dash == 0:
		return usagef("name a queue before --")
	case dash == len(args):
		return usagef("name a command after --")
	case w.parallel < 0 || w.parallel > maxParallel:
		return usagef("-j %d is not between 0 and %d", w.parallel, maxParallel)
	case c.Flags().Changed("attempts") && w.attempts == 0:
		return usagef("--attempts 0 is less than 1")
	case c.Flags().Changed("backoff") && w.backoff == 0:
		return usagef("--backoff 0 is no pause; the least is 1ns")
	case c.Flags().Changed("lease") && time.Duration(w.lease) < minLease:
		return usagef("--lease %v is less than %v", time.Duration(w.lease), minLease)
	}
	w.argv = args[dash:]
	w.queues = unique(args[:dash])
	if w.parallel == 0 {
		w.parallel = runtime.NumCPU()
	}
	return nil
}

// complete completes queues before --, and files after it. While completing, cobra
// does not know where -- was.
func (w *work) complete(c *cobra.Command, args []string, part string) ([]string, cobra.ShellCompDirective) {
	if slices.Contains(w.args, "--") {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return w.completeQueues(c, args, part)
}

func (w *work) run() error {
	cmd, err := findCommand(w.argv)
	if err != nil {
		return err
	}
	keepBrokenPipe()
	ctx := context.Background()
	return w.inStore(ctx, makeStore, func(db *store.DB) error {
		r := newRunner(w, cmd, db.Dir())
		pool, err := worker.New(db, worker.Options{
			Concurrency: w.parallel,
			Ahead:       fetchAhead,
			Timeout:     time.Duration(w.timeout),
			Lease:       time.Duration(w.lease),
			Grace:       orNone(time.Duration(w.grace)),
			Observer:    r.observe,
		})
		if err != nil {
			return err
		}
		for _, name := range w.queues {
			q, err := queue.Open(ctx, db, name, queue.Options[[]byte]{MaxAttempts: int(w.attempts), Backoff: time.Duration(w.backoff)})
			if err != nil {
				return err
			}
			if err := worker.Handle(pool, q, r.handle); err != nil {
				return err
			}
		}
		return r.run(ctx, pool)
	})
}

// orNone tells a pool that no grace is wanted; its zero is the default.
func orNone(grace time.Duration) time.Duration {
	if grace == 0 {
		return -1
	}
	return grace
}

// unique returns the names without repetitions.
func unique(names []string) (list []string) {
	seen := make(map[string]bool)
	for _, name := range names {
		if !seen[name] {
			seen[name] = true
			list = append(list, name)
		}
	}
	return list
}

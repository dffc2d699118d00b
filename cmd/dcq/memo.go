package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/memo"
	"github.com/dcq-go/dcq/store"
)

const memoHelp = `memo runs a command, and remembers what it wrote and how it exited; for --ttl, the
same command line is answered with that, byte for byte, and not run. Of any number who
want the same at the same time, in all processes that use the store, one runs it and
the others wait for that; if that one is killed, another runs it at once.

The same is what has the same CMD and ARGs, or the same --key instead, and the same
--scope, values of --env, directory with --cwd, and times of --modtime. How long it is
remembered was decided by the run. Standard output and standard error are each exact,
but printed one after the other, when the command is done; its standard input is empty,
and it has no terminal to ask on. More than 64 MiB are an error, with exit code 125, and
the command is stopped. What it has left running when it exits is waited for no longer
than a second.

With --stale, output older than --ttl is printed still, and the exit code given, while a
dcq that is left running in the background runs the command anew: one for all who want
the same, and after a failure not before a pause. It is dcq memo --warm with the same
options, and runs even if the terminal is closed.

A command that fails is not remembered, but those who waited for it fail like it. With
--cache-failures, they are remembered like others, except for those by a signal (128 and
more up to 192). No shell is involved, unless you name one. The command finds DCQ_STORE
in its environment, and DCQ_MEMO, by which memo notices a command that asks for its own
output. A signal that ends dcq while it runs the command ends that with TERM.

Exit codes: the command's; 126 or 127 if it cannot be run; 125 if dcq fails.`

type memoRun struct {
	*app
	ttl      durationFlag
	stale    durationFlag
	failures failuresFlag
	force    bool
	warm     bool

	question memoQuestion
	argv     []string
	path     string // of the program
	place    int    // of more options in app.args
	env      []string
	busy     chan struct{} // holds an element while the command runs
}

func (a *app) memoCommand() *cobra.Command {
	m := &memoRun{app: a, busy: make(chan struct{}, 1)}
	c := &cobra.Command{
		Use:   "memo --ttl D [options] -- CMD [ARG...]",
		Short: "run a command, or repeat what it wrote lately",
		Long:  memoHelp,
		Example: `
  dcq memo --ttl 10m -- gh pr list                 ask once in ten minutes
  dcq memo --ttl 1m --stale 1h -- kubectl get pods never wait but the first time
  dcq memo --ttl 24h --cwd --modtime go.sum -- go list -m all
  dcq memo --ttl 8h --env AWS_PROFILE --key token -- sh -c 'get-token "$RANDOM"'
  dcq memo --ttl 1h --force -- ./report            run it in any case, and remember`,
		Args: m.parse,
		RunE: func(*cobra.Command, []string) error { return m.run() },
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveDefault
		},
	}
	beforeCommand(c)
	f := c.Flags()
	f.Var(&m.ttl, "ttl", "remember for `D`")
	f.Var(&m.stale, "stale", "for `D` more, print what is remembered, and run the command in the background")
	f.StringVar(&m.question.key, "key", "", "remember under `K`, whatever the command")
	f.StringVar(&m.question.scope, "scope", "", "remember apart from other scopes `S`")
	f.StringArrayVar(&m.question.env, "env", nil, "remember apart for each value of the variable `VAR`; may be repeated")
	f.BoolVar(&m.question.cwd, "cwd", false, "remember apart for each working directory")
	f.StringArrayVar(&m.question.files, "modtime", nil, "remember until `FILE` is changed; may be repeated")
	f.BoolVar(&m.force, "force", false, "run the command, and remember that")
	f.BoolVar(&m.warm, "warm", false, "run it if that is due, and print nothing")
	f.Var(&m.failures, "cache-failures", "remember failures too, for D or --ttl``")
	f.Lookup("cache-failures").NoOptDefVal = noDuration
	return c
}

// maxMemory is how long something can be remembered.
const maxMemory = 100 * 365 * 24 * time.Hour

// parse takes the command line apart.
func (m *memoRun) parse(c *cobra.Command, args []string) (err error) {
	for _, d := range []durationFlag{m.ttl, m.stale, durationFlag(m.failures.ttl)} {
		if time.Duration(d) > maxMemory {
			return usagef("nothing is remembered for %v", time.Duration(d))
		}
	}
	switch {
	case len(args) == 0:
		return usagef("name a command")
	case m.ttl <= 0:
		return usagef("say with --ttl for how long to remember")
	}
	m.argv, m.place = args, len(m.args)-len(args)
	if c.ArgsLenAtDash() == 0 {
		m.place--
	}
	m.question.hasKey = c.Flags().Changed("key")
	if err := m.question.validate(); err != nil {
		return err
	}
	m.path, err = findProgram(args[0])
	return err
}

func (m *memoRun) options() memo.Options[memoKey, memoOutcome] {
	o := memo.Options[memoKey, memoOutcome]{
		TTL: time.Duration(m.ttl), Stale: time.Duration(m.stale), Beta: -1, Jitter: -1, Codec: outcomeCodec{},
	}
	if m.failures.on {
		o.Negative, o.NegativeTTL = []error{errRunFailed}, m.failures.ttl
		if o.NegativeTTL == 0 {
			o.NegativeTTL = o.TTL
		}
	}
	return o
}

func (m *memoRun) run() error {
	key, err := m.question.ask(m.argv)
	if err != nil {
		return err
	}
	chain, err := memoChain(os.Getenv(memoChainVar), key)
	if err != nil {
		return err
	}
	return m.withStore(makeStore, func(ctx context.Context, db *store.DB) error {
		m.env = append(os.Environ(), "DCQ_STORE="+db.Dir(), memoChainVar+"="+chain)
		f, err := memo.Open(ctx, db, "command", m.call, m.options())
		if err != nil {
			return err
		}
		defer m.settle()
		o, err := m.answer(ctx, f, key)
		if err == nil {
			err = m.deliver(o)
		}
		if err == nil && o.stale {
			m.renewLater(ctx, f, key)
		}
		if err == nil {
			err = o.exit()
		}
		return err
	})
}

// memoFunc is the command as package memo knows it.
type memoFunc = memo.Func[memoKey, memoOutcome]

// answer returns what is remembered, or what the command does now.
func (m *memoRun) answer(ctx context.Context, f *memoFunc, key memoKey) (memoOutcome, error) {
	if m.force {
		return outcomeOf(f.Force(ctx, key))
	}
	o, info, err := f.Peek(ctx, key)
	switch {
	case errors.Is(err, kv.ErrNotFound):
		return outcomeOf(f.Get(ctx, key))
	case m.warm:
		_, err = f.Renew(ctx, key)
		return outcomeOf(memoOutcome{}, err)
	}
	if o, err = outcomeOf(o, err); err == nil && m.verbose > 0 {
		m.note("remembered %s ago", span(time.Since(info.Created)))
	}
	o.stale = !info.Fresh
	return o, err
}

// deliver writes what the command wrote.
func (m *memoRun) deliver(o memoOutcome) error {
	if m.warm {
		return nil
	}
	if _, err := m.stdout.Write(o.stdout); err != nil {
		return exitf(exitSelf, "print the output: %w", err)
	}
	if _, err := m.stderr.Write(o.stderr); err != nil {
		return exitf(exitSelf, "print the errors: %w", err)
	}
	return nil
}

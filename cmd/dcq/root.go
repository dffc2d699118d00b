package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/memo"
	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
	dsync "github.com/dcq-go/dcq/sync"
)

// app is one run of the command: its arguments, its streams and the options of all
// verbs.
type app struct {
	args   []string
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer

	dir      string
	dirGiven bool // an empty dir is not the default
	json     bool
	quiet    bool
	verbose  int
	version  bool // as an option

	helpErr error // of writing help, which cobra has no way to return
	parsed  bool  // the command line was understood: what fails now is no usage error
}

// run carries out a command line and returns the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	a := &app{args: args, stdin: stdin, stdout: stdout, stderr: stderr}
	defer func() {
		if v := recover(); v != nil {
			fmt.Fprintf(stderr, "dcq: internal error, please report it: %v\n%s", v, debug.Stack())
			code = exitSelf
		}
	}()
	root := a.rootCommand()
	root.SetArgs(args)
	if len(args) > 0 && args[0] == cobra.ShellCompRequestCmd {
		plainUsages(root)
	}
	c, err := root.ExecuteC()
	if err == nil && a.helpErr != nil {
		err = &exitError{exitSelf, a.helpErr}
	}
	if err == nil {
		return 0
	}
	if _, chosen := errors.AsType[*exitError](err); !chosen && !a.parsed {
		err = &exitError{exitUsage, err}
	}
	a.complain(c, err)
	return exitCode(err)
}

// complain prints an error in one line.
func (a *app) complain(c *cobra.Command, err error) {
	text := oneLine(err)
	if text == "" {
		return
	}
	if exitCode(err) == exitUsage && c.HasParent() {
		text += "; usage: " + c.UseLine()
	}
	fmt.Fprintf(a.stderr, "%s: %s\n", c.CommandPath(), text)
}

// note tells something that is neither a result nor an error.
func (a *app) note(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintf(a.stderr, "dcq: "+format+"\n", args...)
	}
}

// rootCommand builds the tree of verbs.
func (a *app) rootCommand() *cobra.Command {
	cobra.EnableCommandSorting = false
	root := &cobra.Command{
		Use:           "dcq",
		Short:         "job queues and locks of this host, in one directory",
		Long:          rootHelp,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if a.version && len(args) == 0 {
				return a.printVersion()
			}
			return noVerb(c, args)
		},

		SuggestionsMinimumDistance: 2,
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetHelpFunc(func(c *cobra.Command, _ []string) { _, a.helpErr = io.WriteString(a.stdout, helpText(c)) })
	root.SetFlagErrorFunc(flagError)
	flags := root.PersistentFlags()
	flags.SortFlags = false
	flags.StringVar(&a.dir, "store", "", "the store's `DIR` (default $DCQ_STORE, else $XDG_STATE_HOME/dcq, else ~/.local/state/dcq)")
	flags.BoolVar(&a.json, "json", false, "print one JSON object a line")
	flags.BoolVarP(&a.quiet, "quiet", "q", false, "print results and errors only")
	flags.CountVarP(&a.verbose, "verbose", "v", "log to standard error; twice for more``")
	root.Flags().BoolVar(&a.version, "version", false, "print the version")
	a.addVerbs(root)
	return root
}

// noVerb answers a command line without a verb that dcq knows.
func noVerb(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usagef("name a verb; dcq help lists them")
	}
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		return usagef("no verb %q; did you mean %s?", args[0], near[0])
	}
	return usagef("no verb %q; dcq help lists them", args[0])
}

// storeNeed says what a verb does without a store.
type storeNeed int

const (
	makeStore storeNeed = iota // it makes one
	needStore                  // it has nothing to look at
)

// withStore runs fn on the opened store, with a context that signals end.
func (a *app) withStore(need storeNeed, fn func(ctx context.Context, db *store.DB) error) error {
	ctx, stop := stoppable(context.Background())
	defer stop()
	return a.inStore(ctx, need, func(db *store.DB) error { return fn(ctx, db) })
}

// inStore runs fn on the opened store.
func (a *app) inStore(ctx context.Context, need storeNeed, fn func(db *store.DB) error) (err error) {
	defer func() {
		if errors.Is(err, store.ErrCorrupt) {
			err = fmt.Errorf("%w; restore a backup: see dcq help backup", err)
		}
	}()
	dir, err := a.storeDir()
	if err != nil {
		return err
	}
	if need == needStore {
		if err := storeExists(dir); err != nil {
			return err
		}
	}
	db, err := store.Open(ctx, dir, store.Options{Logger: a.logger()})
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := db.Close(); closeErr != nil {
			err = &exitError{exitSelf, errors.Join(err, fmt.Errorf("close the store: %w", closeErr))}
		}
	}()
	return fn(db)
}

// useAll makes the packages known whose tables a store may have, to check them all and
// to give back what dead processes held.
func useAll(ctx context.Context, db *store.DB) error {
	return errors.Join(
		db.Use(ctx, queue.Package), db.Use(ctx, kv.Package), db.Use(ctx, dsync.Package), db.Use(ctx, memo.Package))
}

// storeDir is the directory that the command line or the environment names.
func (a *app) storeDir() (string, error) {
	if a.dirGiven && a.dir == "" {
		return "", usagef("--store is empty; name a directory")
	}
	if a.dir != "" {
		return a.dir, nil
	}
	if dir := os.Getenv("DCQ_STORE"); dir != "" {
		return dir, nil
	}
	if state := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(state) {
		return filepath.Join(state, "dcq"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", exitf(exitSelf, "no directory for the store (%w); give --store or set DCQ_STORE", err)
	}
	return filepath.Join(home, ".local", "state", "dcq"), nil
}

// storeExists looks for the database by name only: opening the file outside SQLite
// would cost other connections of the process their locks.
func storeExists(dir string) error {
	_, err := os.Stat(filepath.Join(dir, "dcq.db"))
	if errors.Is(err, fs.ErrNotExist) {
		return exitf(exitNegative, "no store in %s; name another with --store, or make one with dcq push", dir)
	}
	return err
}

// logger writes to standard error: errors, and with -v more.
func (a *app) logger() hclog.Logger {
	level := hclog.Error
	switch {
	case a.quiet:
		level = hclog.Off
	case a.verbose == 1:
		level = hclog.Info
	case a.verbose > 1:
		level = hclog.Debug
	}
	return hclog.New(&hclog.LoggerOptions{Name: "dcq", Level: level, Output: a.stderr})
}

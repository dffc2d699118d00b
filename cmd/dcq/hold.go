package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dcq-go/dcq/store"
	dsync "github.com/dcq-go/dcq/sync"
)

// maxExit is the greatest exit code that there is.
const maxExit = 255

// hold is what the verbs have in common that acquire something, run a command while
// they hold it, and exit as the command does.
type hold struct {
	*app
	kind string // as dsync.Status has it
	name string
	path string // of the program; empty: hold until standard input ends
	argv []string
	env  func(*dsync.Grant) []string // more of the command's environment

	noWait    bool
	wait      durationFlag
	waits     bool // wait was given
	conflict  int
	ttl       durationFlag
	killAfter durationFlag
}

// claim is a way to acquire something, without waiting and with.
type claim struct {
	try, wait func(context.Context) (*dsync.Grant, error)
}

// flags adds the options.
func (h *hold) flags(c *cobra.Command) {
	beforeCommand(c)
	f := c.Flags()
	f.BoolVarP(&h.noWait, "no-wait", "n", false, "do not wait")
	f.VarP(&h.wait, "wait", "w", "wait up to `D`; 0 is -n (default for ever)")
	f.IntVarP(&h.conflict, "conflict-exit-code", "E", exitConflict, "exit with `N` if it was not to be had in time")
	f.Var(&h.ttl, "ttl", "another process may have it when this one has not shown life for `D` (default 30s)")
	h.killAfter = durationFlag(defaultKillTime)
	f.VarP(&h.killAfter, "kill-after", "k", "when ending the command, send KILL `D` after TERM")
}

// split takes the command line apart, and looks the program up, so that nobody waits
// for one that does not exist.
func (h *hold) split(c *cobra.Command, args []string) (err error) {
	if h.name, h.argv, err = nameAndCommand(c, args); err != nil {
		return err
	}
	h.waits = c.Flags().Changed("wait")
	switch {
	case h.noWait && h.waits:
		return usagef("-n and -w exclude each other")
	case h.conflict < 0 || h.conflict > maxExit:
		return usagef("-E %d is not between 0 and %d", h.conflict, maxExit)
	case c.Flags().Changed("ttl") && time.Duration(h.ttl) < minLease:
		return usagef("--ttl %v is less than %v", time.Duration(h.ttl), minLease)
	}
	h.noWait = h.noWait || h.waits && h.wait == 0
	if len(h.argv) > 0 {
		h.path, err = findProgram(h.argv[0])
	}
	return err
}

// findProgram looks a program up.
func findProgram(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", cannotRun(name, err)
	}
	return path, nil
}

func (h *hold) options() dsync.Options { return dsync.Options{Lease: time.Duration(h.ttl)} }

// run acquires what open returns, and uses it.
func (h *hold) run(open func(context.Context, *store.DB) (claim, error)) error {
	i := catchInterrupts()
	defer i.close()
	return h.inStore(i.ctx, makeStore, func(db *store.DB) error {
		c, err := open(i.ctx, db)
		if err != nil {
			return err
		}
		g, err := h.acquire(i.ctx, db, c)
		if err != nil {
			return err
		}
		return h.end(g, h.use(i, db, g))
	})
}

// acquire tries, and then waits as long as the options allow.
func (h *hold) acquire(ctx context.Context, db *store.DB, c claim) (*dsync.Grant, error) {
	g, err := c.try(ctx)
	if !errors.Is(err, dsync.ErrNotAcquired) {
		return g, err
	}
	if h.noWait {
		h.note("%s is not free: %s", h, h.occupied(ctx, db))
		return nil, answer(h.conflict)
	}
	if h.verbose > 0 {
		h.note("waiting for %s: %s", h, h.occupied(ctx, db))
	}
	asked := time.Now()
	within := ctx
	if h.waits {
		var cancel context.CancelFunc
		within, cancel = context.WithTimeoutCause(ctx, time.Duration(h.wait), dsync.ErrNotAcquired)
		defer cancel()
	}
	g, err = c.wait(within)
	if errors.Is(err, dsync.ErrNotAcquired) {
		h.note("%s was not free within %v: %s", h, time.Duration(h.wait), h.occupied(ctx, db))
		return nil, answer(h.conflict)
	}
	if err == nil && h.verbose > 0 {
		h.note("acquired after %s", span(time.Since(asked)))
	}
	return g, err
}

func (h *hold) String() string { return fmt.Sprintf("%s %q", strings.TrimPrefix(h.kind, "rw"), h.name) }

// occupied says why it is not to be had: who holds it, or else how many wait.
func (h *hold) occupied(ctx context.Context, db *store.DB) string {
	all, err := dsync.List(ctx, db)
	if err != nil {
		return "who holds it cannot be read: " + err.Error()
	}
	for _, s := range all {
		if s.Kind == h.kind && s.Name == h.name {
			return occupants(s)
		}
	}
	return "it is by now"
}

func occupants(s dsync.Status) string {
	if len(s.Holders) == 0 {
		return counted(int64(len(s.Waiters)), "other waits", "others wait")
	}
	first := s.Holders[0]
	text := fmt.Sprintf("held by process %d, %s", first.PID, printable(first.Command))
	if more := len(s.Holders) - 1; more > 0 {
		text += fmt.Sprintf(" (and %s)", counted(int64(more), "other", "others"))
	}
	return text
}

// use runs the command, or waits for the end of standard input.
func (h *hold) use(i *interrupts, db *store.DB, g *dsync.Grant) error {
	if h.path == "" {
		return h.untilInputEnds(i.ctx, g)
	}
	signals, err := i.handOver()
	if err != nil {
		return err
	}
	env := append(os.Environ(), "DCQ_STORE="+db.Dir(), "DCQ_LOCK="+h.name, "DCQ_TOKEN="+strconv.FormatInt(g.Token(), 10))
	if h.env != nil {
		env = append(env, h.env(g)...)
	}
	command := guest{
		path: h.path, args: h.argv, env: env,
		stdin: h.stdin, stdout: h.stdout, stderr: h.stderr,
		killAfter: time.Duration(h.killAfter), signals: signals,
	}
	return command.run(g.Context())
}

// heldJSON is what is printed with --json when there is no command.
type heldJSON struct {
	Kind  string `json:"kind"`
	Name  string `json:"name"`
	Token int64  `json:"token"`
	Slot  int    `json:"slot"`
}

// untilInputEnds prints the token and holds until there is no more standard input.
func (h *hold) untilInputEnds(ctx context.Context, g *dsync.Grant) (err error) {
	if h.json {
		err = writeJSON(h.stdout, heldJSON{h.kind, h.name, g.Token(), g.Slot()})
	} else {
		_, err = fmt.Fprintln(h.stdout, g.Token())
	}
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, h.stdin)
		ended <- err
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-g.Context().Done():
		return context.Cause(g.Context())
	}
}

// end gives the grant back. That it was lost outweighs how the use ended: others may
// have had it meanwhile.
func (h *hold) end(g *dsync.Grant, used error) error {
	lost := g.Err()
	err := g.Release(context.Background())
	if lost != nil || errors.Is(err, dsync.ErrLost) {
		return exitf(exitLost, "%s was lost before it was given back: others may have had it meanwhile", h)
	}
	if err != nil {
		return &exitError{exitSelf, errors.Join(used, err)}
	}
	return used
}

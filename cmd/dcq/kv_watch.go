package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/dcq-go/dcq/kv"
)

type kvWatch struct {
	*app
	prefix string
	from   int64
	n      int
	values bool
	synced bool
}

func (a *app) kvWatchCommand() *cobra.Command {
	w := &kvWatch{app: a}
	c := &cobra.Command{
		Use:   "watch INDEX [PREFIX] [options]",
		Short: "print the changes of an index as they are made",
		Long: `kv watch prints each change of the keys that begin with PREFIX, or of all, by any
process, in the order of the commits and each once, until a signal ends it: a line
with the revision, put or delete, and the key, with tabs in between. With --values,
the value follows what was put, unless it was changed again since; that comes as a
later line. --json prints the same with the value, or with "stale".

To resume after the last change that you have dealt with, give its revision with
--from: nothing is missed, and nothing comes twice. An index keeps a history for that
from its first watch on, of the last 10,000 changes or more; if it does not reach back
so far, the exit code is 1: look at the whole with dcq kv ls, and begin anew.

With --synced, a line says with which revision all is printed that there is: the first
tells that the watch has begun, and the others let one who watches few keys resume
from the last. The verb makes the index if there is none.`,
		Example: `
  dcq kv watch conf
  dcq kv watch conf db/ --values
  dcq kv watch orders --from "$(cat done)" | while read -r rev what key; do
    handle "$what" "$key" && echo "$rev" > done
  done`,
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: a.completeIndex,
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case w.n < 0:
				return usagef("-n %d is negative", w.n)
			case c.Flags().Changed("from") && w.from < 1:
				return usagef("--from %d: revisions begin at 1; leave it out to begin now", w.from)
			case len(args) == 2:
				w.prefix = args[1]
			}
			return w.withNewIndex(args[0], w.run)
		},
	}
	f := c.Flags()
	f.Int64Var(&w.from, "from", 0, "begin after the revision `REV` (default now)")
	f.IntVarP(&w.n, "number", "n", 0, "end after `N` changes (default never)")
	f.BoolVar(&w.values, "values", false, "print the values too, as --json always does")
	f.BoolVar(&w.synced, "synced", false, "say whenever all that there is was printed")
	return c
}

func (w *kvWatch) run(ctx context.Context, ix *index) error {
	prefix, err := ix.prefix(w.prefix)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w.stdout)
	opts := kv.WatchOptions{Prefix: prefix, From: w.from, Synced: true}
	left := w.n
	for e, err := range ix.Watch(ctx, opts) {
		if errors.Is(err, kv.ErrCompacted) {
			err = fmt.Errorf("%w; see dcq kv ls for what is there, and watch without --from", err)
		}
		if err != nil {
			return errors.Join(err, out.Flush())
		}
		if err := w.print(out, ix.Name(), e); err != nil {
			return err
		}
		if e.Kind == kv.Synced {
			err = out.Flush()
		} else if left--; left == 0 {
			return out.Flush()
		}
		if err != nil {
			return err
		}
	}
	return out.Flush()
}

// changeJSON is what watch prints with --json.
type changeJSON struct {
	Index    string `json:"index"`
	Revision int64  `json:"revision"`
	Kind     string `json:"kind"`
	keyJSON
	valueJSON
	Stale bool `json:"stale,omitempty"`
}

func (w *kvWatch) print(out *bufio.Writer, name string, e kv.Event[string, []byte]) error {
	line := changeJSON{Index: name, Revision: e.Revision, Kind: e.Kind.String(), Stale: e.Stale}
	fields := []string{strconv.FormatInt(e.Revision, 10), line.Kind}
	switch {
	case e.Kind == kv.Synced && !w.synced:
		return nil
	case e.Kind != kv.Synced:
		line.keyJSON = newKeyJSON(e.Key)
		fields = append(fields, e.Key)
	}
	if e.Kind == kv.Put && !e.Stale {
		line.valueJSON = newValueJSON(e.Value)
		if w.values {
			fields = append(fields, string(e.Value))
		}
	}
	if w.json {
		return writeJSON(out, line)
	}
	return writeFields(out, false, fields...)
}

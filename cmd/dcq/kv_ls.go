package main

import (
	"bufio"
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/dcq-go/dcq/kv"
)

type kvList struct {
	*app
	prefix    string
	values    bool
	null      bool
	reverse   bool
	insertion bool
	n         int
}

func (a *app) kvListCommand() *cobra.Command {
	l := &kvList{app: a}
	c := &cobra.Command{
		Use:   "ls INDEX [PREFIX] [options]",
		Short: "list the keys, or keys and values",
		Long: `kv ls prints the keys of an index that begin with PREFIX, or all, a line each, in the
order of the index. With --values, a tab and the value follow. What could break the
lines is shown as a dot; -0 and --json are exact. It reads in pages: what is changed
meanwhile may be seen or not.`,
		Example: `
  dcq kv ls conf
  dcq kv ls urls https://example.org/ --values
  dcq kv ls log --oldest-first --reverse -n 10      the latest that were added
  dcq kv ls conf --json | jq -r '"\(.key)=\(.value)"'`,
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: a.completeIndex,
		RunE: func(_ *cobra.Command, args []string) error {
			switch {
			case l.n < 0:
				return usagef("-n %d is negative", l.n)
			case l.null && l.json:
				return usagef("-0 and --json exclude each other")
			case len(args) == 2:
				l.prefix = args[1]
			}
			return l.withIndex(args[0], l.run)
		},
	}
	f := c.Flags()
	f.BoolVar(&l.values, "values", false, "print the values too, as --json always does")
	f.BoolVarP(&l.reverse, "reverse", "r", false, "turn the order around")
	f.BoolVar(&l.insertion, "oldest-first", false, "in the order in which the keys were added")
	f.IntVarP(&l.n, "number", "n", 0, "print at most `N` (default all)")
	f.BoolVarP(&l.null, "null", "0", false, "end each key, and each value, with NUL")
	return c
}

func (l *kvList) run(ctx context.Context, ix *index) error {
	prefix, err := ix.prefix(l.prefix)
	if err != nil {
		return err
	}
	opts := kv.ScanOptions[string]{Prefix: prefix, Reverse: l.reverse, ByInsertion: l.insertion, Limit: l.n}
	w := bufio.NewWriter(l.stdout)
	return errors.Join(l.scan(ctx, ix, opts, w), w.Flush())
}

func (l *kvList) scan(ctx context.Context, ix *index, opts kv.ScanOptions[string], w io.Writer) error {
	if !l.values && !l.json {
		for key, err := range ix.Keys(ctx, opts) {
			if err != nil {
				return err
			}
			if err := writeFields(w, l.null, key); err != nil {
				return err
			}
		}
		return nil
	}
	for e, err := range ix.Scan(ctx, opts) {
		if err != nil {
			return err
		}
		if l.json {
			err = writeJSON(w, entryJSON{ix.Name(), e.Revision, newKeyJSON(e.Key), newValueJSON(e.Value)})
		} else {
			err = writeFields(w, l.null, e.Key, string(e.Value))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// writeFields writes fields as a line with tabs in between, or ends each with NUL. Of a
// line, what could break it is made visible instead.
func writeFields(w io.Writer, null bool, fields ...string) error {
	line := ""
	for i, f := range fields {
		switch {
		case null:
			line += f + "\x00"
		case i > 0:
			line += "\t" + printable(f)
		default:
			line += printable(f)
		}
	}
	if !null {
		line += "\n"
	}
	_, err := io.WriteString(w, line)
	return err
}

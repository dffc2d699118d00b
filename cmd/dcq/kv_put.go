package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dcq-go/dcq/kv"
)

type kvPut struct {
	*app
	key      string
	value    []byte
	ifAbsent bool
	revision int64
	ifRev    bool // revision was given
}

func (a *app) kvPutCommand() *cobra.Command {
	p := &kvPut{app: a}
	c := &cobra.Command{
		Use:   "put INDEX KEY [VALUE|-] [options]",
		Short: "give a key a value",
		Long: `kv put gives a key a value, whether it is there or not, making the index if there is
none, and prints the revision once it is safely on disk. Without VALUE, or with -, it
takes the whole standard input, byte for byte: echo adds a newline, printf does not.
After --, also - is a value.

With --if-absent, a key that is there is left as it is, and with --if-revision, one
that was changed since: then the exit code is 1. Of any number who try, one succeeds.`,
		Example: `
  dcq kv put conf theme dark
  dcq kv put pages index.html < index.html
  dcq kv put leader web "$HOSTNAME" --if-absent || echo somebody leads
  dcq kv put conf theme light --if-revision 42      nobody changed it meanwhile`,
		Args:              cobra.RangeArgs(2, 3),
		ValidArgsFunction: a.completeIndex,
		RunE: func(c *cobra.Command, args []string) error {
			if err := p.validate(c, args); err != nil {
				return err
			}
			return p.withNewIndex(args[0], p.run)
		},
	}
	f := c.Flags()
	f.BoolVar(&p.ifAbsent, "if-absent", false, "only if the key is not there")
	f.Int64Var(&p.revision, "if-revision", 0, "only if the last change of the key has the revision `N`; 0: it is not there")
	return c
}

// validate looks at the arguments, and reads the value.
func (p *kvPut) validate(c *cobra.Command, args []string) (err error) {
	p.key, p.ifRev = args[1], c.Flags().Changed("if-revision")
	dash := c.ArgsLenAtDash()
	switch given := len(args) == 3 && (args[2] != "-" || dash >= 0 && dash < 3); {
	case p.ifAbsent && p.ifRev:
		return usagef("--if-absent and --if-revision exclude each other")
	case p.revision < 0:
		return usagef("--if-revision %d is negative", p.revision)
	case given:
		p.value = []byte(args[2])
	case isTerminal(p.stdin):
		return usagef("give a value, or pipe one into standard input")
	default:
		p.value, err = readAtMost(p.stdin, maxStdin)
	}
	return err
}

func (p *kvPut) run(ctx context.Context, ix *index) (err error) {
	revision := int64(0)
	if p.ifAbsent || p.ifRev {
		revision, err = ix.CompareAndSwap(ctx, p.key, p.revision, p.value)
	} else {
		revision, err = ix.Put(ctx, p.key, p.value)
	}
	if errors.Is(err, kv.ErrConflict) && p.ifAbsent {
		return answer(exitNegative)
	}
	if err != nil {
		return err
	}
	if p.json {
		return writeJSON(p.stdout, entryJSON{Index: ix.Name(), Revision: revision, keyJSON: newKeyJSON(p.key)})
	}
	_, err = fmt.Fprintln(p.stdout, revision)
	return err
}

type kvIncr struct {
	*app
	name, key string
	delta     int64
}

func (a *app) kvIncrCommand() *cobra.Command {
	i := &kvIncr{app: a}
	c := &cobra.Command{
		Use:   "incr INDEX KEY [DELTA]",
		Short: "add to a number",
		Long: `kv incr adds DELTA, or 1, to the value of a key, and prints the sum. The value is a
decimal number of 64 bits with a sign, as put would give it; a key that is not there
counts as 0, and so does an index. However many processes add, nothing is lost. If the
value is no such number, or the sum none, nothing is changed and the exit code is 1.`,
		Example: `
  dcq kv incr stats hits
  dcq kv incr stock apples -3
  n=$(dcq kv incr ids next) && mkdir "job-$n"`,
		ValidArgsFunction: a.completeIndex,
		Args:              i.parse,
		RunE:              func(*cobra.Command, []string) error { return i.withNewIndex(i.name, i.run) },
	}
	beforeCommand(c) // so that a DELTA may be negative
	return c
}

// parse takes the command line apart. Options may stand on both sides of INDEX KEY. A
// DELTA looks like one if it is negative.
func (i *kvIncr) parse(c *cobra.Command, args []string) (err error) {
	if len(args) < 2 {
		return usagef("want INDEX KEY [DELTA]")
	}
	i.name, i.key, i.delta = args[0], args[1], 1
	if args = args[2:]; len(args) > 0 && isNumber(args[0]) {
		args = slices.Concat(args[1:], []string{"--", args[0]})
	}
	if err := c.Flags().Parse(args); err != nil {
		return flagError(c, err)
	}
	switch rest := c.Flags().Args(); {
	case len(rest) > 1:
		return usagef("want at most one DELTA")
	case len(rest) == 1 && !isNumber(rest[0]):
		return usagef("%q is no whole number of 64 bits", rest[0])
	case len(rest) == 1:
		i.delta, err = strconv.ParseInt(rest[0], 10, 64)
	}
	return err
}

func isNumber(s string) bool {
	_, err := strconv.ParseInt(s, 10, 64)
	return err == nil
}

func (i *kvIncr) run(ctx context.Context, ix *index) error {
	sum := int64(0)
	e, err := ix.Update(ctx, i.key, func(old []byte, had bool) (_ []byte, err error) {
		if had {
			if sum, err = strconv.ParseInt(strings.TrimSpace(string(old)), 10, 64); err != nil {
				return nil, fmt.Errorf("%w: the value of %q is no whole number of 64 bits", kv.ErrNumber, i.key)
			}
		}
		next := sum + i.delta
		if (next > sum) != (i.delta > 0) && i.delta != 0 {
			return nil, fmt.Errorf("%w: %d and %d is more than 64 bits can hold", kv.ErrNumber, sum, i.delta)
		}
		sum = next
		return strconv.AppendInt(nil, sum, 10), nil
	})
	if err != nil {
		return err
	}
	if i.json {
		return writeJSON(i.stdout, entryJSON{ix.Name(), e.Revision, newKeyJSON(i.key), newValueJSON(e.Value)})
	}
	_, err = fmt.Fprintln(i.stdout, sum)
	return err
}

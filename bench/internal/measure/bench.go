package measure

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
)

// Rounds is how often the peers take turns, so that what else the machine does meets all
// of them alike.
const Rounds = 5

// Bench is a run of a program: what is to be measured, and where it goes.
type Bench struct {
	Ctx  context.Context
	Only *regexp.Regexp // what to measure, as PART/PEER
	Dir  string         // for files, which go when the run ends
	Log  *Log
	Out  io.Writer // for the tables
}

// Run writes the facts to out, and calls fn with a bench. The raw results go to the file
// of that name, if it is not empty.
func Run(ctx context.Context, only *regexp.Regexp, file string, out io.Writer, fn func(*Bench) error) (err error) {
	dir, err := os.MkdirTemp("", "dcq-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	facts := Gather(dir)
	log, err := Create(file, facts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	fmt.Fprintln(out, facts)
	return fn(&Bench{ctx, only, dir, log, out})
}

// Wants reports whether the user wants that peer in that part.
func (b *Bench) Wants(part, peer string) bool { return b.Only.MatchString(part + "/" + peer) }

// Place makes a directory for files.
func (b *Bench) Place(name string) (string, error) {
	dir := filepath.Join(b.Dir, name)
	return dir, os.MkdirAll(dir, 0o700)
}

// InTurns calls one for each peer, one after the other, and that in every round. It
// returns the first error of one, or that of the run's context.
func InTurns[P any](b *Bench, peers []P, one func(round int, p P) error) error {
	for round := range Rounds {
		for _, p := range peers {
			if err := b.Ctx.Err(); err != nil {
				return err
			}
			if err := one(round, p); err != nil {
				return err
			}
		}
	}
	return nil
}

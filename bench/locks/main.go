// Command locks measures the locks of dcq beside those of its peers, and prints the
// ratios. See the README of its module for what is measured, and how.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"syscall"

	"github.com/dcq-go/dcq/bench/internal/measure"
)

func main() {
	err := program()
	if err != nil {
		fmt.Fprintln(os.Stderr, "locks:", err)
		os.Exit(1)
	}
}

func program() error {
	if measure.IsChild() {
		return serve(os.Args[1], os.Args[2])
	}
	only := flag.String("only", "", "measure what matches this `regexp`, as PART/PEER: the parts are uncontended, turns, hand-over, waiters and commands")
	n := flag.Int("n", 1000, "hand-overs of each peer; ten times as many turns and pairs uncontended, a tenth of each command")
	out := flag.String("out", "", "write the raw results to this `file`, as JSON lines")
	flag.Parse()
	match, err := regexp.Compile(*only)
	if err != nil || *n < 1 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, *n, match, *out, os.Stdout)
}

// bench is a run, with how many hand-overs.
type bench struct {
	*measure.Bench
	n int
}

// run measures everything that only matches.
func run(ctx context.Context, n int, only *regexp.Regexp, file string, out io.Writer) error {
	return measure.Run(ctx, only, file, out, func(m *measure.Bench) (err error) {
		peers, end, err := findPeers(ctx, m.Dir)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, end()) }()
		b := &bench{m, n}
		for _, part := range []func([]*peer) error{b.uncontended, b.takingTurns, b.handOver, b.waiters} {
			if err := part(peers); err != nil {
				return err
			}
		}
		return b.commands()
	})
}

// wanted returns the peers that the user wants in that part, and that can do it.
func (b *bench) wanted(part string, all []*peer) (wanted []*peer) {
	for _, p := range all {
		if b.Wants(part, p.name) && (part == uncontended || !p.alone) {
			wanted = append(wanted, p)
		}
	}
	return wanted
}

// inTurns collects samples of each peer that is here, some every round.
func (b *bench) inTurns(part string, peers []*peer, some func(*peer) (measure.Samples, error)) (map[*peer]measure.Samples, error) {
	all := map[*peer]measure.Samples{}
	err := measure.InTurns(b.Bench, peers, func(round int, p *peer) error {
		if p.missing != "" {
			return nil
		}
		s, err := some(p)
		if err != nil {
			return fmt.Errorf("%s of %s: %w", part, p.name, err)
		}
		all[p] = append(all[p], s...)
		return b.Log.Add(measure.Record{Part: part, Peer: p.name, Round: round, Samples: s, Note: p.settings})
	})
	if err != nil {
		return nil, err
	}
	return all, b.logMissing(part, peers)
}

// logMissing keeps why peers were not measured.
func (b *bench) logMissing(part string, peers []*peer) error {
	for _, p := range peers {
		if p.missing == "" {
			continue
		}
		if err := b.Log.Add(measure.Record{Part: part, Peer: p.name, Fault: p.missing}); err != nil {
			return err
		}
	}
	return nil
}

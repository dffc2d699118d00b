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
	"path/filepath"
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
	only := flag.String("only", "", "measure what matches this `regexp`, as PART/PEER: the parts are uncontended, hand-over, waiters and commands")
	n := flag.Int("n", 1000, "hand-overs of each peer; ten times as many pairs uncontended, a tenth of each command")
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

// bench is a run: what is to be measured, and where it goes.
type bench struct {
	ctx  context.Context
	n    int
	only *regexp.Regexp
	dir  string // files that go when the run ends
	log  *measure.Log
	out  io.Writer
}

// run measures everything that only matches.
func run(ctx context.Context, n int, only *regexp.Regexp, name string, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "dcq-locks-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	facts := measure.Gather(dir)
	log, err := measure.Create(name, facts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	fmt.Fprintln(out, facts)

	peers, end, err := findPeers(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	b := &bench{ctx, n, only, dir, log, out}
	for _, part := range []func([]*peer) error{b.uncontended, b.handOver, b.waiters} {
		if err := part(peers); err != nil {
			return err
		}
	}
	return b.commands()
}

// wants reports whether the user wants that peer in that part.
func (b *bench) wants(part, peer string) bool { return b.only.MatchString(part + "/" + peer) }

// place makes a directory.
func (b *bench) place(name string) (string, error) {
	dir := filepath.Join(b.dir, name)
	return dir, os.MkdirAll(dir, 0o700)
}

// rounds is how often the peers take turns, so that what else the machine does meets all
// of them alike.
const rounds = 5

// wanted returns the peers that the user wants in that part.
func (b *bench) wanted(part string, all []*peer) (wanted []*peer) {
	for _, p := range all {
		if b.wants(part, p.name) {
			wanted = append(wanted, p)
		}
	}
	return wanted
}

// inTurns collects samples of each peer that is here, some every round.
func (b *bench) inTurns(part string, peers []*peer, some func(*peer) (measure.Samples, error)) (map[*peer]measure.Samples, error) {
	all := map[*peer]measure.Samples{}
	for round := range rounds {
		for _, p := range peers {
			if p.missing != "" {
				continue
			}
			if err := b.ctx.Err(); err != nil {
				return nil, err
			}
			s, err := some(p)
			if err != nil {
				return nil, fmt.Errorf("%s of %s: %w", part, p.name, err)
			}
			if err := b.log.Add(measure.Record{Part: part, Peer: p.name, Round: round, Samples: s}); err != nil {
				return nil, err
			}
			all[p] = append(all[p], s...)
		}
	}
	return all, nil
}

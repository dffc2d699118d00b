// Command queues measures the queues of dcq beside those of its peers, and prints the
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
	"strings"
	"syscall"

	"github.com/dcq-go/dcq/bench/internal/measure"
	"github.com/dcq-go/dcq/bench/internal/report"
	"github.com/dcq-go/dcq/bench/internal/results"
)

func main() {
	err := program()
	if err != nil {
		fmt.Fprintln(os.Stderr, "queues:", err)
		os.Exit(1)
	}
}

func program() error {
	if measure.IsChild() {
		return serve(os.Args[1], os.Args[2], os.Args[3])
	}
	only := flag.String("only", "", "measure what matches this `regexp`, as PART/PEER, such as ^push-durable/, ^drain, wake or depth")
	n := flag.Int("n", jobs, "jobs that are drained, and pushed one by one without fsync, in each round; of slower things there are fewer")
	deep := flag.Bool("deep", false, "also measure a queue of ten million jobs")
	out := flag.String("out", "", "write the raw results to this `file`, as JSON lines")
	flag.Parse()
	match, err := regexp.Compile(*only)
	if err != nil || *n < 1 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, *n, *deep, match, *out, os.Stdout)
}

// jobs is how many jobs are drained unless the user wants another number.
const jobs = 10_000

// bench is a run.
type bench struct {
	*measure.Bench
	n    int
	deep bool
	run  *results.Run
}

// run measures everything that only matches.
func run(ctx context.Context, n int, deep bool, only *regexp.Regexp, file string, out io.Writer) error {
	return measure.Run(ctx, only, file, out, func(m *measure.Bench) error {
		b := &bench{m, n, deep, &results.Run{}}
		for _, part := range []func() error{b.pushes, b.drains, b.wake, b.writers, b.depth} {
			if err := part(); err != nil {
				return err
			}
		}
		return errors.Join(report.PeerTable(b.run).Print(out), report.Queues.GoalTable(b.run).Print(out))
	})
}

// show prints the table of a part that is done.
func (b *bench) show(part string) error { return report.Queues.PartTable(b.run, part).Print(b.Out) }

// add keeps what one was measured to do in a round.
func (b *bench) add(r measure.Record) error {
	b.run.Records = append(b.run.Records, r)
	return b.Log.Add(r)
}

// each lets the peers take turns at a part. One that fails is left out from then on, and
// says why, unless it is dcq.
func (b *bench) each(part string, durable bool, kinds []string, one func(*peer) (measure.Record, error)) error {
	return b.withPeers(part, durable, kinds, func(peers []*peer) error {
		err := measure.InTurns(b.Bench, peers, func(round int, p *peer) error {
			if p.missing != "" {
				return nil
			}
			r, err := one(p)
			if err != nil && (p.kind == dcqName || b.Ctx.Err() != nil) {
				return fmt.Errorf("%s of %s: %w", part, p.kind, err)
			}
			if err != nil {
				p.missing = firstLine(err)
				return nil
			}
			r.Part, r.Peer, r.Round, r.Note = part, p.kind, round, settings[p.kind]
			return b.add(r)
		})
		for _, p := range peers {
			if p.missing != "" {
				err = errors.Join(err, b.add(measure.Record{Part: part, Peer: p.kind, Fault: p.missing}))
			}
		}
		if err != nil {
			return err
		}
		return b.show(part)
	})
}

// firstLine is what a table has room for of an error.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

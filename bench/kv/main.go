// Command kv measures maps, caches and memoization of dcq beside those of its peers, and
// prints the ratios. See the README of its module for what is measured, and how.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/dcq-go/dcq/bench/internal/measure"
)

func main() {
	err := program()
	if err != nil {
		fmt.Fprintln(os.Stderr, "kv:", err)
		os.Exit(1)
	}
}

// options is what the user asks for.
type options struct {
	only      *regexp.Regexp
	n         int           // of each operation of each peer, at most
	d         time.Duration // for each operation of each peer, at most
	sizes     []int         // keys
	slow      int           // keys of peers that are slow to fill, at most
	processes int           // that share keys
	out       string        // file
}

func program() (err error) {
	if measure.IsChild() {
		return serve(os.Args[1], os.Args[2], os.Args[3])
	}
	var o options
	var fault error
	only := flag.String("only", "", "measure what matches this `regexp`, as PART/PEER, such as get/redis or size-.*/dcq")
	flag.IntVar(&o.n, "n", 10_000, "how often each operation of each peer is measured, at most")
	flag.DurationVar(&o.d, "d", 500*time.Millisecond, "for how long each operation of each peer is measured, at most; of many processes, exactly")
	sizes := flag.String("sizes", "1000,100000,1000000", "`numbers` of keys whose cost is compared")
	flag.IntVar(&o.slow, "slow", 100_000, "how many keys to put into peers that take a minute for a million, at most")
	flag.IntVar(&o.processes, "processes", 8, "how many processes share keys")
	flag.StringVar(&o.out, "out", "", "write the raw results to this `file`, as JSON lines")
	flag.Parse()
	o.only, err = regexp.Compile(*only)
	o.sizes, fault = parseSizes(*sizes)
	if err != nil || fault != nil || o.n < 1 || o.d <= 0 || o.processes < 1 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, o, os.Stdout)
}

// parseSizes reads numbers of keys, which must allow of a range.
func parseSizes(list string) (sizes []int, err error) {
	for word := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(word)
		if err != nil {
			return nil, err
		}
		if n <= rangeKeys {
			return nil, fmt.Errorf("%d keys are not more than a range has", n)
		}
		sizes = append(sizes, n)
	}
	return sizes, nil
}

// bench is a run, with what the user asks for.
type bench struct {
	*measure.Bench
	options
}

// run measures everything that only matches.
func run(ctx context.Context, o options, out io.Writer) error {
	return measure.Run(ctx, o.only, o.out, out, func(m *measure.Bench) error {
		b, peers := &bench{m, o}, findPeers()
		for _, part := range []func([]*peer) error{b.single, b.shared, b.size} {
			if err := part(peers); err != nil {
				return err
			}
		}
		return nil
	})
}

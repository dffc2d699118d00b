// Command study compares ways to remember one slow page, as the landing page of DiskCache's
// documentation does ("Case Study: Landing Page Caching"): 10 workers ask for a page that
// takes 200 ms to make and is kept for 1 s, each 10 ms after its last answer, for 10 s.
//
// It prints a table and draws docs/memo-landing.svg. By default it simulates, so that all
// runs with one seed give the same; with -real it takes that long, and uses package memo,
// and DiskCache's way on a cache of package kv, with 5 openings of one store.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

// scene is what all ways are given.
type scene struct {
	workers int
	render  time.Duration // to make the page
	ttl     time.Duration
	pause   time.Duration // of a worker, on average
	length  time.Duration
}

var landing = scene{workers: 10, render: 200 * time.Millisecond, ttl: time.Second, pause: 10 * time.Millisecond, length: 10 * time.Second}

func main() {
	seed := flag.Uint64("seed", 1, "of the simulation")
	isReal := flag.Bool("real", false, "run instead of simulating")
	out := flag.String("o", "docs/memo-landing.svg", "the file to draw into; empty for none")
	flag.Parse()
	if err := study(context.Background(), os.Stdout, *out, *seed, *isReal); err != nil {
		fmt.Fprintln(os.Stderr, "study:", err)
		os.Exit(1)
	}
}

func study(ctx context.Context, w io.Writer, file string, seed uint64, isReal bool) error {
	all := simulateAll(landing, seed)
	if isReal {
		var err error
		if all, err = runAll(ctx, landing); err != nil {
			return err
		}
	}
	writeTable(w, landing, all)
	if file == "" {
		return nil
	}
	return os.WriteFile(file, plot(landing, all), 0o644)
}

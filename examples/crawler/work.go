package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"

	"github.com/dcq-go/dcq/examples/crawler/internal/child"
	"github.com/dcq-go/dcq/examples/crawler/internal/crawl"
	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
)

// workCommand joins a crawl.
func workCommand(ctx context.Context, e env, args []string) error {
	var s storeFlags
	fs := flags(e, "work", "[FLAGS]")
	s.register(fs)
	concurrency := fs.Int("j", 2*runtime.GOMAXPROCS(0), "`number` of requests at a time")
	stay := fs.Bool("stay", false, "stay when nothing is left to do, and wait for more")
	tether := fs.Bool("tether", false, "end when the standard input does: for a parent process")
	if err := parse(fs, args, false); err != nil {
		return err
	}
	if *concurrency < 1 || *concurrency > maxConcurrency {
		return misuse(fs, "-j %d is not between 1 and %d", *concurrency, maxConcurrency)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if *tether {
		go child.Tether(e.stdin, cancel, func() { os.Exit(exitFailed) })
	}
	f, err := s.openExisting(ctx, e)
	if err != nil {
		return err
	}
	defer f.DB().Close()
	return workHere(ctx, f, *concurrency, *stay)
}

// workHere crawls in this process until nothing is left, unless it shall stay, or
// until ctx ends.
func workHere(ctx context.Context, f *frontier.Frontier, concurrency int, stay bool) error {
	c, err := crawl.New(context.WithoutCancel(ctx), f)
	if err != nil {
		return err
	}
	defer c.Close()
	pool, err := c.Pool(concurrency)
	if err != nil {
		return err
	}
	if stay {
		return pool.Run(ctx)
	}
	return pool.RunUntilIdle(ctx)
}

// workThere crawls in processes of their own, and asks them to stop when ctx ends.
func workThere(ctx context.Context, e env, s storeFlags, processes, concurrency int) error {
	var started []*child.Process
	defer func() {
		for _, p := range started {
			_ = p.Kill()
		}
	}()
	for range processes {
		p, err := startWorker(e, s.dir, concurrency, s.levelFlags()...)
		if err != nil {
			return err
		}
		started = append(started, p)
	}
	stop := context.AfterFunc(ctx, func() {
		for _, p := range started {
			p.Stop()
		}
	})
	defer stop()
	var errs []error
	for _, p := range started {
		if err := p.Wait(); err != nil {
			errs = append(errs, fmt.Errorf("worker process %d: %w", p.PID(), err))
		}
	}
	return errors.Join(errs...)
}

// startWorker starts this program once more, as a worker.
func startWorker(e env, dir string, concurrency int, more ...string) (*child.Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	args := []string{"work", "-tether", "-store", dir, "-j", strconv.Itoa(concurrency)}
	return child.Start(e.stderr, self, append(args, more...)...)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/dcq-go/dcq/examples/crawler/internal/child"
	"github.com/dcq-go/dcq/examples/crawler/internal/demo"
)

// errProof is returned by demo when a check has failed.
var errProof = errors.New("the demonstration has failed")

// demoFlags are the flags of demo.
type demoFlags struct {
	small          bool
	site, keep     string
	processes, max int
}

// demoCommand crawls, kills, crawls again, and proves.
func demoCommand(ctx context.Context, e env, args []string) error {
	var d demoFlags
	fs := flags(e, "demo", "[FLAGS] [DIR]")
	fs.BoolVar(&d.small, "small", false, "crawl a few hundred made-up pages: no network, and done in seconds")
	fs.StringVar(&d.site, "site", "", "`directory` of HTML files to crawl, like DIR; the default is $SITE if set, else Debian's documentation packages")
	fs.StringVar(&d.keep, "keep", "", "keep everything in this `directory`, which must be empty or not exist")
	fs.IntVar(&d.processes, "processes", 4, "`number` of processes that crawl")
	fs.IntVar(&d.max, "j", 2*runtime.GOMAXPROCS(0), "`number` of requests at a time in each process")
	if err := parse(fs, args, true); err != nil {
		return err
	}
	if fs.NArg() > 1 || fs.NArg() == 1 && d.site != "" {
		return misuse(fs, "give one directory")
	}
	if fs.NArg() == 1 {
		d.site = fs.Arg(0)
	}
	if d.processes < 2 || d.processes > maxProcesses {
		return misuse(fs, "-processes %d is not between 2 and %d: one of them is killed", d.processes, maxProcesses)
	}
	if d.max < 1 || d.max > maxConcurrency {
		return misuse(fs, "-j %d is not between 1 and %d", d.max, maxConcurrency)
	}
	return d.run(ctx, e)
}

func (d demoFlags) run(ctx context.Context, e env) error {
	dir, reports, remove, err := d.dirs()
	if err != nil {
		return err
	}
	defer remove()
	result, err := demo.Run(ctx, demo.Options{
		Small: d.small, Site: d.site, Processes: d.processes, Concurrency: d.max,
		Dir: dir, Reports: reports,
		Start: func(store string, concurrency int) (*child.Process, error) {
			return startWorker(e, store, concurrency, "-q") // that pages are given up, and a process dies, is on purpose
		},
		Out: &lines{w: e.stdout}, Show: showOn(e.stdout),
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "\n%s\n", result)
	fmt.Fprintf(e.stdout, "see %s and pages.jsonl beside it\n", filepath.Join(reports, "report.html"))
	if !result.Pass() {
		return errProof
	}
	return nil
}

// dirs returns where the store and the reports go, and how to remove what is not to
// be kept.
func (d demoFlags) dirs() (dir, reports string, remove func(), err error) {
	if d.keep != "" {
		entries, err := os.ReadDir(d.keep)
		if err == nil && len(entries) > 0 {
			return "", "", nil, fmt.Errorf("%s is not empty", d.keep)
		}
		return d.keep, d.keep, func() {}, os.MkdirAll(d.keep, 0o755)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", "", nil, fmt.Errorf("find a place for the report: %w; name one with -keep", err)
	}
	reports = filepath.Join(cache, "dcq-demo-report")
	if err := os.MkdirAll(reports, 0o755); err != nil {
		return "", "", nil, err
	}
	if dir, err = os.MkdirTemp("", "dcq-demo-"); err != nil {
		return "", "", nil, err
	}
	return dir, reports, func() { os.RemoveAll(dir) }, nil
}

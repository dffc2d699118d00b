package demo

import (
	"errors"
	"fmt"
	"io"

	"github.com/dcq-go/dcq/examples/crawler/internal/child"
)

// Options of a demonstration. Start and Out are required.
type Options struct {
	// Small crawls a few hundred pages that are made up, without a network.
	Small bool

	// Site is a directory of HTML files to crawl instead of the packages; empty
	// means what package corpus finds.
	Site string

	// Processes is how many processes crawl, at least 2, and Concurrency how many
	// requests each of them makes at a time.
	Processes, Concurrency int

	// Dir is where the store and the log go. Reports is where report.html and
	// pages.jsonl go. Both exist.
	Dir, Reports string

	// Start starts a worker on a store. It ends when nothing is left to do.
	Start func(store string, concurrency int) (*child.Process, error)

	// Out gets what there is to say, a line at a time.
	Out io.Writer

	// Show is called with the state of the crawl, often; nil shows a line on Out
	// every few seconds.
	Show func(line string)
}

const (
	maxProcesses   = 64
	maxConcurrency = 1000
)

func (o Options) validate() error {
	var faults []error
	if o.Processes < 2 || o.Processes > maxProcesses {
		faults = append(faults, fmt.Errorf("demo: Processes %d is not between 2 and %d: one of them is killed", o.Processes, maxProcesses))
	}
	if o.Concurrency < 1 || o.Concurrency > maxConcurrency {
		faults = append(faults, fmt.Errorf("demo: Concurrency %d is not between 1 and %d", o.Concurrency, maxConcurrency))
	}
	if o.Start == nil || o.Out == nil || o.Dir == "" || o.Reports == "" {
		faults = append(faults, errors.New("demo: Start, Out, Dir and Reports are required"))
	}
	return errors.Join(faults...)
}

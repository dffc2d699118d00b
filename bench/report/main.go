// Command report writes the results of the other programs into a Markdown page, with
// plots. Its arguments are their files, whose names say whose they are: locks.jsonl,
// kv.jsonl, queues.jsonl.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/dcq-go/dcq/bench/internal/report"
	"github.com/dcq-go/dcq/bench/internal/results"
)

func main() {
	page := flag.String("page", "../docs/benchmarks.md", "the page, which has a place for each `file` of results")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: report [-page FILE] RESULTS…")
		flag.PrintDefaults()
		os.Exit(2)
	}
	if err := run(*page, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

func run(page string, files []string) error {
	to := report.Page{File: page, Plots: strings.TrimSuffix(page, filepath.Ext(page))}
	for _, file := range files {
		measured, err := results.Read(file)
		if err != nil {
			return err
		}
		name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
		if err := to.Write(report.Of(name), measured); err != nil {
			return err
		}
	}
	return nil
}

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hashicorp/go-hclog"

	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
	"github.com/dcq-go/dcq/store"
)

// storeFlags are the flags of every command that uses a store.
type storeFlags struct {
	dir            string
	verbose, quiet bool
}

func (s *storeFlags) register(fs *flag.FlagSet) {
	dir := os.Getenv("DCQ_STORE")
	if dir == "" {
		dir = "crawl-store"
	}
	fs.StringVar(&s.dir, "store", dir, "`directory` of the store; the default is $DCQ_STORE if set")
	fs.BoolVar(&s.verbose, "v", false, "log each visit")
	fs.BoolVar(&s.quiet, "q", false, "log nothing but errors")
}

// open opens the crawl in the store. Close the result's DB when done.
func (s storeFlags) open(ctx context.Context, e env) (*frontier.Frontier, error) {
	level := hclog.Warn
	switch {
	case s.verbose:
		level = hclog.Debug
	case s.quiet:
		level = hclog.Error
	}
	db, err := store.Open(ctx, s.dir, store.Options{
		Logger: hclog.New(&hclog.LoggerOptions{Name: "crawler", Output: e.stderr, Level: level}),
	})
	if err != nil {
		return nil, err
	}
	f, err := frontier.Open(ctx, db)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return f, nil
}

// openExisting opens a crawl that must be there: a mistyped directory should not
// become a store.
func (s storeFlags) openExisting(ctx context.Context, e env) (*frontier.Frontier, error) {
	if _, err := os.Stat(filepath.Join(s.dir, "dcq.db")); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no store in %s; name it with -store", s.dir)
	}
	return s.open(ctx, e)
}

// levelFlags are the flags on logging, for another process.
func (s storeFlags) levelFlags() []string {
	switch {
	case s.verbose:
		return []string{"-v"}
	case s.quiet:
		return []string{"-q"}
	}
	return nil
}

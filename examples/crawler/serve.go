package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/demo"
	"github.com/dcq-go/dcq/examples/crawler/internal/fixture"
	"github.com/dcq-go/dcq/examples/crawler/internal/site"
)

// serveCommand serves the sites of the demonstration until it is interrupted.
func serveCommand(ctx context.Context, e env, args []string) error {
	var d demoFlags
	fs := flags(e, "serve", "[FLAGS]")
	fs.BoolVar(&d.small, "small", false, "serve a few hundred made-up pages: no network")
	fs.StringVar(&d.site, "site", "", "`directory` of HTML files to serve; the default is $SITE if set, else Debian's documentation packages")
	port := fs.Int("port", 0, "`port` of every site; 0 means a free one")
	nasty := fs.Bool("nasty", false, "serve the hosts that misbehave, too")
	log := fs.String("log", "", "write the access log to this `file`")
	if err := parse(fs, args, false); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "dcq-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	sites, err := demo.Sites(ctx, demo.Options{Small: d.small, Site: d.site, Dir: dir, Out: e.stderr})
	if err != nil {
		return err
	}
	if *nasty {
		f, err := fixture.New(fixture.Options{})
		if err != nil {
			return err
		}
		sites = append(sites, f.Sites()...)
	}
	o := site.Options{Port: *port}
	if *log != "" {
		f, err := os.Create(*log)
		if err != nil {
			return err
		}
		defer f.Close()
		o.Log = f
	}
	return serveUntilDone(ctx, e, sites, o)
}

// shutdownTime is how long requests in progress may take when the server stops.
const shutdownTime = 2 * time.Second

func serveUntilDone(ctx context.Context, e env, sites []site.Site, o site.Options) error {
	s, err := site.Serve(sites, o)
	if err != nil {
		return err
	}
	for _, url := range slices.Sorted(slices.Values(s.Starts())) {
		fmt.Fprintln(e.stdout, url)
	}
	<-ctx.Done()
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	if err := s.Shutdown(ending); err != nil && !errors.Is(err, site.ErrHandlers) {
		return err
	}
	return nil
}

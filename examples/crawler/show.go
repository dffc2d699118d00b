package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
	"github.com/dcq-go/dcq/examples/crawler/internal/report"
)

// statusCommand shows the state of a crawl, whoever works on it.
func statusCommand(ctx context.Context, e env, args []string) error {
	var s storeFlags
	fs := flags(e, "status", "[FLAGS]")
	s.register(fs)
	asJSON := fs.Bool("json", false, "print it as JSON")
	if err := parse(fs, args, false); err != nil {
		return err
	}
	f, err := s.openExisting(ctx, e)
	if err != nil {
		return err
	}
	defer f.DB().Close()
	now, err := f.Status(ctx)
	if err != nil {
		return err
	}
	if *asJSON {
		return json.NewEncoder(e.stdout).Encode(now)
	}
	fmt.Fprintln(e.stdout, report.Line(now, frontier.Status{}))
	return nil
}

// exportCommand writes the records.
func exportCommand(ctx context.Context, e env, args []string) error {
	var s storeFlags
	fs := flags(e, "export", "[FLAGS]")
	s.register(fs)
	out := fs.String("o", "", "write to this `file`, and replace it only when it is complete")
	bodies := fs.Bool("bodies", false, "with the bodies of stored pages, in base64")
	if err := parse(fs, args, false); err != nil {
		return err
	}
	f, err := s.openExisting(ctx, e)
	if err != nil {
		return err
	}
	defer f.DB().Close()
	write := func(w io.Writer) error {
		n, err := report.JSONLines(ctx, f, w, *bodies)
		if err == nil && *out != "" {
			fmt.Fprintf(e.stderr, "%d records in %s\n", n, *out)
		}
		return err
	}
	if *out == "" {
		return write(e.stdout)
	}
	return replaceFile(*out, write)
}

// reportCommand writes the summary.
func reportCommand(ctx context.Context, e env, args []string) error {
	var s storeFlags
	fs := flags(e, "report", "[FLAGS]")
	s.register(fs)
	out := fs.String("o", "report.html", "`file` to write; - for the standard output")
	if err := parse(fs, args, false); err != nil {
		return err
	}
	f, err := s.openExisting(ctx, e)
	if err != nil {
		return err
	}
	defer f.DB().Close()
	summary, err := report.Summarize(ctx, f)
	if err != nil {
		return err
	}
	var page bytes.Buffer
	if err := report.HTML(&page, summary); err != nil {
		return err
	}
	if *out == "-" {
		_, err := page.WriteTo(e.stdout)
		return err
	}
	return replaceFile(*out, func(w io.Writer) error {
		_, err := page.WriteTo(w)
		return err
	})
}

// replaceFile writes a file beside its place and moves it there when it is
// complete. Unlike what os.CreateTemp makes, it has the mode of the user's files.
func replaceFile(name string, write func(io.Writer) error) error {
	beside := filepath.Join(filepath.Dir(name), fmt.Sprintf(".%s-%x", filepath.Base(name), rand.Uint64()))
	part, err := os.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	err = write(part)
	if closeErr := part.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(part.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(part.Name()))
	}
	return nil
}

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
	"github.com/dcq-go/dcq/examples/crawler/internal/report"
)

const (
	drawEvery = 500 * time.Millisecond // on a terminal
	lineEvery = time.Minute            // elsewhere
)

// watch shows the state of the crawl until the returned function is called: one
// line that changes on a terminal, a line a minute elsewhere.
func watch(w io.Writer, f *frontier.Frontier) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	terminal := isTerminal(w)
	every, form := lineEvery, "%s\n"
	if terminal {
		every, form = drawEvery, "\r\x1b[K%s"
	}
	done.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		var before frontier.Status
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			now, err := f.Status(ctx)
			if err != nil {
				continue // the workers will say what is wrong
			}
			fmt.Fprintf(w, form, fitted(report.Line(now, before), w))
			before = now
		}
	})
	return func() {
		cancel()
		done.Wait()
		if terminal {
			fmt.Fprint(w, "\r\x1b[K")
		}
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// fitted cuts a line to the width of the terminal, if w is one.
func fitted(line string, w io.Writer) string {
	f, ok := w.(*os.File)
	if !ok {
		return line
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if runes := []rune(line); err == nil && width > 1 && len(runes) >= width {
		return string(runes[:width-1])
	}
	return line
}

// showOn returns what shows a line that changes on a terminal, nil if w is none.
func showOn(w io.Writer) func(line string) {
	if !isTerminal(w) {
		return nil
	}
	return func(line string) { fmt.Fprintf(w, "\r\x1b[K%s", fitted(line, w)) }
}

// lines writes lines, on a terminal in place of the one that changes.
type lines struct {
	w io.Writer
}

// Write writes p.
func (l *lines) Write(p []byte) (int, error) {
	if isTerminal(l.w) {
		if _, err := io.WriteString(l.w, "\r\x1b[K"); err != nil {
			return 0, err
		}
	}
	return l.w.Write(p)
}

package oracle

import (
	"context"
	"fmt"
	"os"
)

// Walk returns what a correct crawl of the directory finds. It reads each page
// that it reaches once. The error wraps ErrOptions, ErrTooMany, that of the
// context or that of the file system.
func Walk(ctx context.Context, dir string, o Options) (*Expected, error) {
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOptions, err)
	}
	o = o.withDefaults()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the directory: %w", err)
	}
	defer root.Close()
	w := &walk{
		disk:     disk{root, o},
		expected: &Expected{Pages: map[string]Page{}},
	}
	if err := w.seed(); err != nil {
		return nil, err
	}
	for len(w.queue) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("walk over the pages: %w", err)
		}
		if err := w.visit(w.queue[0]); err != nil {
			return nil, err
		}
		w.queue = w.queue[1:]
	}
	return w.expected, nil
}

// A walk is breadth first: the queue has what was found and not yet visited.
type walk struct {
	disk     disk
	expected *Expected
	queue    []ref
}

func (w *walk) seed() error {
	start, _ := resolve(ref{path: "/"}, w.disk.o.Start, "")
	if err := w.find(start); err != nil || !w.disk.o.Sitemap {
		return err
	}
	pages, err := w.disk.sitemap()
	if err != nil {
		return err
	}
	for _, p := range pages {
		if err := w.find(p); err != nil {
			return err
		}
	}
	return nil
}

// find puts a URL into the queue unless it was found before.
func (w *walk) find(url ref) error {
	if _, seen := w.expected.Pages[url.String()]; seen {
		return nil
	}
	if len(w.expected.Pages) == w.disk.o.MaxURLs {
		return fmt.Errorf("%w: more than %d; does a symbolic link form a cycle?", ErrTooMany, w.disk.o.MaxURLs)
	}
	w.expected.Pages[url.String()] = Page{}
	w.queue = append(w.queue, url)
	return nil
}

// visit settles what a URL is and finds what it leads to.
func (w *walk) visit(url ref) error {
	page, file := w.disk.answer(url)
	var next []ref
	switch page.Outcome {
	case Redirect:
		to, _ := resolve(url, page.Target, "")
		next = []ref{to}
	case HTML:
		body, err := w.disk.read(file)
		if err != nil {
			return err
		}
		next = links(url, body, w.disk.o)
		page.Links = len(next)
		w.expected.Links += len(next)
	}
	w.expected.Pages[url.String()] = page
	for _, n := range next {
		if err := w.find(n); err != nil {
			return err
		}
	}
	return nil
}

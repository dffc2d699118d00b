package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/memo"
	"github.com/dcq-go/dcq/memo/internal/xfetch"
	"github.com/dcq-go/dcq/store"
)

// openings is how many processes there seem to be: what passes between two openings of a
// store passes through the directory.
const openings = 5

// stage is where a way runs for real.
type stage struct {
	scene
	begin time.Time

	mu    sync.Mutex // protects the trace
	trace trace
}

// asker asks for the page through one opening.
type asker func(ctx context.Context) error

// runAll runs the ways that are of interest.
func runAll(ctx context.Context, sc scene) (all []*trace, err error) {
	for _, c := range []struct {
		name string
		open func(context.Context, *stage, *store.DB) (asker, error)
	}{
		{nameMemoize, func(ctx context.Context, s *stage, db *store.DB) (asker, error) { return openCached(ctx, s, db, 0) }},
		{nameStampede + ", beta 1", func(ctx context.Context, s *stage, db *store.DB) (asker, error) { return openCached(ctx, s, db, 1) }},
		{nameMemo, func(ctx context.Context, s *stage, db *store.DB) (asker, error) { return openMemo(ctx, s, db, 0) }},
		{nameMemo + " with Stale", func(ctx context.Context, s *stage, db *store.DB) (asker, error) { return openMemo(ctx, s, db, s.ttl) }},
	} {
		t, err := run(ctx, sc, c.name, c.open)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

func run(ctx context.Context, sc scene, name string, open func(context.Context, *stage, *store.DB) (asker, error)) (_ *trace, err error) {
	dir, err := os.MkdirTemp("", "dcq-study-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	s := &stage{scene: sc, trace: trace{name: name}}
	var askers []asker
	for range openings {
		db, err := store.Open(ctx, dir, store.Options{})
		if err != nil {
			return nil, err
		}
		defer db.Close()
		ask, err := open(ctx, s, db)
		if err != nil {
			return nil, err
		}
		askers = append(askers, ask)
	}
	s.begin = time.Now()
	ctx, cancel := context.WithTimeout(ctx, s.length)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	for i := range s.workers {
		group.Go(func() error { return s.work(ctx, askers[i%openings]) })
	}
	if err := group.Wait(); !errors.Is(err, context.DeadlineExceeded) {
		return nil, err
	}
	return &s.trace, nil
}

// work asks until ctx ends.
func (s *stage) work(ctx context.Context, ask asker) error {
	for {
		begin := time.Since(s.begin)
		if err := ask(ctx); err != nil {
			return err
		}
		s.note(&s.trace.answers, begin)
		if err := wait(ctx, time.Duration((0.5+rand.Float64())*float64(s.pause))); err != nil {
			return err
		}
	}
}

// note notes something that ends now.
func (s *stage) note(list *[]span, begin time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*list = append(*list, span{begin, time.Since(s.begin)})
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// make renders the page.
func (s *stage) make(ctx context.Context) error {
	begin := time.Since(s.begin)
	defer func() { s.note(&s.trace.renders, begin) }()
	return wait(ctx, s.render)
}

func openMemo(ctx context.Context, s *stage, db *store.DB, stale time.Duration) (asker, error) {
	f, err := memo.Open(ctx, db, "page", func(ctx context.Context, _ int) (string, error) { return "page", s.make(ctx) },
		memo.Options[int, string]{TTL: s.ttl, Stale: stale})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		_, err := f.Get(ctx, 1)
		return err
	}, nil
}

// openCached is memoize, and memoize_stampede if beta is not 0, on a cache.
func openCached(ctx context.Context, s *stage, db *store.DB, beta float64) (asker, error) {
	cache, err := kv.OpenCache(ctx, db, "pages", kv.CacheOptions[string, time.Duration]{})
	if err != nil {
		return nil, err
	}
	compute := func(ctx context.Context) error {
		begin := time.Now()
		if err := s.make(ctx); err != nil {
			return err
		}
		return cache.Set(ctx, "page", time.Since(begin), kv.SetOptions{TTL: s.ttl})
	}
	return func(ctx context.Context) error {
		item, err := cache.GetItem(ctx, "page")
		if errors.Is(err, kv.ErrNotFound) {
			return compute(ctx)
		}
		if err != nil || !xfetch.Early(item.Value, time.Until(item.Expires), beta, 1-rand.Float64()) {
			return err
		}
		first, err := cache.Add(ctx, "guard", 0, kv.SetOptions{TTL: item.Value})
		if first && err == nil {
			go func() { _ = compute(ctx) }() // a thread of DiskCache's is not waited for either
		}
		return err
	}, nil
}

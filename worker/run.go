package worker

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync"

	"github.com/dcq-go/dcq/queue"
	"golang.org/x/sync/errgroup"
)

// errIdle ends fetching when nothing is left to do.
var errIdle = errors.New("worker: idle")

// Run fetches and handles jobs until ctx ends, then stops as the package's doc says
// and returns nil. It returns an error at once if no handler is registered or the
// pool has run before, and a store's error that makes going on pointless.
func (p *Pool) Run(ctx context.Context) error {
	return p.run(ctx, nil)
}

// RunUntilIdle is [Pool.Run] that also ends when nothing is left to do in all queues
// of the pool: no job is ready, delayed, blocked, or leased, here or in any other
// process. Dead jobs do not count.
func (p *Pool) RunUntilIdle(ctx context.Context) error {
	names := make([]string, 0, len(p.sources))
	for _, s := range p.sources {
		names = append(names, s.Name())
	}
	return p.run(ctx, func(ctx context.Context) error { return queue.WaitIdle(ctx, p.db, names...) })
}

// Abort makes a running pool stop at once: it cancels the handlers with the cause
// ErrStopped instead of waiting for them.
func (p *Pool) Abort() { p.aborting.Do(func() { close(p.abort) }) }

// run runs the pool; until, if not nil, returns when it shall end.
func (p *Pool) run(ctx context.Context, until func(context.Context) error) error {
	if err := p.start(); err != nil {
		return err
	}
	var stopFetching context.CancelCauseFunc
	p.fetching, stopFetching = context.WithCancelCause(ctx)
	p.handling, p.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	defer p.cancel(ErrStopped)

	var watchers errgroup.Group
	var handlers, finisher sync.WaitGroup
	heartbeat, stopHeartbeat := context.WithCancel(context.Background())
	watchers.Go(func() error { return p.watchAbort(heartbeat, stopFetching) })
	watchers.Go(func() error { return p.heartbeat(heartbeat) })
	if until != nil {
		watchers.Go(func() error { return p.stopWhen(until, stopFetching) })
	}
	finisher.Go(p.finish)
	for range p.opts.Concurrency {
		handlers.Go(p.handle)
	}

	err := p.fetch()
	stopFetching(ErrStopped)
	close(p.jobs)
	grace := p.startGrace()
	handlers.Wait()
	grace()
	close(p.finished)
	finisher.Wait()
	stopHeartbeat()
	return errors.Join(err, watchers.Wait())
}

// stopWhen stops fetching when until has returned, or fails for good.
func (p *Pool) stopWhen(until func(context.Context) error, stopFetching context.CancelCauseFunc) error {
	for pause := retryFirst; ; pause = min(2*pause, retryMost) {
		err := until(p.fetching)
		switch {
		case err == nil:
			stopFetching(errIdle)
			return nil
		case p.fetching.Err() != nil:
			return nil
		case isFatal(err):
			stopFetching(err)
			return err
		}
		p.log.Error("cannot tell whether anything is left to do; trying again", "error", err, "in", pause)
		p.sleep(pause)
	}
}

func (p *Pool) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.started {
		return errors.New("worker: the pool has run before; make a new one")
	}
	if len(p.handlers) == 0 {
		return errors.New("worker: no handler is registered")
	}
	p.started = true
	return nil
}

// watchAbort cancels everything on Abort.
func (p *Pool) watchAbort(done context.Context, stopFetching context.CancelCauseFunc) error {
	select {
	case <-p.abort:
		stopFetching(ErrStopped)
		p.cancel(ErrStopped)
	case <-done.Done():
	}
	return nil
}

// startGrace cancels the handlers when the grace is over, unless it is called off.
func (p *Pool) startGrace() (callOff func()) {
	if p.opts.Grace < 0 {
		p.cancel(ErrStopped)
		return func() {}
	}
	off := make(chan struct{})
	timer := p.db.Clock().NewTimer(p.opts.Grace)
	go func() {
		defer timer.Stop()
		select {
		case <-timer.C():
			p.cancel(ErrStopped)
		case <-off:
		}
	}()
	return func() { close(off) }
}

// WithSignals returns a context for [Pool.Run] that ends with the first of the
// signals; the second aborts the pool. Call stop to give the signals back.
func WithSignals(ctx context.Context, p *Pool, signals ...os.Signal) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	got := make(chan os.Signal, 2)
	signal.Notify(got, signals...)
	done := make(chan struct{})
	var once sync.Once
	go func() {
		for n := 0; ; n++ {
			select {
			case <-done:
				return
			case <-got:
			}
			if n == 0 {
				cancel(ErrStopped)
				continue
			}
			p.Abort()
		}
	}()
	return ctx, func() {
		once.Do(func() {
			signal.Stop(got)
			close(done)
			cancel(ErrStopped)
		})
	}
}

package worker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
	"github.com/hashicorp/go-hclog"
)

// Handler does a job. Its context ends when the attempt is lost, takes too long, or
// must stop; see the package's doc for what its result means.
type Handler[T any] func(ctx context.Context, job *queue.Job[T]) error

// Pool runs handlers on the jobs of queues. Register handlers with [Handle], then
// call Run or RunUntilIdle, once.
type Pool struct {
	// Set by New and Handle, read-only while running.
	db       *store.DB
	opts     Options
	log      hclog.Logger
	sources  []queue.Source
	handlers map[string]func(context.Context, any) error

	jobs     chan *task // fetched, for the handlers
	finished chan *task // handled, for the finisher
	abort    chan struct{}
	aborting sync.Once
	fetching context.Context // ends when the pool stops fetching
	handling context.Context // ends when handlers must stop
	cancel   context.CancelCauseFunc

	mu       sync.Mutex // protects the fields below
	started  bool
	held     map[*task]struct{} // every attempt that the pool holds
	waiting  int                // fetched and not yet handled
	room     sync.Cond          // signaled when waiting becomes less
	duration time.Duration      // of a handler, a moving average
	timed    int                // how many it is of, at most averageOf
	stats    Stats
}

// Stats counts the attempts of a pool by their outcome.
type Stats struct {
	Succeeded, Retried, Died, Released, Decided, Lost int64
}

// task is an attempt on its way through the pool.
type task struct {
	queue.Received
	verdict verdict
	took    time.Duration

	// Protected by Pool.mu.
	until  time.Duration // monotonic: when the lease ends unless extended
	cancel context.CancelCauseFunc
	fence  *time.Timer
}

// New returns a pool for queues of db. It returns the faults of opts.
func New(db *store.DB, opts Options) (*Pool, error) {
	if err := opts.validate(); err != nil {
		return nil, err
	}
	opts = opts.withDefaults(db)
	p := &Pool{
		db: db, opts: opts, log: opts.Logger,
		handlers: make(map[string]func(context.Context, any) error),
		jobs:     make(chan *task, opts.Concurrency+maxAhead),
		finished: make(chan *task, opts.Concurrency+adaptiveAhead),
		abort:    make(chan struct{}),
		held:     make(map[*task]struct{}),
	}
	p.room.L = &p.mu
	return p, nil
}

// Handle makes h the handler of the jobs of q. It returns an error if the queue has
// one already, is of another store, or the pool runs.
func Handle[T any](p *Pool, q *queue.Queue[T], h Handler[T]) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.started:
		return errors.New("worker: handlers must be registered before the pool runs")
	case q.DB() != p.db:
		return fmt.Errorf("worker: queue %q is of another store than the pool", q.Name())
	case p.handlers[q.Name()] != nil:
		return fmt.Errorf("worker: queue %q has a handler already", q.Name())
	}
	p.sources = append(p.sources, q)
	p.handlers[q.Name()] = func(ctx context.Context, job any) error { return h(ctx, job.(*queue.Job[T])) }
	return nil
}

// Stats returns what the pool has done so far.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}

func (s *Stats) count(o Outcome) {
	*map[Outcome]*int64{
		Succeeded: &s.Succeeded, Retried: &s.Retried, Died: &s.Died,
		Released: &s.Released, Decided: &s.Decided, Lost: &s.Lost,
	}[o]++
}

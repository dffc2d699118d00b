package worker

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/dcq-go/dcq/queue"
)

// maxStack bounds the stack of a panic that is kept with the job, in bytes.
const maxStack = 4 << 10

// handle runs the handler of one job after the other. What was fetched ahead when
// the pool stops is given back.
func (p *Pool) handle() {
	for t := range p.jobs {
		if p.fetching.Err() != nil {
			t.verdict = verdict{outcome: Released}
		} else {
			p.work(t)
		}
		p.mu.Lock()
		p.waiting--
		p.mu.Unlock()
		p.room.Signal()
		p.finished <- t
	}
}

// work runs the handler of a job under a context that ends with the attempt.
func (p *Pool) work(t *task) {
	ctx, cancel := context.WithCancelCause(p.handling)
	defer cancel(nil)
	if !p.guard(t, cancel) {
		t.verdict = verdict{outcome: Lost}
		return
	}
	defer p.unguard(t)
	run := ctx
	if p.opts.Timeout > 0 {
		var done context.CancelFunc
		run, done = context.WithTimeoutCause(ctx, p.opts.Timeout, ErrTimeout)
		defer done()
	}
	began := time.Now()
	err := p.call(run, t)
	t.took = time.Since(began)
	t.verdict = verdictOf(run, t.Claim, err)
	p.learn(t.took)
}

// call calls the handler and makes an error of its panic.
func (p *Pool) call(ctx context.Context, t *task) (err error) {
	defer func() {
		if v := recover(); v != nil {
			stack := debug.Stack()
			err = fmt.Errorf("panic: %v\n\n%s", v, stack[:min(len(stack), maxStack)])
		}
	}()
	return p.handlers[t.Queue](ctx, t.Job)
}

// guard ends the handler's context when the lease ends, by this process's own clock:
// nobody else can have the job before, even if the database cannot be reached. It
// reports false if the lease has ended already.
func (p *Pool) guard(t *task, cancel context.CancelCauseFunc) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	left := t.until - p.db.Clock().Monotonic()
	if left <= 0 {
		return false
	}
	t.cancel = cancel
	p.setFence(t, left)
	return true
}

// setFence (re)starts the timer that ends the handler's context. Precondition: mu is
// held.
func (p *Pool) setFence(t *task, left time.Duration) {
	if t.fence != nil {
		t.fence.Stop()
	}
	t.fence = time.AfterFunc(left, func() { p.checkFence(t) })
}

// checkFence ends the handler's context if the lease was not extended meanwhile.
func (p *Pool) checkFence(t *task) {
	p.mu.Lock()
	defer p.mu.Unlock()
	left := t.until - p.db.Clock().Monotonic()
	switch {
	case t.cancel == nil:
	case left > 0:
		p.setFence(t, left)
	default:
		t.cancel(queue.ErrLost)
	}
}

func (p *Pool) unguard(t *task) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t.cancel = nil
	if t.fence != nil {
		t.fence.Stop()
	}
}

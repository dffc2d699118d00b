package store

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
)

// maxBatch bounds the operations of one commit, so that the gate changes hands.
const maxBatch = 256

// Phases of an operation, in order.
type phase int

const (
	queued  phase = iota // may still be taken back by its caller
	begun                // part of a running transaction
	settled              // its outcome is in err
)

// operation is one caller's wish to change the store.
type operation struct {
	fn      func(*Tx) error
	raw     func() error // instead of fn: runs under the gate, outside any transaction
	durable bool
	solo    bool // alone in its transaction

	// Protected by committer.mu until settled.
	phase  phase
	leader bool // it was asked to lead

	signal   chan struct{} // "lead" or "settled": look at the fields
	err      error
	panicked *panicError
}

// panicError carries a panic of an operation from the leader's goroutine to the
// caller's.
type panicError struct {
	value any
	stack []byte
}

func (p *panicError) Error() string { return fmt.Sprintf("panic: %v\n\n%s", p.value, p.stack) }

// committer is the leader/follower group commit: the caller that finds no commit
// under way becomes the leader, takes the gate, and commits for everyone who
// queued up meanwhile. Nobody hands work to a goroutine of its own, which would
// cost two switches a call.
//
//	caller 1: ── enqueue ── lead: gate, BEGIN, 1, COMMIT ── return
//	caller 2: ──── enqueue ─ wait ──────────────── lead: gate, BEGIN, 2, 3, COMMIT ─
//	caller 3: ────── enqueue ─ wait ──────────────────────────────── settled ── return
//
// A leader that must wait for the disk passes the lead on before that. See gather for
// whom the next one waits for.
//
// Invariant: while the queue is not empty, exactly one operation leads, its first.
type committer struct {
	gate *gate

	// run commits a batch and frees the gate, which is held. If the batch must wait for the
	// disk, it returns what does.
	run func([]*operation) (persist func())

	mu      sync.Mutex // protects the fields below
	queue   []*operation
	hasty   int // of the queue
	last    int // operations of the last commit
	leading bool
	syncing int // leaders that wait for the disk
	open    int // operations that are not settled
	closed  bool
	idle    sync.Cond // signaled when nobody leads, and when nothing is open
}

func newCommitter(g *gate, run func([]*operation) func()) *committer {
	c := &committer{gate: g, run: run}
	c.idle.L = &c.mu
	return c
}

// do carries op out and returns its outcome. If ctx ends before the operation has
// begun, it returns the context's error and nothing happened.
func (c *committer) do(ctx context.Context, op *operation) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	op.signal = make(chan struct{}, 1)
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return ErrClosed
	}
	c.queue = append(c.queue, op)
	c.open++
	if op.isHasty() {
		c.hasty++
		wake(c.queue[0]) // which may be waiting for company
	}
	op.leader = !c.leading
	c.leading = true
	c.mu.Unlock()
	return c.wait(ctx, op)
}

// wait returns the outcome of op, leading when asked to.
func (c *committer) wait(ctx context.Context, op *operation) error {
	done := ctx.Done()
	for {
		c.mu.Lock()
		lead, now := op.leader, op.phase
		c.mu.Unlock()
		if now == settled {
			break
		}
		if lead {
			c.lead(ctx, op)
			continue
		}
		select {
		case <-op.signal:
		case <-done:
			if c.takeBack(op) {
				return context.Cause(ctx)
			}
			done = nil // it has begun: the outcome will come
		}
	}
	if op.panicked != nil {
		panic(op.panicked)
	}
	return op.err
}

// lead commits the batch that op is the first of. It settles the batch, and passes the
// lead on, even if the goroutine ends in it.
func (c *committer) lead(ctx context.Context, op *operation) {
	defer c.resign(op)
	c.gather(ctx, op)
	err := context.Cause(ctx)
	if err == nil {
		err = c.gate.acquire(ctx)
	}
	if err != nil {
		c.giveUp(op, err)
		return
	}
	batch := c.take()
	defer c.settle(batch, true)
	persist := c.run(batch)
	if persist == nil {
		return
	}
	c.beginSync()
	defer c.endSync()
	c.resign(op)
	c.settle(batch, false)
	persist()
}

// resign passes the lead on, unless op has done so.
func (c *committer) resign(op *operation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if op.leader {
		op.leader = false
		c.passLead()
	}
}

// take removes the next batch from the queue: one that must be alone, or all in
// front of the next such.
func (c *committer) take() []*operation {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for n < len(c.queue) && n < maxBatch && !c.queue[n].solo {
		n++
	}
	if n == 0 {
		n = 1
	}
	batch := c.queue[:n:n]
	c.queue = c.queue[n:]
	c.last = n
	for _, op := range batch {
		op.phase = begun
		if op.isHasty() {
			c.hasty--
		}
	}
	return batch
}

// settle tells the callers of a batch their outcome, those of durable operations only if
// these are done too.
func (c *committer) settle(batch []*operation, durable bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, op := range batch {
		if op.phase != settled && (durable || !op.durable) {
			c.end(op)
			wake(op)
		}
	}
}

// end counts an operation as settled. Precondition: mu is held.
func (c *committer) end(op *operation) {
	op.phase = settled
	if c.open--; c.open == 0 {
		c.idle.Broadcast()
	}
}

// giveUp settles the leading operation, whose wait for the gate failed.
func (c *committer) giveUp(op *operation, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(op)
	op.err = err
	c.end(op)
}

// takeBack removes op from the queue unless it has begun.
func (c *committer) takeBack(op *operation) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if op.phase != queued {
		return false
	}
	c.remove(op)
	c.end(op)
	if op.leader {
		op.leader = false
		c.passLead()
	}
	return true
}

// remove takes op out of the queue. Precondition: mu is held.
func (c *committer) remove(op *operation) {
	for i, other := range c.queue {
		if other == op {
			c.queue = append(c.queue[:i:i], c.queue[i+1:]...)
			if op.isHasty() {
				c.hasty--
			}
			return
		}
	}
}

// passLead makes the first in the queue the leader. Precondition: mu is held, and
// the caller leads no longer.
func (c *committer) passLead() {
	if len(c.queue) == 0 {
		c.queue = nil // let go of the settled ones
		c.leading = false
		c.gate.abandon() // what a canceled leader still waits for
		c.idle.Broadcast()
		return
	}
	c.queue[0].leader = true
	wake(c.queue[0])
}

// wake makes the caller of op look at its fields; a signal that it has not
// read yet is enough.
func wake(op *operation) {
	select {
	case op.signal <- struct{}{}:
	default:
	}
}

// busy reports whether operations are under way.
func (c *committer) busy() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open > 0
}

// close refuses new operations and waits for those under way.
func (c *committer) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for c.leading || c.open > 0 {
		c.idle.Wait()
	}
}

// call runs an operation and turns its panic into an error, for the caller's
// goroutine to go on with.
func call(op *operation, tx *Tx) error {
	err := protect(func() error { return op.fn(tx) })
	if p, ok := err.(*panicError); ok {
		op.panicked = p
	}
	return err
}

// protect returns a panic of fn as an error.
func protect(fn func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{v, debug.Stack()}
		}
	}()
	return fn()
}

package worker

import (
	"context"
	"errors"
	"time"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

// beatsPerLease is how often a lease is extended before it would end.
const beatsPerLease = 3

// heartbeat extends the leases that the pool holds, until ctx ends. A failure is no
// reason to stop: the handlers are fenced by the clock.
func (p *Pool) heartbeat(ctx context.Context) error {
	for {
		t := p.db.Clock().NewTimer(p.beat())
		select {
		case <-ctx.Done():
			t.Stop()
			return nil
		case <-t.C():
		}
		if err := p.extend(ctx); err != nil && ctx.Err() == nil {
			p.log.Error("leases cannot be extended", "error", err)
		}
	}
}

// beat is the time between heartbeats: a fraction of the shortest lease.
func (p *Pool) beat() time.Duration {
	shortest := p.opts.Lease
	for _, s := range p.sources {
		if l := s.Lease(); p.opts.Lease == 0 && (shortest == 0 || l < shortest) {
			shortest = l
		}
	}
	return shortest / beatsPerLease
}

// extend extends all leases in one commit. It gives up when the next beat is due,
// lest a store that hangs keep the pool from seeing its leases end.
func (p *Pool) extend(ctx context.Context) error {
	tasks := p.heldTasks()
	if len(tasks) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, p.beat())
	defer cancel()
	var lost []*task
	var now time.Duration
	err := p.db.Batch(ctx, false, func(tx *store.Tx) error {
		lost, now = nil, tx.Monotonic()
		for _, t := range tasks {
			if t.Ended() {
				continue // by the handler, which may go on for a while
			}
			err := t.ExtendTx(tx, t.Claim.Lease)
			if errors.Is(err, queue.ErrLost) {
				lost = append(lost, t)
				continue
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	p.extended(tasks, lost, now)
	return nil
}

func (p *Pool) heldTasks() []*task {
	p.mu.Lock()
	defer p.mu.Unlock()
	tasks := make([]*task, 0, len(p.held))
	for t := range p.held {
		tasks = append(tasks, t)
	}
	return tasks
}

// extended notes the new ends of the leases and cancels the handlers of lost ones.
func (p *Pool) extended(tasks, lost []*task, now time.Duration) {
	gone := make(map[*task]bool, len(lost))
	for _, t := range lost {
		gone[t] = true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range tasks {
		if !gone[t] {
			t.until = now + t.Claim.Lease
			continue
		}
		t.until = now
		if t.cancel != nil {
			p.log.Warn("an attempt was lost while its handler ran", "queue", t.Queue, "job", t.ID)
			t.cancel(queue.ErrLost)
		}
	}
}

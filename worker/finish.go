package worker

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

const (
	maxFinish   = 256 // outcomes of one commit
	finishTries = 6   // how often a commit of outcomes is tried
)

// finish commits the outcomes of handled jobs: all that have gathered while the
// commit before was under way, in one.
func (p *Pool) finish() {
	for t := range p.finished {
		batch := append(make([]*task, 0, 16), t)
		for more := true; more && len(batch) < maxFinish; {
			select {
			case t, ok := <-p.finished:
				if more = ok; ok {
					batch = append(batch, t)
				}
			default:
				more = false
			}
		}
		p.settle(batch)
	}
}

// settle commits a batch of outcomes. If the store fails again and again, they are
// dropped: the jobs are handled again when their leases end.
func (p *Pool) settle(batch []*task) {
	pause := retryFirst
	for try := 1; ; try++ {
		err := p.commit(batch)
		if err == nil {
			break
		}
		if try == finishTries || isFatal(err) {
			p.log.Error("outcomes cannot be stored; the jobs will be handled again", "jobs", len(batch), "error", err)
			for _, t := range batch {
				t.verdict = verdict{outcome: Lost, cause: err}
			}
			break
		}
		p.log.Error("outcomes cannot be stored; trying again", "jobs", len(batch), "error", err, "in", pause)
		time.Sleep(pause)
		pause *= 2
	}
	for _, t := range batch {
		p.ended(t)
	}
}

// commit applies the verdicts in one durable operation. An attempt that no longer
// stands only loses its own.
func (p *Pool) commit(batch []*task) error {
	open := func(t *task) bool { return t.verdict.outcome != Decided && t.verdict.outcome != Lost }
	if !slices.ContainsFunc(batch, open) {
		return nil // a commit of nothing would still take the gate
	}
	var lost []*queue.Claim
	err := p.db.Batch(context.Background(), true, func(tx *store.Tx) (err error) {
		lost, err = apply(tx, batch)
		return err
	})
	if err != nil {
		return err
	}
	for _, t := range batch {
		if slices.Contains(lost, t.Claim) {
			t.verdict.outcome = Lost
		}
	}
	return nil
}

// apply ends the attempts of a batch and returns those that no longer stand.
func apply(tx *store.Tx, batch []*task) (lost []*queue.Claim, err error) {
	var done []*queue.Claim
	for _, t := range batch {
		if t.verdict.outcome == Succeeded {
			done = append(done, t.Claim)
			continue
		}
		err := t.verdict.apply(tx, t.Claim)
		if errors.Is(err, queue.ErrLost) {
			lost = append(lost, t.Claim)
		} else if err != nil {
			return nil, err
		}
	}
	some, err := queue.AckManyTx(tx, done)
	return append(lost, some...), err
}

// ended forgets a task, counts its outcome and tells of it.
func (p *Pool) ended(t *task) {
	if t.Dead() {
		t.verdict.outcome = Died
	}
	p.mu.Lock()
	delete(p.held, t)
	p.stats.count(t.verdict.outcome)
	p.mu.Unlock()
	v := t.verdict
	switch v.outcome {
	case Retried, Died:
		p.log.Warn("a job failed", "queue", t.Queue, "job", t.ID, "attempt", t.Claim.Attempt, "outcome", v.outcome, "error", v.cause)
	case Lost:
		p.log.Warn("an attempt was lost; its outcome is dropped", "queue", t.Queue, "job", t.ID, "attempt", t.Claim.Attempt)
	}
	if p.opts.Observer != nil {
		p.opts.Observer(Event{t.Queue, t.ID, t.Claim.Attempt, v.outcome, v.cause, t.took})
	}
}

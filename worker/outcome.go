package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

// Outcome is how an attempt ended.
type Outcome int

// The outcomes of an attempt.
const (
	Succeeded Outcome = iota // acknowledged
	Retried                  // failed; another attempt comes
	Died                     // failed for good: dead
	Released                 // given back without costing an attempt
	Decided                  // by the handler, in a transaction of its own
	Lost                     // the attempt no longer stood: its outcome was dropped
)

var outcomeNames = [...]string{"succeeded", "retried", "died", "released", "decided", "lost"}

// String returns the outcome's name, such as "succeeded".
func (o Outcome) String() string {
	if o < 0 || int(o) >= len(outcomeNames) {
		return fmt.Sprintf("outcome(%d)", int(o))
	}
	return outcomeNames[o]
}

// Causes with which the context of a handler ends, besides queue.ErrLost.
var (
	// ErrStopped is the cause when the pool stops before the handler has returned.
	ErrStopped = errors.New("worker: stopped")

	// ErrTimeout is the cause when the handler has taken longer than
	// Options.Timeout.
	ErrTimeout = errors.New("worker: timed out")
)

// verdict is an error with which a handler asks for an outcome.
type verdict struct {
	outcome Outcome
	delay   time.Duration
	chosen  bool // delay is the handler's choice
	cause   error
}

func (v *verdict) Error() string {
	if v.cause == nil {
		return v.outcome.String()
	}
	return v.cause.Error()
}

func (v *verdict) Unwrap() error { return v.cause }

// Kill makes a handler's job dead at once, whatever attempts it has left.
func Kill(err error) error { return &verdict{outcome: Died, cause: err} }

// RetryAfter makes a handler's job fail, with the next attempt after d instead of the
// queue's backoff. It costs an attempt.
func RetryAfter(err error, d time.Duration) error {
	return &verdict{outcome: Retried, delay: d, chosen: true, cause: err}
}

// Release makes the pool give the job back, without costing an attempt. It may be
// received again after d.
func Release(d time.Duration) error { return &verdict{outcome: Released, delay: d} }

// verdictOf classifies what a handler returned under a context that may have ended.
func verdictOf(ctx context.Context, claim *queue.Claim, err error) verdict {
	var v *verdict
	cause := context.Cause(ctx)
	switch {
	case claim.Ended():
		return verdict{outcome: Decided, cause: err}
	case err == nil:
		return verdict{outcome: Succeeded}
	case errors.Is(cause, queue.ErrLost):
		return verdict{outcome: Lost, cause: err}
	case errors.As(err, &v):
		return *v
	case errors.Is(cause, ErrStopped):
		return verdict{outcome: Released, cause: err}
	case errors.Is(cause, ErrTimeout):
		return verdict{outcome: Retried, cause: fmt.Errorf("%w: %w", ErrTimeout, err)}
	}
	return verdict{outcome: Retried, cause: err}
}

// apply ends an attempt that did not succeed as v says.
func (v verdict) apply(tx *store.Tx, c *queue.Claim) error {
	switch {
	case v.outcome == Died:
		return c.KillTx(tx, v.cause)
	case v.outcome == Released:
		return c.ReleaseTx(tx, v.delay)
	case v.outcome == Retried && v.chosen:
		return c.NackAfterTx(tx, v.cause, v.delay)
	case v.outcome == Retried:
		return c.NackTx(tx, v.cause)
	}
	return nil // decided by the handler, or lost
}

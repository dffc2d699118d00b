package queue

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/dcq-go/dcq/store"
)

// Job is one attempt at a job with its payload. What can be done with it is in
// [Claim].
type Job[T any] struct {
	*Claim
	Payload T
}

// Claim is one attempt at a job, held under a lease. Exactly one of Ack, Nack, Kill
// and Release ends it. It implements [store.Grant].
type Claim struct {
	ID       int64
	Queue    string
	Token    int64 // fencing token of the attempt
	Priority int
	Attempt  int // 1 for the first
	Crashes  int // how often a process died with it
	Group    string
	Unique   string
	Pushed   time.Time
	Due      time.Time // when it became ready

	// MaxAttempts is the job's own limit, 0 if the queue's holds.
	MaxAttempts int

	// Lease is how long an attempt at the job stands after it was received or, with
	// [Claim.Extend], extended.
	Lease time.Duration

	// LeaseUntil is when the lease ended when the job was received, on the store's
	// monotonic clock.
	LeaseUntil time.Duration

	db      *store.DB
	attempt attempt
	ended   atomic.Bool
	dead    atomic.Bool
}

var _ store.Grant = (*Claim)(nil)

// Ended reports whether the attempt was ended through this Claim, by a transaction
// that has committed.
func (j *Claim) Ended() bool { return j.ended.Load() }

// Dead reports whether the way in which the attempt was ended made the job dead.
func (j *Claim) Dead() bool { return j.dead.Load() }

// CheckTx returns ErrLost if the attempt no longer stands.
func (j *Claim) CheckTx(tx *store.Tx) error { return j.attempt.stands(tx) }

// Ack removes the job: it is done. The removal is durable when Ack returns. It
// returns ErrLost if the attempt no longer stands; then nothing was changed.
func (j *Claim) Ack(ctx context.Context) error { return j.finish(ctx, j.AckTx) }

// AckTx is [Claim.Ack] as part of a transaction: what else the transaction writes
// happens exactly once for the job.
func (j *Claim) AckTx(tx *store.Tx) error { return j.ends(tx, false, j.attempt.ack(tx)) }

// Nack ends the attempt as failed because of cause, which is kept in the job's
// history. The job is ready again after the queue's backoff, or dead if this was its
// last attempt. It returns ErrLost if the attempt no longer stands.
func (j *Claim) Nack(ctx context.Context, cause error) error {
	return j.finish(ctx, func(tx *store.Tx) error { return j.NackTx(tx, cause) })
}

// NackTx is [Claim.Nack] as part of a transaction.
func (j *Claim) NackTx(tx *store.Tx, cause error) error {
	dead, err := j.attempt.nack(tx, causeText(cause), -1)
	return j.ends(tx, dead, err)
}

// NackAfter is [Claim.Nack] with a pause of the caller's choice.
func (j *Claim) NackAfter(ctx context.Context, cause error, delay time.Duration) error {
	return j.finish(ctx, func(tx *store.Tx) error { return j.NackAfterTx(tx, cause, delay) })
}

// NackAfterTx is [Claim.NackAfter] as part of a transaction. A negative delay is
// taken as none.
func (j *Claim) NackAfterTx(tx *store.Tx, cause error, delay time.Duration) error {
	dead, err := j.attempt.nack(tx, causeText(cause), max(delay, 0))
	return j.ends(tx, dead, err)
}

// Kill ends the attempt as failed for good: the job is dead whatever attempts it has
// left. It returns ErrLost if the attempt no longer stands.
func (j *Claim) Kill(ctx context.Context, cause error) error {
	return j.finish(ctx, func(tx *store.Tx) error { return j.KillTx(tx, cause) })
}

// KillTx is [Claim.Kill] as part of a transaction.
func (j *Claim) KillTx(tx *store.Tx, cause error) error {
	return j.ends(tx, true, j.attempt.kill(tx, causeText(cause)))
}

// Release gives the job back as if the attempt had not begun; it may be received
// again after delay. It returns ErrLost if the attempt no longer stands.
func (j *Claim) Release(ctx context.Context, delay time.Duration) error {
	return j.finish(ctx, func(tx *store.Tx) error { return j.ReleaseTx(tx, delay) })
}

// ReleaseTx is [Claim.Release] as part of a transaction.
func (j *Claim) ReleaseTx(tx *store.Tx, delay time.Duration) error {
	return j.ends(tx, false, j.attempt.release(tx, delay))
}

// Extend makes the lease end d from now. It returns ErrLost if the attempt no longer
// stands, and an error if d is not positive.
func (j *Claim) Extend(ctx context.Context, d time.Duration) error {
	return j.db.Batch(ctx, false, func(tx *store.Tx) error { return j.ExtendTx(tx, d) })
}

// ExtendTx is [Claim.Extend] as part of a transaction.
func (j *Claim) ExtendTx(tx *store.Tx, d time.Duration) error {
	if d <= 0 {
		return fmt.Errorf("queue: extend by %v: must be positive", d)
	}
	return j.attempt.extend(tx, d)
}

// ends remembers, once the transaction has committed, that the attempt has ended.
func (j *Claim) ends(tx *store.Tx, dead bool, err error) error {
	if err == nil {
		tx.AfterCommit(func() {
			j.dead.Store(dead)
			j.ended.Store(true)
		})
	}
	return err
}

func (j *Claim) finish(ctx context.Context, fn func(*store.Tx) error) error {
	return j.db.Batch(ctx, true, fn)
}

func causeText(cause error) string {
	if cause == nil {
		return "failed"
	}
	return cause.Error()
}

// job makes a Job of a leased row. A payload that does not decode is the error; the
// job is returned with it, so that its caller can end the attempt.
func (q *Queue[T]) job(c *claimed) (*Job[T], error) {
	j := &Job[T]{Claim: &Claim{
		ID: c.id, Queue: q.name, Token: c.token, Priority: int(c.priority),
		Attempt: c.attempt, Crashes: c.crashes, Group: c.group.String, Unique: c.unique.String,
		Pushed: time.Unix(0, c.pushed), Due: time.Unix(0, c.due),
		MaxAttempts: int(c.maxAttempts.Int64), LeaseUntil: time.Duration(c.leaseUntil), db: q.db,
		attempt: attempt{c.id, c.token, c.queue, c.failures, c.group.String, c.blob.String},
	}}
	var err error
	j.Payload, err = q.values.Load(c.value())
	return j, err
}

func (c *claimed) value() store.Value {
	return store.Value{Inline: c.payload, Blob: c.blob.String}
}

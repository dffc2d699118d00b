package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dcq-go/dcq/store"
)

// ReceiveOptions tune a receive. The zero value takes one job under the queue's
// lease.
type ReceiveOptions struct {
	// Max is how many jobs to take at most. 0 means 1. At most 1,000.
	Max int

	// Lease is how long the attempts stand unless extended. 0 means the queue's.
	// At least 10 ms.
	Lease time.Duration
}

// maxReceive bounds the jobs of one receive.
const maxReceive = 1000

func (o ReceiveOptions) validate() error {
	var faults []error
	if o.Max < 0 || o.Max > maxReceive {
		faults = append(faults, fmt.Errorf("queue: ReceiveOptions.Max: %d is not between 0 and %d", o.Max, maxReceive))
	}
	if o.Lease != 0 && o.Lease < minLease {
		faults = append(faults, fmt.Errorf("queue: ReceiveOptions.Lease: %v is less than %v", o.Lease, minLease))
	}
	return errors.Join(faults...)
}

// Receive waits for a job and leases it. It returns the context's cause if ctx ends
// first; no job is held then. A payload that does not decode makes the job dead, and
// is skipped.
func (q *Queue[T]) Receive(ctx context.Context) (*Job[T], error) {
	return first(q.ReceiveMany(ctx, ReceiveOptions{}))
}

// TryReceive is [Queue.Receive] without waiting: it returns ErrEmpty if no job is
// ready.
func (q *Queue[T]) TryReceive(ctx context.Context) (*Job[T], error) {
	return first(q.TryReceiveMany(ctx, ReceiveOptions{}))
}

// ReceiveTx is [Queue.TryReceive] as part of a transaction. A payload that does not
// decode is returned as the error ErrDecode with its job.
func (q *Queue[T]) ReceiveTx(tx *store.Tx) (*Job[T], error) {
	jobs, err := q.ReceiveManyTx(tx, ReceiveOptions{})
	if len(jobs) == 0 {
		return nil, err
	}
	return jobs[0], err
}

// ReceiveManyTx is [Queue.TryReceiveMany] as part of a transaction. If payloads do not
// decode, it returns all jobs with ErrDecode; those have the zero payload.
func (q *Queue[T]) ReceiveManyTx(tx *store.Tx, opts ReceiveOptions) ([]*Job[T], error) {
	if err := opts.validate(); err != nil {
		return nil, err
	}
	rows, _, err := take(tx, q, opts)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, ErrEmpty
	}
	jobs := make([]*Job[T], 0, len(rows))
	var faults []error
	for _, c := range rows {
		r, err := q.received(c)
		r.Lease = opts.lease(q)
		jobs, faults = append(jobs, r.Job.(*Job[T])), append(faults, err)
	}
	return jobs, errors.Join(faults...)
}

// TryReceiveMany leases the jobs that are ready, up to the maximum of opts. It
// returns ErrEmpty if there is none.
func (q *Queue[T]) TryReceiveMany(ctx context.Context, opts ReceiveOptions) ([]*Job[T], error) {
	return typed[T](TryReceiveAny(ctx, q.db, opts, q))
}

// ReceiveMany waits until a job is ready and leases what is, up to the maximum of
// opts: at least one job. Receivers are served in the order in which they came, over
// all processes. Errors are as for Receive.
func (q *Queue[T]) ReceiveMany(ctx context.Context, opts ReceiveOptions) ([]*Job[T], error) {
	return typed[T](ReceiveAny(ctx, q.db, opts, q))
}

func first[T any](jobs []*Job[T], err error) (*Job[T], error) {
	if err != nil {
		return nil, err
	}
	return jobs[0], nil
}

func typed[T any](list []Received, err error) ([]*Job[T], error) {
	jobs := make([]*Job[T], 0, len(list))
	for _, r := range list {
		jobs = append(jobs, r.Job.(*Job[T]))
	}
	return jobs, err
}

// Source is a queue that can be received from together with others: a *Queue[T].
type Source interface {
	// Name returns the queue's name.
	Name() string
	// Lease returns how long an attempt stands by the queue's settings.
	Lease() time.Duration
	line() int64
	received(*claimed) (Received, error)
}

// Received is a job of one of several queues.
type Received struct {
	*Claim
	Job any // the *Job[T] of the queue's T
}

func (q *Queue[T]) line() int64 { return q.id }

func (q *Queue[T]) received(c *claimed) (Received, error) {
	j, err := q.job(c)
	j.Lease = q.lease
	return Received{j.Claim, j}, err
}

// TryReceiveAny is [Queue.TryReceiveMany] for several queues of one store: it takes
// from the first that has a job ready.
func TryReceiveAny(ctx context.Context, db *store.DB, opts ReceiveOptions, from ...Source) ([]Received, error) {
	if err := opts.validate(); err != nil {
		return nil, err
	}
	for {
		var rows []*claimed
		err := db.Batch(ctx, false, func(tx *store.Tx) (err error) {
			rows, _, err = takeAny(tx, from, opts)
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			return nil, ErrEmpty
		}
		if list, err := decode(ctx, db, rows, from, opts); len(list) > 0 || err != nil {
			return list, err
		}
	}
}

// ReceiveAny is [Queue.ReceiveMany] for several queues of one store. All jobs that
// it returns are of one of them.
func ReceiveAny(ctx context.Context, db *store.DB, opts ReceiveOptions, from ...Source) ([]Received, error) {
	if err := opts.validate(); err != nil {
		return nil, err
	}
	for {
		r := receiver{db: db, from: from, opts: opts, waiter: db.NewWaiter()}
		rows, err := r.receive(ctx)
		r.waiter.Close()
		if err != nil {
			return nil, err
		}
		if list, err := decode(ctx, db, rows, from, opts); len(list) > 0 || err != nil {
			return list, err
		}
	}
}

// takeAny leases what is ready now in the first queue that has something. If none
// has, it returns when something will be due by itself.
func takeAny(tx *store.Tx, from []Source, opts ReceiveOptions) (rows []*claimed, next time.Time, err error) {
	for _, s := range from {
		rows, o, err := take(tx, s, opts)
		if len(rows) > 0 || err != nil {
			return rows, next, err
		}
		next = earlier(next, o.next)
	}
	return nil, next, nil
}

// take leases what is ready now in a queue, and returns its outlook. A look at an
// empty queue makes no session.
func take(tx *store.Tx, s Source, opts ReceiveOptions) (rows []*claimed, o outlook, err error) {
	o, err = lookAhead(tx, s.line())
	if err == nil && (o.due || o.expired) {
		if err = sweep(tx, s.line(), o); err == nil {
			o, err = lookAhead(tx, s.line())
		}
	}
	if err != nil || o.paused || !o.ready {
		return nil, o, err
	}
	session, err := tx.Session(Package.Name)
	if err != nil {
		return nil, o, err
	}
	rows, err = claim(tx, s.line(), holder{session: session, lease: opts.lease(s)}, max(opts.Max, 1))
	return rows, o, err
}

// lease is how long attempts at jobs of a queue stand.
func (o ReceiveOptions) lease(s Source) time.Duration {
	if o.Lease != 0 {
		return o.Lease
	}
	return s.Lease()
}

// decode makes jobs of leased rows. What does not decode would not do so in another
// attempt either: it becomes dead.
func decode(ctx context.Context, db *store.DB, rows []*claimed, from []Source, opts ReceiveOptions) ([]Received, error) {
	byLine := make(map[int64]Source, len(from))
	for _, s := range from {
		byLine[s.line()] = s
	}
	list := make([]Received, 0, len(rows))
	for _, c := range rows {
		r, err := byLine[c.queue].received(c)
		r.Lease = opts.lease(byLine[c.queue])
		switch {
		case err == nil:
			list = append(list, r)
			continue
		case errors.Is(err, ErrDecode):
			db.Logger().Error("a job's payload does not decode; it is dead now", "queue", r.Queue, "job", c.id, "error", err)
			err = r.Kill(context.WithoutCancel(ctx), err)
		default:
			err = r.Nack(context.WithoutCancel(ctx), err)
		}
		if err != nil && !errors.Is(err, ErrLost) {
			return list, err
		}
	}
	return list, nil
}

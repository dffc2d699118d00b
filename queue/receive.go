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
	jobs, err := q.ReceiveMany(ctx, ReceiveOptions{})
	if err != nil {
		return nil, err
	}
	return jobs[0], nil
}

// TryReceive is [Queue.Receive] without waiting: it returns ErrEmpty if no job is
// ready.
func (q *Queue[T]) TryReceive(ctx context.Context) (*Job[T], error) {
	jobs, err := q.TryReceiveMany(ctx, ReceiveOptions{})
	if err != nil {
		return nil, err
	}
	return jobs[0], nil
}

// TryReceiveMany leases the jobs that are ready, up to the maximum of opts. It
// returns ErrEmpty if there is none.
func (q *Queue[T]) TryReceiveMany(ctx context.Context, opts ReceiveOptions) (jobs []*Job[T], err error) {
	if err := opts.validate(); err != nil {
		return nil, err
	}
	for {
		var rows []*claimed
		err := q.db.Batch(ctx, false, func(tx *store.Tx) error {
			rows, err = q.take(tx, opts)
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			return nil, ErrEmpty
		}
		if jobs, err = q.decode(ctx, rows); len(jobs) > 0 || err != nil {
			return jobs, err
		}
	}
}

// ReceiveTx is [Queue.TryReceive] as part of a transaction. A payload that does not
// decode is returned as the error ErrDecode with its job.
func (q *Queue[T]) ReceiveTx(tx *store.Tx) (*Job[T], error) {
	rows, err := q.take(tx, ReceiveOptions{Max: 1})
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, ErrEmpty
	}
	return q.job(rows[0])
}

// ReceiveMany waits until a job is ready and leases what is, up to the maximum of
// opts: at least one job. Receivers are served in the order in which they came, over
// all processes. Errors are as for Receive.
func (q *Queue[T]) ReceiveMany(ctx context.Context, opts ReceiveOptions) ([]*Job[T], error) {
	if err := opts.validate(); err != nil {
		return nil, err
	}
	for {
		r := receiver[T]{q: q, opts: opts, w: q.db.NewWaiter()}
		rows, err := r.receive(ctx)
		r.w.Close()
		if err != nil {
			return nil, err
		}
		if jobs, err := q.decode(ctx, rows); len(jobs) > 0 || err != nil {
			return jobs, err
		}
	}
}

// take leases what is ready now.
func (q *Queue[T]) take(tx *store.Tx, opts ReceiveOptions) (rows []*claimed, err error) {
	l, err := lineByID(tx, q.id)
	if err != nil {
		return nil, err
	}
	if err := sweep(tx, l); err != nil {
		return nil, err
	}
	ready := !l.paused
	if ready {
		err = tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM dcq_jobs WHERE queue_id = ? AND state = 0)`, l.id).Scan(&ready)
	}
	if !ready || err != nil {
		return nil, err // a look at an empty queue makes no session
	}
	session, err := tx.Session(Package.Name)
	if err != nil {
		return nil, err
	}
	lease := opts.Lease
	if lease == 0 {
		lease = l.lease
	}
	_, err = claim(tx, l, holder{session: session, lease: lease}, max(opts.Max, 1), &rows)
	return rows, err
}

// decode makes jobs of leased rows. What does not decode would not do so in another
// attempt either: it becomes dead.
func (q *Queue[T]) decode(ctx context.Context, rows []*claimed) ([]*Job[T], error) {
	jobs := make([]*Job[T], 0, len(rows))
	for _, c := range rows {
		j, err := q.job(c)
		switch {
		case err == nil:
			jobs = append(jobs, j)
		case errors.Is(err, ErrDecode):
			q.db.Logger().Error("a job's payload does not decode; it is dead now", "queue", q.name, "job", c.id, "error", err)
			if err := j.Kill(context.WithoutCancel(ctx), err); err != nil && !errors.Is(err, ErrLost) {
				return jobs, err
			}
		default:
			if err := j.Nack(context.WithoutCancel(ctx), err); err != nil && !errors.Is(err, ErrLost) {
				return jobs, err
			}
		}
	}
	return jobs, nil
}

// receiver is one blocked receive.
type receiver[T any] struct {
	q    *Queue[T]
	opts ReceiveOptions
	w    *store.Waiter
	next time.Time // when something will be due by itself
}

// receive takes what is ready, else gets in line and waits to be handed jobs by the
// transaction that makes them ready; then it needs only to read.
func (r *receiver[T]) receive(ctx context.Context) ([]*claimed, error) {
	rows, err := r.takeOrJoin(ctx)
	for len(rows) == 0 && err == nil {
		var reason store.Wakeup
		if reason, err = r.w.Wait(ctx, r.next); err != nil {
			return nil, errors.Join(err, r.giveUp(ctx))
		}
		rows, err = r.look(ctx)
		if len(rows) > 0 && reason == store.Backstop {
			r.q.db.CountMissed()
		}
	}
	return rows, err
}

func (r *receiver[T]) takeOrJoin(ctx context.Context) (rows []*claimed, err error) {
	err = r.q.db.Batch(ctx, false, func(tx *store.Tx) error {
		rows = nil
		if rows, err = handed(tx, r.w.Ticket()); len(rows) > 0 || err != nil {
			return err
		}
		if rows, err = r.q.take(tx, r.opts); err != nil {
			return err
		}
		if len(rows) > 0 {
			_, err = r.w.LeaveTx(tx)
			return err
		}
		return r.join(tx)
	})
	return rows, err
}

func (r *receiver[T]) join(tx *store.Tx) error {
	l, err := lineByID(tx, r.q.id)
	if err != nil {
		return err
	}
	if r.next, err = nextDue(tx, l); err != nil {
		return err
	}
	return r.w.JoinTx(tx, store.WaitSpec{
		Package: Package.Name, Topics: []string{l.topic()},
		Want: max(r.opts.Max, 1), Param: int64(r.opts.Lease), Timer: r.next,
	})
}

// look finds what the receiver was woken for. It writes only if there is something
// to take or to sweep, or if its place in the line is gone.
func (r *receiver[T]) look(ctx context.Context) (rows []*claimed, err error) {
	act := !r.w.Joined()
	err = r.q.db.View(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		if rows, err = handed(tx, r.w.Ticket()); len(rows) > 0 || err != nil || act {
			return err
		}
		l, err := lineByID(tx, r.q.id)
		if err != nil {
			return err
		}
		if act, err = hasWork(tx, l); act || err != nil {
			return err
		}
		r.next, err = nextDue(tx, l)
		return err
	})
	if err != nil || len(rows) > 0 || !act {
		return rows, err
	}
	return r.takeOrJoin(context.WithoutCancel(ctx))
}

// giveUp leaves the line. What the receiver was handed meanwhile goes to the next.
func (r *receiver[T]) giveUp(ctx context.Context) error {
	if r.w.Ticket() == 0 {
		return nil
	}
	err := r.q.db.Batch(context.WithoutCancel(ctx), false, func(tx *store.Tx) error {
		if _, err := r.w.LeaveTx(tx); err != nil {
			return err
		}
		rows, err := handed(tx, r.w.Ticket())
		if err != nil {
			return err
		}
		for _, c := range rows {
			if err := giveUpAttempt(tx, c, 0); err != nil {
				return err
			}
		}
		deferDispatch(tx, r.q.id) // the next in line must know when to look
		return nil
	})
	if errors.Is(err, store.ErrClosed) {
		return nil // Close gives everything back
	}
	return err
}

package queue

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/dcq-go/dcq/store"
)

// PushOptions describe a job. The zero value is a job that is ready at once.
type PushOptions struct {
	// Delay is how long the job waits before it is ready. 0 means not at all.
	Delay time.Duration

	// At is when the job becomes ready; the zero time means now. Only one of Delay
	// and At may be given.
	At time.Time

	// Priority puts the job before those of lower priority. 0 is the default;
	// negative ones come after. Between -2^31 and 2^31-1.
	Priority int

	// Unique makes the push fail with ErrDuplicate while a job of the queue with
	// the same key is live: ready, delayed, blocked or leased. A dead job does not
	// count.
	Unique string

	// Group lets only one job of the same group be in flight at a time.
	Group string

	// MaxAttempts replaces that of the queue for this job. 0 means the queue's.
	MaxAttempts int
}

func (o PushOptions) validate() error {
	var faults []error
	fault := func(field, format string, args ...any) {
		faults = append(faults, fmt.Errorf("queue: PushOptions.%s: %s", field, fmt.Sprintf(format, args...)))
	}
	if o.Delay < 0 {
		fault("Delay", "%v is negative", o.Delay)
	}
	if o.Delay != 0 && !o.At.IsZero() {
		fault("At", "give either Delay or At")
	}
	if o.Priority < math.MinInt32 || o.Priority > math.MaxInt32 {
		fault("Priority", "%d does not fit 32 bits", o.Priority)
	}
	if o.MaxAttempts < 0 {
		fault("MaxAttempts", "%d is negative", o.MaxAttempts)
	}
	if o.Unique != "" {
		faults = append(faults, checkName("unique key", o.Unique))
	}
	if o.Group != "" {
		faults = append(faults, checkName("group", o.Group))
	}
	return errors.Join(faults...)
}

// due is when the job becomes ready.
func (o PushOptions) due(now time.Time) time.Time {
	if o.At.After(now) {
		return o.At
	}
	return now.Add(o.Delay)
}

// Push adds a job and returns its id. The job is durable when Push returns. It
// returns ErrDuplicate with the id of the live job that has the unique key, a fault
// of opts, ErrTooLarge, or an error of the store; then nothing was added.
func (q *Queue[T]) Push(ctx context.Context, payload T, opts PushOptions) (id int64, err error) {
	ids, err := q.PushMany(ctx, []T{payload}, opts)
	if len(ids) == 1 {
		id = ids[0]
	}
	return id, err
}

// PushTx is [Queue.Push] as part of a transaction.
func (q *Queue[T]) PushTx(tx *store.Tx, payload T, opts PushOptions) (id int64, err error) {
	ids, err := q.PushManyTx(tx, []T{payload}, opts)
	if len(ids) == 1 {
		id = ids[0]
	}
	return id, err
}

// PushMany adds a job for each payload, all or none, in order, and returns their
// ids. With a unique key there can be only one. Errors are as for Push.
func (q *Queue[T]) PushMany(ctx context.Context, payloads []T, opts PushOptions) (ids []int64, err error) {
	staged, err := q.stage(payloads, opts)
	if err != nil {
		return nil, err
	}
	err = q.db.Batch(ctx, true, func(tx *store.Tx) error {
		ids, err = q.insert(tx, staged, opts, insertLater)
		return err
	})
	if err != nil {
		for _, v := range staged {
			q.db.Discard(v)
		}
	}
	return ids, err
}

// PushManyTx is [Queue.PushMany] as part of a transaction.
func (q *Queue[T]) PushManyTx(tx *store.Tx, payloads []T, opts PushOptions) ([]int64, error) {
	staged, err := q.stage(payloads, opts)
	if err != nil {
		return nil, err
	}
	for _, v := range staged {
		tx.AfterFailure(func() { q.db.Discard(v) })
	}
	return q.insert(tx, staged, opts, insertJobs)
}

// stage checks a push and prepares its payloads outside the gate.
func (q *Queue[T]) stage(payloads []T, opts PushOptions) ([]store.Value, error) {
	if err := opts.validate(); err != nil {
		return nil, err
	}
	if opts.Unique != "" && len(payloads) > 1 {
		return nil, fmt.Errorf("queue: PushOptions.Unique: %d jobs cannot have one key", len(payloads))
	}
	staged := make([]store.Value, 0, len(payloads))
	for _, payload := range payloads {
		v, err := q.values.Stage(payload)
		if err != nil {
			for _, v := range staged {
				q.db.Discard(v)
			}
			return nil, err
		}
		staged = append(staged, v)
	}
	return staged, nil
}

// newJob is a job that is being pushed.
type newJob struct {
	id    int64
	value store.Value
}

// insert adds the jobs of a push by a function.
func (q *Queue[T]) insert(tx *store.Tx, staged []store.Value, opts PushOptions, add func(*store.Tx, int64, []newJob, PushOptions) error) ([]int64, error) {
	if id, err := q.duplicate(tx, opts.Unique); id != 0 || err != nil {
		return []int64{id}, err
	}
	first, err := tx.NextN(len(staged))
	if err != nil {
		return nil, err
	}
	ids, jobs := make([]int64, 0, len(staged)), make([]newJob, 0, len(staged))
	for i, v := range staged {
		ids = append(ids, first+int64(i))
		jobs = append(jobs, newJob{ids[i], v})
	}
	if err := add(tx, q.id, jobs, opts); err != nil {
		return nil, fmt.Errorf("push to %q: %w", q.name, err)
	}
	return ids, nil
}

// duplicate returns the live job that has the unique key, with ErrDuplicate.
func (q *Queue[T]) duplicate(tx *store.Tx, key string) (id int64, err error) {
	if key == "" {
		return 0, nil
	}
	err = tx.QueryRow(`
		SELECT id FROM dcq_jobs
		WHERE queue_id = ? AND unique_key = ? AND state <> 4`, q.id, key).Scan(&id)
	if errors.Is(err, store.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return id, fmt.Errorf("%w: job %d", ErrDuplicate, id)
}

package queue

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/dcq-go/dcq/store"
)

// standing is what the calls by id need to know of a job.
type standing struct {
	id, queue, due   int64
	state            State
	failures         int
	group, key, blob sql.NullString
}

func jobStanding(tx *store.Tx, id int64) (s standing, err error) {
	err = tx.QueryRow(`
		SELECT id, queue_id, due, state, failures, group_key, unique_key, blob
		FROM dcq_jobs WHERE id = ?`, id).
		Scan(&s.id, &s.queue, &s.due, &s.state, &s.failures, &s.group, &s.key, &s.blob)
	if errors.Is(err, store.ErrNoRows) {
		err = fmt.Errorf("%w: job %d", ErrNotFound, id)
	}
	return s, err
}

// Retry makes a dead or delayed job ready now. A dead one gets all its attempts
// again, and keeps its history. It returns ErrNotFound, ErrState if the job is
// neither, or ErrDuplicate if a live job has its unique key.
func Retry(ctx context.Context, db *store.DB, id int64) error {
	return change(ctx, db, func(tx *store.Tx) error { return RetryTx(tx, id) })
}

// RetryTx is [Retry] as part of a transaction.
func RetryTx(tx *store.Tx, id int64) error {
	s, err := jobStanding(tx, id)
	if err != nil {
		return err
	}
	switch s.state {
	case Dead:
		err = revive(tx, s)
	case Delayed:
	default:
		return fmt.Errorf("%w: job %d is %v, only dead and delayed ones can be retried", ErrState, id, s.state)
	}
	if err != nil {
		return err
	}
	return putBack(tx, s.queue, s.id, s.group.String, tx.Now().UnixNano())
}

// revive resets the counters of a dead job.
func revive(tx *store.Tx, s standing) error {
	if s.key.Valid {
		var live int64
		err := tx.QueryRow(`SELECT id FROM dcq_jobs WHERE queue_id = ? AND unique_key = ? AND state <> 4`, s.queue, s.key.String).Scan(&live)
		if err == nil {
			return fmt.Errorf("%w: job %d has the unique key of job %d", ErrDuplicate, live, s.id)
		}
		if !errors.Is(err, store.ErrNoRows) {
			return err
		}
	}
	_, err := tx.Exec(`UPDATE dcq_jobs SET attempt = 0, crashes = 0 WHERE id = ?`, s.id)
	return err
}

// Discard removes a job for good, in any state but leased. It returns ErrNotFound,
// or ErrState if it is leased: cancel it first.
func Discard(ctx context.Context, db *store.DB, id int64) error {
	return change(ctx, db, func(tx *store.Tx) error { return DiscardTx(tx, id) })
}

// DiscardTx is [Discard] as part of a transaction.
func DiscardTx(tx *store.Tx, id int64) error {
	s, err := jobStanding(tx, id)
	if err != nil {
		return err
	}
	if s.state == Leased {
		return fmt.Errorf("%w: job %d is leased; cancel it first", ErrState, id)
	}
	if _, err := tx.Exec(`DELETE FROM dcq_jobs WHERE id = ?`, id); err != nil {
		return err
	}
	return dropped(tx, s.id, s.queue, s.failures, s.group.String, s.blob.String)
}

// Cancel makes a job dead, whatever its state. An attempt under way loses its grant:
// its holder learns by ErrLost at its next call, a worker at its next heartbeat. It
// returns ErrNotFound, or ErrState if the job is dead already.
func Cancel(ctx context.Context, db *store.DB, id int64) error {
	return change(ctx, db, func(tx *store.Tx) error { return CancelTx(tx, id) })
}

// CancelTx is [Cancel] as part of a transaction.
func CancelTx(tx *store.Tx, id int64) error {
	c, err := scanClaimed(tx.QueryRow(`SELECT `+claimedColumns+` FROM dcq_jobs WHERE id = ? AND state <> 4`, id).Scan)
	if errors.Is(err, store.ErrNoRows) {
		if _, err := jobStanding(tx, id); err != nil {
			return err
		}
		return fmt.Errorf("%w: job %d is dead already", ErrState, id)
	}
	if err != nil {
		return err
	}
	tx.DropNotes() // it may have been handed to a waiter
	if err := addFailure(tx, c, "canceled"); err != nil {
		return err
	}
	return bury(tx, c)
}

// Pause keeps the queue's jobs from being received, by any process, until Resume.
// Jobs in flight go on.
func (q *Queue[T]) Pause(ctx context.Context) error { return SetPaused(ctx, q.db, q.name, true) }

// Resume ends a pause.
func (q *Queue[T]) Resume(ctx context.Context) error { return SetPaused(ctx, q.db, q.name, false) }

// SetPaused is [Queue.Pause] and [Queue.Resume] for a queue by name. It returns
// ErrNotFound if there is none.
func SetPaused(ctx context.Context, db *store.DB, name string, paused bool) error {
	return change(ctx, db, func(tx *store.Tx) error { return SetPausedTx(tx, name, paused) })
}

// SetPausedTx is [SetPaused] as part of a transaction.
func SetPausedTx(tx *store.Tx, name string, paused bool) error {
	l, err := lineByName(tx, name)
	if err != nil {
		return err
	}
	deferDispatch(tx, l.id)
	_, err = tx.Exec(`UPDATE dcq_queues SET paused = ? WHERE id = ?`, paused, l.id)
	return err
}

func change(ctx context.Context, db *store.DB, fn func(*store.Tx) error) error {
	if err := db.Use(ctx, Package); err != nil {
		return err
	}
	return db.Batch(ctx, true, fn)
}

package queue

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/dcq-go/dcq/store"
)

// Only one job of a group is in flight. That job, the current one, is in the index
// of ready jobs (or in that of delayed ones, while the group is held back); the
// others are blocked, in an index of their own, so that a claim never walks past a
// million jobs of a busy group.

// placement is where a job goes that is not leased.
type placement struct {
	state State
	due   int64
}

// place decides where a job goes that may start at due.
func place(tx *store.Tx, queue, job int64, group string, due int64) (placement, error) {
	now := tx.Now().UnixNano()
	if due > now {
		return placement{Delayed, due}, nil
	}
	if group == "" {
		return placement{Ready, due}, nil
	}
	current, notBefore, err := groupState(tx, queue, group)
	if err != nil {
		return placement{}, err
	}
	if current != 0 && current != job {
		return placement{Blocked, due}, nil
	}
	if current == 0 {
		if err := setCurrent(tx, queue, group, job); err != nil {
			return placement{}, err
		}
	}
	if notBefore > now {
		return placement{Delayed, notBefore}, nil
	}
	return placement{Ready, due}, nil
}

// groupState returns the current job of a group (0 if none) and the time before
// which none may start.
func groupState(tx *store.Tx, queue int64, group string) (current, notBefore int64, err error) {
	var job sql.NullInt64
	err = tx.QueryRow(`SELECT current, not_before FROM dcq_groups WHERE queue_id = ? AND name = ?`, queue, group).
		Scan(&job, &notBefore)
	if errors.Is(err, store.ErrNoRows) {
		return 0, 0, nil
	}
	return job.Int64, notBefore, err
}

func setCurrent(tx *store.Tx, queue int64, group string, job int64) error {
	_, err := tx.Exec(`
		INSERT INTO dcq_groups (queue_id, name, current, not_before) VALUES (?, ?, ?, 0)
		ON CONFLICT (queue_id, name) DO UPDATE SET current = excluded.current`, queue, group, job)
	return err
}

// leaveGroup makes the next job of the group current if job was.
func leaveGroup(tx *store.Tx, queue, job int64, group string) error {
	if group == "" {
		return nil
	}
	current, notBefore, err := groupState(tx, queue, group)
	if err != nil || current != job {
		return err
	}
	var next, due int64
	err = tx.QueryRow(`
		SELECT id, due FROM dcq_jobs
		WHERE queue_id = ? AND group_key = ? AND state = 2
		ORDER BY priority DESC, due, id LIMIT 1`, queue, group).Scan(&next, &due)
	if errors.Is(err, store.ErrNoRows) {
		return emptyGroup(tx, queue, group, notBefore)
	}
	if err != nil {
		return err
	}
	if err := setCurrent(tx, queue, group, next); err != nil {
		return err
	}
	state := Ready
	if notBefore > tx.Now().UnixNano() {
		state, due = Delayed, notBefore
	}
	_, err = tx.Exec(`UPDATE dcq_jobs SET state = ?, due = ? WHERE id = ?`, state, due, next)
	return err
}

// emptyGroup forgets a group without jobs, unless it is held back.
func emptyGroup(tx *store.Tx, queue int64, group string, notBefore int64) error {
	if notBefore > tx.Now().UnixNano() {
		_, err := tx.Exec(`UPDATE dcq_groups SET current = NULL WHERE queue_id = ? AND name = ?`, queue, group)
		return err
	}
	_, err := tx.Exec(`DELETE FROM dcq_groups WHERE queue_id = ? AND name = ?`, queue, group)
	return err
}

// HoldGroup lets no job of the group start before the given time; a time in the past
// ends the hold. A job in flight is not touched. It returns ErrName or an error of
// the store.
func (q *Queue[T]) HoldGroup(ctx context.Context, group string, until time.Time) error {
	return q.db.Batch(ctx, true, func(tx *store.Tx) error { return q.HoldGroupTx(tx, group, until) })
}

// HoldGroupTx is [Queue.HoldGroup] as part of a transaction.
func (q *Queue[T]) HoldGroupTx(tx *store.Tx, group string, until time.Time) error {
	if err := checkName("group", group); err != nil {
		return err
	}
	at := until.UnixNano()
	_, err := tx.Exec(`
		INSERT INTO dcq_groups (queue_id, name, current, not_before) VALUES (?, ?, NULL, ?)
		ON CONFLICT (queue_id, name) DO UPDATE SET not_before = excluded.not_before`, q.id, group, at)
	if err != nil {
		return err
	}
	current, _, err := groupState(tx, q.id, group)
	if err != nil {
		return err
	}
	if current == 0 {
		if at <= tx.Now().UnixNano() {
			return emptyGroup(tx, q.id, group, at)
		}
		return nil
	}
	state := Ready
	if until.After(tx.Now()) {
		state = Delayed
	}
	deferDispatch(tx, q.id)
	_, err = tx.Exec(`UPDATE dcq_jobs SET state = ?, due = ? WHERE id = ? AND state IN (0, 1)`, state, at, current)
	return err
}

package queue

import (
	"database/sql"
	"time"

	"github.com/dcq-go/dcq/store"
)

// sweepBatch bounds the jobs that one transaction moves because of the time, so
// that a million of them do not hold the gate.
const sweepBatch = 500

// sweep makes ready what is due in the queue, and gives back what was held too
// long in any queue.
func sweep(tx *store.Tx, queue int64, o outlook) error {
	if o.expired {
		if err := expire(tx); err != nil {
			return err
		}
	}
	if !o.due {
		return nil
	}
	return promote(tx, queue)
}

// promote makes ready the jobs whose time has come, by the index dcq_jobs_delayed.
func promote(tx *store.Tx, queue int64) error {
	type job struct {
		id, due int64
		group   sql.NullString
	}
	var jobs []job
	err := tx.Query(`
		SELECT id, due, group_key FROM dcq_jobs
		WHERE queue_id = ? AND state = 1 AND due <= ?
		ORDER BY due, id LIMIT ?`, []any{queue, tx.Now().UnixNano(), sweepBatch}, func(scan store.Scan) error {
		var j job
		err := scan(&j.id, &j.due, &j.group)
		jobs = append(jobs, j)
		return err
	})
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if err := putBack(tx, queue, j.id, j.group.String, j.due); err != nil {
			return err
		}
	}
	return nil
}

// putBack gives a job that is not leased, or no longer, the state in which it waits
// for its next attempt.
func putBack(tx *store.Tx, queue, id int64, group string, due int64) error {
	p, err := place(tx, queue, id, group, due)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`
		UPDATE dcq_jobs SET state = ?, due = ?, token = NULL, session_id = NULL, ticket = NULL, lease_until = NULL
		WHERE id = ?`, p.state, p.due, id)
	deferDispatch(tx, queue)
	deferIdle(tx, queue)
	return err
}

// expire gives back the jobs whose lease has ended, by the index dcq_jobs_leased.
func expire(tx *store.Tx) error {
	return giveBack(tx, `
		SELECT `+claimedColumns+` FROM dcq_jobs
		WHERE state = 3 AND lease_until <= ?
		ORDER BY lease_until LIMIT ?`, []any{int64(tx.Monotonic()), sweepBatch}, "the lease ended", true)
}

// endJobs gives back the jobs of a session that ended: it looks at all leased ones, by the
// index dcq_jobs_leased.
func endJobs(tx *store.Tx, session int64, crashed bool) error {
	return giveBack(tx, `
		SELECT `+claimedColumns+` FROM dcq_jobs
		WHERE state = 3 AND session_id = ?`, []any{session}, "the process died", crashed)
}

// giveBack returns the jobs of a query to their queues.
func giveBack(tx *store.Tx, query string, args []any, why string, crashed bool) error {
	var jobs []*claimed
	err := tx.Query(query, args, func(scan store.Scan) error {
		c, err := scanClaimed(scan)
		jobs = append(jobs, c)
		return err
	})
	if err != nil {
		return err
	}
	if len(jobs) > 0 {
		tx.DropNotes() // some may have been handed to a waiter
	}
	for _, c := range jobs {
		if err := returnJob(tx, c, why, crashed); err != nil {
			return err
		}
	}
	return nil
}

// returnJob ends an attempt that was not carried through. An attempt that a crash
// ended counts as the queue's policy says, and too many crashes make the job dead.
func returnJob(tx *store.Tx, c *claimed, why string, crashed bool) error {
	if !crashed {
		return giveUpAttempt(tx, c, 0)
	}
	l, err := lineByID(tx, c.queue)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE dcq_jobs SET crashes = crashes + 1 WHERE id = ?`, c.id); err != nil {
		return err
	}
	c.crashes++
	if err := addFailure(tx, c, why); err != nil {
		return err
	}
	usedUp := l.crash == CrashCosts && c.attempt >= c.limit(l)
	if usedUp || c.crashes >= l.maxCrashes {
		return bury(tx, c)
	}
	if l.crash == CrashCosts {
		return backToQueue(tx, c, 0)
	}
	return giveUpAttempt(tx, c, 0)
}

// giveUpAttempt returns a job as if the attempt had not begun.
func giveUpAttempt(tx *store.Tx, c *claimed, delay time.Duration) error {
	if _, err := tx.Exec(`UPDATE dcq_jobs SET attempt = attempt - 1 WHERE id = ?`, c.id); err != nil {
		return err
	}
	return backToQueue(tx, c, delay)
}

// backToQueue ends the attempt; the next may begin after delay. Without one the job
// gets its old place, and is ready even if the wall clock was set back meanwhile.
func backToQueue(tx *store.Tx, c *claimed, delay time.Duration) error {
	now := tx.Now()
	due := min(c.due, now.UnixNano())
	if delay > 0 {
		due = now.Add(delay).UnixNano()
		if err := leaveGroup(tx, c.queue, c.id, c.group.String); err != nil {
			return err // it would make the others of its group wait
		}
	}
	return putBack(tx, c.queue, c.id, c.group.String, due)
}

// limit is how many attempts the job has.
func (c *claimed) limit(l *line) int {
	if c.maxAttempts.Valid {
		return int(c.maxAttempts.Int64)
	}
	return l.maxAttempts
}

package queue

import (
	"database/sql"
	"sort"
	"time"

	"github.com/dcq-go/dcq/store"
)

// claimed is a leased job as its columns are.
type claimed struct {
	id, queue        int64
	priority         int
	due, pushed      int64
	attempt, crashes int
	failures         int
	maxAttempts      sql.NullInt64
	group, unique    sql.NullString
	payload          []byte
	blob             sql.NullString
	token            int64
	leaseUntil       int64 // monotonic, ns
}

const claimedColumns = `id, queue_id, priority, due, pushed, attempt, crashes, failures, max_attempts,
	group_key, unique_key, payload, blob, token, lease_until`

func scanClaimed(scan store.Scan) (*claimed, error) {
	var c claimed
	err := scan(&c.id, &c.queue, &c.priority, &c.due, &c.pushed, &c.attempt, &c.crashes, &c.failures, &c.maxAttempts,
		&c.group, &c.unique, &c.payload, &c.blob, &c.token, &c.leaseUntil)
	return &c, err
}

// holder is who gets the jobs of a claim.
type holder struct {
	session int64
	ticket  any // of the waiter that they are handed to; nil if they are taken at once
	lease   time.Duration
}

// sqlClaim leases the first ready jobs by the index dcq_jobs_ready, giving each a
// token of its own.
const sqlClaim = `
	UPDATE dcq_jobs SET state = 3, token = ? + picked.n, session_id = ?, ticket = ?, lease_until = ?, attempt = attempt + 1
	FROM (
		SELECT id AS job, row_number() OVER (ORDER BY priority DESC, due, id) - 1 AS n
		FROM (
			SELECT id, priority, due FROM dcq_jobs
			WHERE queue_id = ? AND state = 0
			ORDER BY priority DESC, due, id LIMIT ?)
	) AS picked
	WHERE id = picked.job`

// sqlClaimOne is sqlClaim for one job, without the window.
const sqlClaimOne = `
	UPDATE dcq_jobs SET state = 3, token = ?, session_id = ?, ticket = ?, lease_until = ?, attempt = attempt + 1
	WHERE id = (
		SELECT id FROM dcq_jobs
		WHERE queue_id = ? AND state = 0
		ORDER BY priority DESC, due, id LIMIT ?)`

// claim leases up to n ready jobs of a queue. With out, it appends them there;
// without, it only counts them. Precondition: the queue is not paused.
func claim(tx *store.Tx, queue int64, h holder, n int, out *[]*claimed) (int, error) {
	token, err := tx.NextN(n)
	if err != nil {
		return 0, err
	}
	query := sqlClaim
	if n == 1 {
		query = sqlClaimOne
	}
	args := []any{token, h.session, h.ticket, int64(tx.Monotonic() + h.lease), queue, n}
	if out == nil {
		changed, err := tx.Exec(query, args...)
		return int(changed), err
	}
	before := len(*out)
	err = tx.Query(query+` RETURNING `+claimedColumns, args, func(scan store.Scan) error {
		c, err := scanClaimed(scan)
		*out = append(*out, c)
		return err
	})
	sortByToken((*out)[before:])
	return len(*out) - before, err
}

// sortByToken puts jobs in the order of their claim; RETURNING promises none.
func sortByToken(jobs []*claimed) {
	sort.Slice(jobs, func(i, k int) bool { return jobs[i].token < jobs[k].token })
}

// handed returns the jobs that were handed to a waiter, by the index dcq_jobs_held.
func handed(tx *store.Tx, w *store.Waiter) (jobs []*claimed, err error) {
	err = tx.Query(`
		SELECT `+claimedColumns+` FROM dcq_jobs
		WHERE state = 3 AND session_id = ? AND ticket = ?
		ORDER BY token`, []any{w.Session(), w.Ticket()}, func(scan store.Scan) error {
		c, err := scanClaimed(scan)
		jobs = append(jobs, c)
		return err
	})
	return jobs, err
}

// dispatchKey makes the dispatch of a queue happen once a commit.
type dispatchKey struct{ queue int64 }

// deferDispatch hands ready jobs of the queue to its waiters when the transaction
// commits. Everything that makes a job ready or due, or frees a waiter's place,
// calls it. So no committed state has a ready job and a waiter that could take it,
// and no wake-up can be lost.
func deferDispatch(tx *store.Tx, queue int64) {
	tx.AtCommit(dispatchKey{queue}, func(tx *store.Tx) error { return dispatch(tx, queue) })
}

// dispatch does not sweep: what is due by the time is the business of those whose
// timers fire.
func dispatch(tx *store.Tx, queue int64) error {
	topic := topicOf(queue)
	w, waiting, err := tx.NextWaiter(topic)
	if err != nil || !waiting {
		return err
	}
	o, err := lookAhead(tx, queue)
	if err != nil {
		return err
	}
	for more := o.ready && !o.paused; more && waiting; {
		n, err := claim(tx, queue, holder{w.Session, w.Ticket, time.Duration(w.Param)}, w.Want, nil)
		if err != nil {
			return err
		}
		if more = n > 0; !more {
			break
		}
		if err := tx.Serve(w); err != nil {
			return err
		}
		if w, waiting, err = tx.NextWaiter(topic); err != nil {
			return err
		}
	}
	switch {
	case !waiting:
		return nil
	case o.due || o.expired: // whose timer it was may just have been served
		return tx.Rearm(topic, tx.Now())
	case !o.next.IsZero():
		return tx.Rearm(topic, o.next)
	}
	return nil
}

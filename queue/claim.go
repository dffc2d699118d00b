package queue

import (
	"database/sql"
	"time"

	"github.com/dcq-go/dcq/store"
)

// claimed is a leased job as its columns are.
type claimed struct {
	id, queue        int64
	priority         int64
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

// jobColumns are those that a ready job has, and claimedColumns all.
const (
	jobColumns = `id, priority, due, pushed, attempt, crashes, failures, max_attempts,
		group_key, unique_key, payload, blob`
	claimedColumns = jobColumns + `, queue_id, coalesce(token, 0), coalesce(lease_until, 0)`
)

// job is where the jobColumns go.
func (c *claimed) job() []any {
	return []any{&c.id, &c.priority, &c.due, &c.pushed, &c.attempt, &c.crashes, &c.failures, &c.maxAttempts,
		&c.group, &c.unique, &c.payload, &c.blob}
}

func scanClaimed(scan store.Scan) (*claimed, error) {
	var c claimed
	return &c, scan(append(c.job(), &c.queue, &c.token, &c.leaseUntil)...)
}

// holder is who gets the jobs of a claim.
type holder struct {
	session int64
	ticket  any // of the waiter that they are handed to; nil if they are taken at once
	lease   time.Duration
}

// sqlReady finds the first ready jobs by the index dcq_jobs_ready.
const sqlReady = `
	FROM dcq_jobs
	WHERE queue_id = ? AND state = 0
	ORDER BY priority DESC, due, id LIMIT ?`

// claim leases up to n ready jobs of a queue, each under a token of its own, and returns
// them in their order. Precondition: the queue is not paused.
func claim(tx *store.Tx, queue int64, h holder, n int) (jobs []*claimed, err error) {
	err = tx.Query(`SELECT `+jobColumns+sqlReady, []any{queue, n}, func(scan store.Scan) error {
		c := &claimed{queue: queue}
		jobs = append(jobs, c)
		return scan(c.job()...)
	})
	if err != nil || len(jobs) == 0 {
		return nil, err
	}
	ids := make([]int64, 0, len(jobs))
	for _, c := range jobs {
		ids = append(ids, c.id)
	}
	token, err := h.take(tx, ids)
	for i, c := range jobs {
		c.token, c.attempt, c.leaseUntil = token+int64(i), c.attempt+1, int64(tx.Monotonic()+h.lease)
	}
	return jobs, err
}

// hand is claim for a waiter, which reads the jobs itself. It returns how many there are.
func hand(tx *store.Tx, queue int64, h holder, n int) (int, error) {
	var ids []int64
	err := tx.Query(`SELECT id`+sqlReady, []any{queue, n}, func(scan store.Scan) error {
		var id int64
		err := scan(&id)
		ids = append(ids, id)
		return err
	})
	if err == nil && len(ids) > 0 {
		_, err = h.take(tx, ids)
	}
	return len(ids), err
}

// take leases ready jobs and returns the token of the first; those of the others follow.
func (h holder) take(tx *store.Tx, ids []int64) (token int64, err error) {
	if token, err = tx.NextN(len(ids)); err != nil {
		return 0, err
	}
	for r := range runs(len(ids), func(i int) (int64, int64) { return ids[i], token + int64(i) }) {
		_, err := tx.Exec(`
			UPDATE dcq_jobs SET state = 3, token = id + ?, session_id = ?, ticket = ?, lease_until = ?, attempt = attempt + 1
			WHERE id BETWEEN ? AND ?`,
			r.ahead, h.session, h.ticket, int64(tx.Monotonic()+h.lease), r.first, r.last)
		if err != nil {
			return 0, err
		}
	}
	return token, nil
}

// handed returns the jobs that were handed to a waiter, by the index dcq_jobs_handed.
func handed(tx *store.Tx, w *store.Waiter) (jobs []*claimed, err error) {
	err = tx.Query(`
		SELECT `+claimedColumns+` FROM dcq_jobs
		WHERE ticket = ? AND session_id = ?
		ORDER BY token`, []any{w.Ticket(), w.Session()}, func(scan store.Scan) error {
		c, err := scanClaimed(scan)
		jobs = append(jobs, c)
		return err
	})
	return jobs, err
}

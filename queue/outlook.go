package queue

import (
	"database/sql"
	"fmt"
	"strconv"
	"time"

	"github.com/dcq-go/dcq/store"
)

// topicOf is what receivers of a queue wait for.
func topicOf(queue int64) string { return "queue/" + strconv.FormatInt(queue, 10) }

// idleTopicOf is what those wait for who want a queue to be idle.
func idleTopicOf(queue int64) string { return "idle/" + strconv.FormatInt(queue, 10) }

// outlook is what a receiver can expect of a queue, read in one statement.
type outlook struct {
	paused  bool
	ready   bool      // some job is
	due     bool      // a delayed job should be ready
	expired bool      // a lease of any queue has ended
	next    time.Time // when the next of these comes true by itself; zero means never
}

// lookAhead reads the outlook of a queue, by the indexes of its states.
func lookAhead(tx *store.Tx, queue int64) (o outlook, err error) {
	var paused sql.NullBool
	var due, lease sql.NullInt64
	err = tx.QueryRow(`
		SELECT (SELECT paused FROM dcq_queues WHERE id = ?),
			EXISTS (SELECT 1 FROM dcq_jobs WHERE queue_id = ? AND state = 0),
			(SELECT min(due) FROM dcq_jobs WHERE queue_id = ? AND state = 1),
			(SELECT min(lease_until) FROM dcq_jobs WHERE state = 3)`, queue, queue, queue).
		Scan(&paused, &o.ready, &due, &lease)
	if err != nil {
		return o, err
	}
	if !paused.Valid {
		return o, fmt.Errorf("%w: queue %d", ErrNotFound, queue)
	}
	o.paused = paused.Bool
	if due.Valid && !o.paused {
		o.at(tx, time.Unix(0, due.Int64), &o.due)
	}
	if lease.Valid {
		o.at(tx, tx.Now().Add(time.Duration(lease.Int64)-tx.Monotonic()), &o.expired)
	}
	return o, nil
}

// at notes that something comes true at t, or has.
func (o *outlook) at(tx *store.Tx, t time.Time, has *bool) {
	if !t.After(tx.Now()) {
		*has = true
		return
	}
	o.next = earlier(o.next, t)
}

// earlier returns the earlier of two times; the zero time means never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// work reports whether a receiver has reason to write.
func (o outlook) work() bool { return o.expired || o.due || o.ready && !o.paused }

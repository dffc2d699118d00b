package queue

import (
	"strings"
	"time"

	"github.com/dcq-go/dcq/store"
)

// pushRows is how many jobs one statement adds.
const pushRows = 50

// sqlPushMany adds jobs that differ in their id and their payload only: rows in one
// statement cost a third of those in one each.
var sqlPushMany = `
	INSERT INTO dcq_jobs (id, queue_id, state, priority, due, pushed, max_attempts, payload, blob)
	SELECT column1, ?, ?, ?, ?, ?, ?, column2, column3
	FROM (VALUES (?, ?, ?)` + strings.Repeat(`, (?, ?, ?)`, pushRows-1) + `)`

// insertMany adds the jobs of a push that are alike, pushRows at a time, and returns how
// many it added: none of a group, in which each has its own place, and none for which
// somebody waits.
func (q *Queue[T]) insertMany(tx *store.Tx, hand *handOver, first int64, staged []store.Value, opts PushOptions) (n int, err error) {
	if len(staged) < pushRows || opts.Group != "" || opts.Unique != "" {
		return 0, nil
	}
	p, err := place(tx, q.id, first, "", opts.due(tx.Now()).UnixNano())
	if err != nil {
		return 0, err
	}
	if p.state == Ready {
		if some, err := hand.some(); some || err != nil {
			return 0, err
		}
	} else if err := tx.Rearm(topicOf(q.id), time.Unix(0, p.due)); err != nil {
		return 0, err
	}
	args := make([]any, 0, 6+3*pushRows)
	for ; len(staged)-n >= pushRows; n += pushRows {
		args = append(args[:0], q.id, p.state, opts.Priority, p.due, tx.Now().UnixNano(), orNull(int64(opts.MaxAttempts)))
		for i, v := range staged[n : n+pushRows] {
			if err := tx.Keep(v); err != nil {
				return 0, err
			}
			args = append(args, first+int64(n+i), payloadColumn(v), orNullText(v.Blob))
		}
		if _, err := tx.Exec(sqlPushMany, args...); err != nil {
			return 0, err
		}
	}
	return n, nil
}

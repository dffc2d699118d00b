package queue

import (
	"slices"
	"strings"
	"time"

	"github.com/dcq-go/dcq/store"
)

// sqlInsert adds jobs that differ in their id and their payload only: rows in one
// statement cost a third of those in one each. It is there for several numbers of rows,
// the greatest first.
var sqlInsert = func() (list []insertion) {
	for _, rows := range []int{64, 16, 4} {
		list = append(list, insertion{rows, `
			INSERT INTO dcq_jobs (id, queue_id, state, priority, due, pushed, max_attempts, payload, blob)
			SELECT column1, ?, ?, ?, ?, ?, ?, column2, column3
			FROM (VALUES (?, ?, ?)` + strings.Repeat(`, (?, ?, ?)`, rows-1) + `)`})
	}
	return list
}()

type insertion struct {
	rows int
	sql  string
}

// insertJobs adds the jobs of a push.
func insertJobs(tx *store.Tx, queue int64, jobs []newJob, opts PushOptions) error {
	hand := handOver{tx: tx, queue: queue}
	for len(jobs) > 0 {
		n, err := insertAlike(tx, &hand, jobs, opts)
		if n == 0 && err == nil {
			n, err = 1, insertOne(tx, &hand, jobs[0], opts)
		}
		if err != nil {
			return err
		}
		jobs = jobs[n:]
	}
	return nil
}

// insertAlike adds as many jobs as one statement can, and returns their number: none of a
// group, in which each has its own place, and none for which somebody waits.
func insertAlike(tx *store.Tx, hand *handOver, jobs []newJob, opts PushOptions) (n int, err error) {
	one := slices.IndexFunc(sqlInsert, func(i insertion) bool { return i.rows <= len(jobs) })
	if one < 0 || opts.Group != "" || opts.Unique != "" {
		return 0, nil
	}
	p, err := place(tx, hand.queue, 0, "", opts.due(tx.Now()).UnixNano())
	if err != nil {
		return 0, err
	}
	if p.state == Ready {
		if some, err := hand.some(); some || err != nil {
			return 0, err
		}
	} else if err := tx.Rearm(topicOf(hand.queue), time.Unix(0, p.due)); err != nil {
		return 0, err
	}
	n = sqlInsert[one].rows
	args := append(make([]any, 0, 6+3*n), hand.queue, p.state, opts.Priority, p.due, tx.Now().UnixNano(), orNull(int64(opts.MaxAttempts)))
	for _, j := range jobs[:n] {
		if err := tx.Keep(j.value); err != nil {
			return 0, err
		}
		args = append(args, j.id, payloadColumn(j.value), orNullText(j.value.Blob))
	}
	_, err = tx.Exec(sqlInsert[one].sql, args...)
	return n, err
}

// insertOne adds a job: leased, if somebody waits for one, else in the state in which
// it waits.
func insertOne(tx *store.Tx, hand *handOver, job newJob, opts PushOptions) error {
	now := tx.Now()
	p, err := place(tx, hand.queue, job.id, opts.Group, opts.due(now).UnixNano())
	if err != nil {
		return err
	}
	if err := tx.Keep(job.value); err != nil {
		return err
	}
	l := lease{}
	switch p.state {
	case Ready:
		if l, err = hand.next(); err != nil {
			return err
		}
	case Delayed:
		if err := tx.Rearm(topicOf(hand.queue), time.Unix(0, p.due)); err != nil {
			return err
		}
	}
	if l.token != nil {
		p.state = Leased
	}
	_, err = tx.Exec(`
		INSERT INTO dcq_jobs (id, queue_id, state, priority, due, pushed, max_attempts, group_key, unique_key, payload, blob,
			attempt, token, session_id, ticket, lease_until)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		job.id, hand.queue, p.state, opts.Priority, p.due, now.UnixNano(), orNull(int64(opts.MaxAttempts)),
		orNullText(opts.Group), orNullText(opts.Unique), payloadColumn(job.value), orNullText(job.value.Blob),
		l.attempt, l.token, l.session, l.ticket, l.until)
	return err
}

func payloadColumn(v store.Value) any {
	if v.Blob != "" {
		return nil
	}
	return v.Inline
}

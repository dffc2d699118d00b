package queue

import (
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/dcq-go/dcq/store"
)

// sqlInsert adds jobs that differ in their payload only, and leaves the ids to SQLite,
// which gives each the number after the greatest there is: rows in one statement cost a
// third of those in one each, and those that come at the end of the table two thirds of
// those that name their place. It is there for several numbers of rows, the least first;
// rows without a payload are left out.
var sqlInsert = func() (list []insertion) {
	for _, rows := range []int{4, 16, 64} {
		list = append(list, insertion{rows, `
			INSERT INTO dcq_jobs (queue_id, state, priority, due, pushed, max_attempts, payload)
			SELECT ?, ?, ?, ?, ?, ?, column1
			FROM (VALUES (?)` + strings.Repeat(`, (?)`, rows-1) + `) WHERE column1 IS NOT NULL`})
	}
	return list
}()

// fewest is how many jobs it takes for them to share a statement.
const fewest = 4

type insertion struct {
	rows int
	sql  string
}

// insertionOf returns the statement for n rows, or the greatest.
func insertionOf(n int) insertion {
	for _, i := range sqlInsert {
		if n <= i.rows {
			return i
		}
	}
	return sqlInsert[len(sqlInsert)-1]
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
	hand.tell()
	return nil
}

// insertAlike adds as many jobs as one statement can, and returns their number: none of a
// group, in which each has its own place, none for which somebody waits, and none whose id
// SQLite would not give.
func insertAlike(tx *store.Tx, hand *handOver, jobs []newJob, opts PushOptions) (n int, err error) {
	jobs = inOrder(jobs)
	if len(jobs) < fewest || opts.Group != "" || opts.Unique != "" {
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
	var top int64
	if err := tx.QueryRow(`SELECT coalesce(max(id), 0) FROM dcq_jobs`).Scan(&top); err != nil || jobs[0].id != top+1 {
		return 0, err
	}
	into := insertionOf(len(jobs))
	jobs = jobs[:min(len(jobs), into.rows)]
	args := make([]any, 6+into.rows)
	copy(args, []any{hand.queue, p.state, opts.Priority, p.due, tx.Now().UnixNano(), orNull(int64(opts.MaxAttempts))})
	for i, j := range jobs {
		args[6+i] = j.value.Inline
	}
	added, err := tx.Exec(into.sql, args...)
	if err == nil && added != int64(len(jobs)) {
		err = fmt.Errorf("queue: %d of %d jobs were added", added, len(jobs))
	}
	return len(jobs), err
}

// inOrder returns the first jobs of a list whose ids follow one another, and whose payloads
// are in no file.
func inOrder(jobs []newJob) []newJob {
	n := 0
	for n < len(jobs) && jobs[n].value.Blob == "" && jobs[n].id == jobs[0].id+int64(n) {
		n++
	}
	return jobs[:n]
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
	if l.token != 0 {
		p.state = Leased
		hand.gave(&claimed{
			id: job.id, queue: hand.queue, priority: int64(opts.Priority), due: p.due, pushed: now.UnixNano(), attempt: l.attempt,
			maxAttempts: sql.NullInt64{Int64: int64(opts.MaxAttempts), Valid: opts.MaxAttempts != 0},
			group:       nullText(opts.Group), unique: nullText(opts.Unique), payload: job.value.Inline, blob: nullText(job.value.Blob),
			token: l.token, leaseUntil: l.until,
		})
	}
	_, err = tx.Exec(`
		INSERT INTO dcq_jobs (id, queue_id, state, priority, due, pushed, max_attempts, group_key, unique_key, payload, blob,
			attempt, token, session_id, ticket, lease_until)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		job.id, hand.queue, p.state, opts.Priority, p.due, now.UnixNano(), orNull(int64(opts.MaxAttempts)),
		orNullText(opts.Group), orNullText(opts.Unique), payloadColumn(job.value), orNullText(job.value.Blob),
		l.attempt, orNull(l.token), orNull(l.session), orNull(l.ticket), orNull(l.until))
	return err
}

func payloadColumn(v store.Value) any {
	if v.Blob != "" {
		return nil
	}
	return v.Inline
}

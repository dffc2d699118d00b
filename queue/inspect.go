package queue

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dcq-go/dcq/store"
)

// Info describes a queue.
type Info struct {
	Name        string        `json:"name"`
	Paused      bool          `json:"paused"`
	Lease       time.Duration `json:"lease"`        // ns in JSON
	MaxAttempts int           `json:"max_attempts"` // failed ones until a job is dead
	Waiting     int           `json:"waiting"`      // receivers in line
	Stats       Stats         `json:"stats"`
}

// Stats counts the jobs of a queue by state, from one snapshot.
type Stats struct {
	Ready   int64 `json:"ready"`
	Delayed int64 `json:"delayed"`
	Blocked int64 `json:"blocked"`
	Leased  int64 `json:"leased"`
	Dead    int64 `json:"dead"`

	// OldestReady is how long the oldest ready job has been due, 0 if there is none.
	OldestReady time.Duration `json:"oldest_ready"` // ns in JSON
}

// Live is the number of jobs that are not dead.
func (s Stats) Live() int64 { return s.Ready + s.Delayed + s.Blocked + s.Leased }

// Failure is what went wrong with an attempt.
type Failure struct {
	Attempt int       `json:"attempt"`
	At      time.Time `json:"at"`
	Error   string    `json:"error"`
}

// Record is a job as others see it, with its payload as bytes.
type Record struct {
	ID          int64         `json:"id"`
	Queue       string        `json:"queue"`
	State       State         `json:"state"`
	Priority    int           `json:"priority"`
	Due         time.Time     `json:"due"`
	Pushed      time.Time     `json:"pushed"`
	Attempt     int           `json:"attempt"`
	MaxAttempts int           `json:"max_attempts"`
	Crashes     int           `json:"crashes"`
	Group       string        `json:"group,omitempty"`
	Unique      string        `json:"unique,omitempty"`
	Session     int64         `json:"session,omitempty"`
	Token       int64         `json:"token,omitempty"`
	LeaseLeft   time.Duration `json:"lease_left,omitempty"` // ns in JSON
	Failures    []Failure     `json:"failures,omitempty"`

	value store.Value
	db    *store.DB
}

// Payload returns the job's payload as bytes. It returns store.ErrBlobMissing if the
// job is gone and its payload was in a file.
func (r Record) Payload() ([]byte, error) { return r.db.Load(r.value) }

// List returns the queues of a store by name, with their stats, from one snapshot.
func List(ctx context.Context, db *store.DB) (list []Info, err error) {
	if err := db.Use(ctx, Package); err != nil {
		return nil, err
	}
	err = db.View(ctx, func(tx *store.Tx) error {
		list = nil
		var lines []*line
		err := tx.Query(sqlLine+`ORDER BY name`, nil, func(scan store.Scan) error {
			l, err := scanLine(scan)
			lines = append(lines, l)
			return err
		})
		if err != nil {
			return err
		}
		for _, l := range lines {
			info, err := l.info(tx)
			if err != nil {
				return err
			}
			list = append(list, info)
		}
		return nil
	})
	return list, err
}

func (l *line) info(tx *store.Tx) (Info, error) {
	info := Info{Name: l.name, Paused: l.paused, Lease: l.lease, MaxAttempts: l.maxAttempts}
	err := tx.QueryRow(`SELECT count(*) FROM dcq_waiters WHERE topic = ?`, topicOf(l.id)).Scan(&info.Waiting)
	if err != nil {
		return info, err
	}
	info.Stats, err = stats(tx, l.id)
	return info, err
}

// stats counts by the partial index of each state.
func stats(tx *store.Tx, queue int64) (s Stats, err error) {
	var oldest sql.NullInt64
	err = tx.QueryRow(`
		SELECT (SELECT count(*) FROM dcq_jobs WHERE queue_id = ? AND state = 0),
			(SELECT count(*) FROM dcq_jobs WHERE queue_id = ? AND state = 1),
			(SELECT count(*) FROM dcq_jobs WHERE queue_id = ? AND state = 2),
			(SELECT count(*) FROM dcq_jobs WHERE queue_id = ? AND state = 3),
			(SELECT count(*) FROM dcq_jobs WHERE queue_id = ? AND state = 4),
			(SELECT min(due) FROM dcq_jobs WHERE queue_id = ? AND state = 0)`,
		queue, queue, queue, queue, queue, queue).
		Scan(&s.Ready, &s.Delayed, &s.Blocked, &s.Leased, &s.Dead, &oldest)
	if oldest.Valid {
		s.OldestReady = max(tx.Now().Sub(time.Unix(0, oldest.Int64)), 0)
	}
	return s, err
}

// Stats counts the queue's jobs. Its time grows with their number.
func (q *Queue[T]) Stats(ctx context.Context) (s Stats, err error) {
	err = q.db.View(ctx, func(tx *store.Tx) error {
		s, err = q.StatsTx(tx)
		return err
	})
	return s, err
}

// StatsTx is [Queue.Stats] as part of a transaction.
func (q *Queue[T]) StatsTx(tx *store.Tx) (Stats, error) { return stats(tx, q.id) }

// Filter chooses jobs. The zero value chooses the first 100 of all.
type Filter struct {
	Queue string  // empty means every queue
	State []State // empty means every state
	After int64   // only ids above it: the last id of the page before
	Limit int     // 0 means 100; at most 1,000
}

const (
	defaultPage = 100
	maxPage     = 1000
)

// states lists the states as literals: with parameters, the partial index of a state
// could not be used.
func (f Filter) states() string {
	literals := make([]string, len(f.State))
	for i, s := range f.State {
		literals[i] = strconv.Itoa(int(s))
	}
	return strings.Join(literals, ", ")
}

const recordColumns = `j.id, q.name, j.state, j.priority, j.due, j.pushed, j.attempt,
	COALESCE(j.max_attempts, q.max_attempts, ?), j.crashes, j.group_key, j.unique_key,
	j.session_id, j.token, j.lease_until, j.payload, j.blob, j.failures`

// Jobs returns a page of jobs in the order of their ids. It returns ErrNotFound if
// the queue does not exist.
func Jobs(ctx context.Context, db *store.DB, f Filter) (list []Record, err error) {
	if err := db.Use(ctx, Package); err != nil {
		return nil, err
	}
	if f.Limit <= 0 {
		f.Limit = defaultPage
	}
	where, args := `WHERE j.id > ?`, []any{DefaultMaxAttempts, f.After}
	err = db.View(ctx, func(tx *store.Tx) error {
		if f.Queue != "" {
			l, err := lineByName(tx, f.Queue)
			if err != nil {
				return err
			}
			where, args = where+` AND j.queue_id = ?`, append(args, l.id)
		}
		if len(f.State) > 0 {
			where += ` AND j.state IN (` + f.states() + `)`
		}
		list, err = records(tx, where+` ORDER BY j.id LIMIT ?`, append(args, min(f.Limit, maxPage)))
		return err
	})
	return list, err
}

// Find returns a job, or ErrNotFound.
func Find(ctx context.Context, db *store.DB, id int64) (r Record, err error) {
	if err := db.Use(ctx, Package); err != nil {
		return r, err
	}
	err = db.View(ctx, func(tx *store.Tx) error {
		list, err := records(tx, `WHERE j.id = ?`, []any{DefaultMaxAttempts, id})
		if err == nil && len(list) == 0 {
			err = fmt.Errorf("%w: job %d", ErrNotFound, id)
		}
		if err != nil {
			return err
		}
		r = list[0]
		return nil
	})
	return r, err
}

// Peek returns the job that would be received next, without receiving it, or
// ErrEmpty.
func (q *Queue[T]) Peek(ctx context.Context) (payload T, r Record, err error) {
	err = q.db.View(ctx, func(tx *store.Tx) error {
		payload, r, err = q.PeekTx(tx)
		return err
	})
	return payload, r, err
}

// PeekTx is [Queue.Peek] as part of a transaction.
func (q *Queue[T]) PeekTx(tx *store.Tx) (payload T, r Record, err error) {
	list, err := records(tx, `
		WHERE j.queue_id = ? AND j.state = 0
		ORDER BY j.priority DESC, j.due, j.id LIMIT 1`, []any{DefaultMaxAttempts, q.id})
	if err == nil && len(list) == 0 { // what is due, but nobody has looked yet
		list, err = records(tx, `
			WHERE j.queue_id = ? AND j.state = 1 AND j.due <= ?
			ORDER BY j.due, j.id LIMIT 1`, []any{DefaultMaxAttempts, q.id, tx.Now().UnixNano()})
	}
	if err == nil && len(list) == 0 {
		err = ErrEmpty
	}
	if err != nil {
		return payload, r, err
	}
	payload, err = q.values.Load(list[0].value)
	return payload, list[0], err
}

// records returns the jobs of a query with their failures.
func records(tx *store.Tx, where string, args []any) (list []Record, err error) {
	failed := make(map[int]bool)
	err = tx.Query(`SELECT `+recordColumns+` FROM dcq_jobs AS j JOIN dcq_queues AS q ON q.id = j.queue_id `+where, args, func(scan store.Scan) error {
		r, failures, err := scanRecord(tx, scan)
		failed[len(list)] = failures > 0
		list = append(list, r)
		return err
	})
	for i := range list {
		if err == nil && failed[i] {
			list[i].Failures, err = failures(tx, list[i].ID)
		}
	}
	return list, err
}

func scanRecord(tx *store.Tx, scan store.Scan) (r Record, failures int, err error) {
	var due, pushed int64
	var group, unique, blob sql.NullString
	var session, token, lease sql.NullInt64
	err = scan(&r.ID, &r.Queue, &r.State, &r.Priority, &due, &pushed, &r.Attempt, &r.MaxAttempts, &r.Crashes,
		&group, &unique, &session, &token, &lease, &r.value.Inline, &blob, &failures)
	r.Due, r.Pushed = time.Unix(0, due), time.Unix(0, pushed)
	r.Group, r.Unique, r.value.Blob = group.String, unique.String, blob.String
	r.Session, r.Token, r.db = session.Int64, token.Int64, tx.DB()
	if lease.Valid {
		r.LeaseLeft = max(time.Duration(lease.Int64)-tx.Monotonic(), 0)
	}
	return r, failures, err
}

func failures(tx *store.Tx, job int64) (list []Failure, err error) {
	err = tx.Query(`SELECT attempt, at, error FROM dcq_job_errors WHERE job_id = ? ORDER BY n`, []any{job}, func(scan store.Scan) error {
		var f Failure
		var at int64
		err := scan(&f.Attempt, &at, &f.Error)
		f.At = time.Unix(0, at)
		list = append(list, f)
		return err
	})
	if errors.Is(err, store.ErrNoRows) {
		return nil, nil
	}
	return list, err
}

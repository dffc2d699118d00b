package queue_test

import (
	"strings"
	"testing"
	"time"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

// Each way to break the tables of the job queues is found.
func TestCheckFindsBrokenJobs(t *testing.T) {
	for _, c := range []struct{ name, sql, want string }{
		{"job without a queue", `UPDATE dcq_jobs SET queue_id = 99 WHERE id = 3`, "is in no queue"},
		{"lease of no session", `UPDATE dcq_jobs SET session_id = 99 WHERE state = 3`, "session 99, which does not exist"},
		{"blocked without a current job", `UPDATE dcq_groups SET current = NULL`, "has no current job"},
		{"two of a group", `UPDATE dcq_jobs SET state = 0 WHERE state = 2`, "beside the group's current job"},
		{"current job gone", `DELETE FROM dcq_jobs WHERE group_key IS NOT NULL AND state = 0`, "is gone or not in flight"},
		{"error without a job", `INSERT INTO dcq_job_errors (job_id, n, attempt, at, error) VALUES (77, 1, 1, 1, 'x')`, "has an error on record"},
		{"blob not in the store", `UPDATE dcq_jobs SET payload = NULL, blob = 'x' WHERE state = 1`, "refers to blob x"},
		{"job beside a waiter", `INSERT INTO dcq_waiters (topic, ticket, session_id, want, param, timer, woken)
			SELECT 'queue/' || q.id, 1, s.id, 1, 0, 0, 0 FROM dcq_queues AS q, dcq_sessions AS s`, "while a receiver waits"},
		{"token ahead", `UPDATE dcq_jobs SET token = 100000 WHERE state = 3`, "ahead of the counter"},
		{"id ahead", `UPDATE dcq_jobs SET id = 100000 WHERE state = 1`, "ahead of the counter"},
	} {
		t.Run(c.name, func(t *testing.T) {
			db, err := store.Open(t.Context(), t.TempDir(), store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			q, err := queue.Open(t.Context(), db, "q", queue.Options[string]{})
			if err != nil {
				t.Fatal(err)
			}
			for _, opts := range []queue.PushOptions{{Priority: 1}, {}, {Delay: time.Hour}, {Group: "g"}, {Group: "g"}} {
				if _, err := q.Push(t.Context(), "x", opts); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := q.TryReceive(t.Context()); err != nil {
				t.Fatal(err)
			}
			if found, err := db.Check(t.Context()); len(found) != 0 || err != nil {
				t.Fatalf("Check() before = %v, %v", found, err)
			}
			err = db.Update(t.Context(), func(tx *store.Tx) error {
				_, err := tx.Exec(c.sql)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			found, err := db.Check(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range found {
				if strings.Contains(p.Text, c.want) {
					return
				}
			}
			t.Errorf("Check() = %v, want a problem that %s", found, c.want)
		})
	}
}

// The schema refuses states that make no sense.
func TestSchemaRefusesImpossibleJobs(t *testing.T) {
	f := newFixture(t)
	f.push(f.open("q", queue.Options[string]{}), "x", queue.PushOptions{})
	for _, sql := range []string{
		`UPDATE dcq_jobs SET state = 3`,
		`UPDATE dcq_jobs SET token = 1`,
		`UPDATE dcq_jobs SET ticket = 1`,
		`UPDATE dcq_jobs SET state = 2`,
		`UPDATE dcq_jobs SET state = 9`,
		`UPDATE dcq_jobs SET attempt = -1`,
		`UPDATE dcq_jobs SET payload = NULL`,
	} {
		err := f.db.Batch(t.Context(), false, func(tx *store.Tx) error {
			_, err := tx.Exec(sql)
			return err
		})
		if !store.IsConstraint(err) {
			t.Errorf("%s = %v, want the violation of a constraint", sql, err)
		}
	}
}

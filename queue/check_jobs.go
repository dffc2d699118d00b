package queue

import (
	"fmt"

	"github.com/dcq-go/dcq/store"
)

// jobChecks are queries that find nothing in a consistent store: a job id and the
// name of something.
var jobChecks = []struct{ problem, query string }{
	{"job %d is in no queue (%s)", `
		SELECT id, queue_id FROM dcq_jobs WHERE queue_id NOT IN (SELECT id FROM dcq_queues)`},
	{"job %d is leased by session %s, which does not exist", `
		SELECT id, session_id FROM dcq_jobs WHERE state = 3 AND session_id NOT IN (SELECT id FROM dcq_sessions)`},
	{"job %d is blocked in group %q, which has no current job", `
		SELECT id, group_key FROM dcq_jobs AS j WHERE state = 2 AND NOT EXISTS (
			SELECT 1 FROM dcq_groups AS g WHERE g.queue_id = j.queue_id AND g.name = j.group_key AND g.current IS NOT NULL)`},
	{"job %d of group %q is in flight beside the group's current job", `
		SELECT id, group_key FROM dcq_jobs AS j WHERE state IN (0, 3) AND group_key IS NOT NULL AND NOT EXISTS (
			SELECT 1 FROM dcq_groups AS g WHERE g.queue_id = j.queue_id AND g.name = j.group_key AND g.current = j.id)`},
	{"job %d is current in group %q, but is gone or not in flight", `
		SELECT current, name FROM dcq_groups AS g WHERE current IS NOT NULL AND NOT EXISTS (
			SELECT 1 FROM dcq_jobs AS j WHERE j.id = g.current AND j.queue_id = g.queue_id AND j.group_key = g.name AND j.state IN (0, 1, 3))`},
	{"job %d has an error on record (attempt %s), but is gone", `
		SELECT job_id, attempt FROM dcq_job_errors WHERE job_id NOT IN (SELECT id FROM dcq_jobs)`},
	{"job %d refers to blob %s, which is not in the store", `
		SELECT id, blob FROM dcq_jobs WHERE blob IS NOT NULL AND blob NOT IN (SELECT name FROM dcq_blobs)`},
	{"job %d is ready in queue %q while a receiver waits", `
		SELECT min(j.id), q.name FROM dcq_jobs AS j JOIN dcq_queues AS q ON q.id = j.queue_id
		WHERE j.state = 0 AND q.paused = 0 AND EXISTS (
			SELECT 1 FROM dcq_waiters WHERE topic = 'queue/' || q.id AND woken = 0)
		GROUP BY q.name`},
	{"job %d has token %s, which is ahead of the counter", `
		SELECT id, token FROM dcq_jobs WHERE token >= (SELECT next FROM dcq_meta WHERE one = 1)`},
	{"job %d is ahead of the counter (%s)", `
		SELECT id, 'id' FROM dcq_jobs WHERE id >= (SELECT next FROM dcq_meta WHERE one = 1)`},
	{"job %d shares its token with job %s", `
		SELECT min(id), max(id) FROM dcq_jobs WHERE token IS NOT NULL GROUP BY token HAVING count(*) > 1`},
}

// checkJobs looks for inconsistencies in the tables of the job queues.
func checkJobs(tx *store.Tx) (problems []string, err error) {
	for _, c := range jobChecks {
		err := tx.Query(c.query+` LIMIT 100`, nil, func(scan store.Scan) error {
			var id int64
			var name string
			if err := scan(&id, &name); err != nil {
				return err
			}
			problems = append(problems, fmt.Sprintf(c.problem, id, name))
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return problems, nil
}

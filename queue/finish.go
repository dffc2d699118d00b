package queue

import (
	"errors"
	"fmt"
	"time"

	"github.com/dcq-go/dcq/store"
)

// attempt is one attempt at a job: its name, and what does not change while it stands.
type attempt struct {
	id, token   int64
	queue       int64
	failures    int
	group, blob string
}

// sqlStands is the condition under which an attempt may still be finished. A lease
// that has ended does not stand even if nobody has taken the job yet: whoever looks
// next may.
const sqlStands = ` WHERE id = ? AND token = ? AND lease_until > ?`

// plain reports whether the job has nothing but its row.
func (a attempt) plain() bool { return a.failures == 0 && a.blob == "" && a.group == "" }

func (a attempt) args(tx *store.Tx) []any { return []any{a.id, a.token, int64(tx.Monotonic())} }

// stands returns ErrLost unless the attempt is current.
func (a attempt) stands(tx *store.Tx) error {
	var one int
	err := tx.QueryRow(`SELECT 1 FROM dcq_jobs`+sqlStands, a.args(tx)...).Scan(&one)
	if errors.Is(err, store.ErrNoRows) {
		return a.lost()
	}
	return err
}

func (a attempt) lost() error { return fmt.Errorf("%w: job %d, token %d", ErrLost, a.id, a.token) }

// held returns the columns of the job if the attempt stands, else ErrLost.
func (a attempt) held(tx *store.Tx) (*claimed, error) {
	c, err := scanClaimed(tx.QueryRow(`SELECT `+claimedColumns+` FROM dcq_jobs`+sqlStands, a.args(tx)...).Scan)
	if errors.Is(err, store.ErrNoRows) {
		return nil, a.lost()
	}
	return c, err
}

// ack removes the job.
func (a attempt) ack(tx *store.Tx) error {
	n, err := tx.Exec(`DELETE FROM dcq_jobs`+sqlStands, a.args(tx)...)
	if err != nil {
		return err
	}
	if n == 0 {
		return a.lost()
	}
	return dropped(tx, a.id, a.queue, a.failures, a.group, a.blob)
}

// dropped tidies up after a job whose row was deleted.
func dropped(tx *store.Tx, id, queue int64, failures int, group, blob string) error {
	if failures > 0 {
		if _, err := tx.Exec(`DELETE FROM dcq_job_errors WHERE job_id = ?`, id); err != nil {
			return err
		}
	}
	if err := tx.Drop(blob); err != nil {
		return err
	}
	deferIdle(tx, queue)
	if group == "" {
		return nil
	}
	deferDispatch(tx, queue)
	return leaveGroup(tx, queue, id, group)
}

// nack ends the attempt as failed. The next begins after delay, or after the
// queue's backoff if delay is negative; the last failure makes the job dead.
func (a attempt) nack(tx *store.Tx, why string, delay time.Duration) (dead bool, err error) {
	c, err := a.held(tx)
	if err != nil {
		return false, err
	}
	l, err := lineByID(tx, c.queue)
	if err != nil {
		return false, err
	}
	if err := addFailure(tx, c, why); err != nil {
		return false, err
	}
	if c.attempt >= c.limit(l) {
		return true, bury(tx, c)
	}
	if delay < 0 {
		delay = l.pause(c.attempt)
	}
	return false, backToQueue(tx, c, delay)
}

// kill ends the attempt as failed for good.
func (a attempt) kill(tx *store.Tx, why string) error {
	c, err := a.held(tx)
	if err != nil {
		return err
	}
	if err := addFailure(tx, c, why); err != nil {
		return err
	}
	return bury(tx, c)
}

// release ends the attempt as if it had not begun; the next may begin after delay.
func (a attempt) release(tx *store.Tx, delay time.Duration) error {
	c, err := a.held(tx)
	if err != nil {
		return err
	}
	return giveUpAttempt(tx, c, delay)
}

// extend makes the lease end d from now.
func (a attempt) extend(tx *store.Tx, d time.Duration) error {
	n, err := tx.Exec(`UPDATE dcq_jobs SET lease_until = ?`+sqlStands, append([]any{int64(tx.Monotonic() + d)}, a.args(tx)...)...)
	if err == nil && n == 0 {
		return a.lost()
	}
	return err
}

// bury makes a job dead.
func bury(tx *store.Tx, c *claimed) error {
	_, err := tx.Exec(`
		UPDATE dcq_jobs SET state = 4, token = NULL, session_id = NULL, ticket = NULL, lease_until = NULL
		WHERE id = ?`, c.id)
	if err != nil {
		return err
	}
	deferIdle(tx, c.queue)
	deferDispatch(tx, c.queue)
	return leaveGroup(tx, c.queue, c.id, c.group.String)
}

const (
	maxErrorText = 8 << 10 // bytes of one failure that are kept
	maxFailures  = 100     // failures of one job that are kept, the latest
)

// addFailure keeps what went wrong with an attempt.
func addFailure(tx *store.Tx, c *claimed, why string) error {
	if len(why) > maxErrorText {
		why = why[:maxErrorText]
	}
	c.failures++
	_, err := tx.Exec(`INSERT INTO dcq_job_errors (job_id, n, attempt, at, error) VALUES (?, ?, ?, ?, ?)`,
		c.id, c.failures, c.attempt, tx.Now().UnixNano(), toText(why))
	if err != nil {
		return err
	}
	if c.failures > maxFailures {
		if _, err := tx.Exec(`DELETE FROM dcq_job_errors WHERE job_id = ? AND n <= ?`, c.id, c.failures-maxFailures); err != nil {
			return err
		}
	}
	_, err = tx.Exec(`UPDATE dcq_jobs SET failures = ? WHERE id = ?`, c.failures, c.id)
	return err
}

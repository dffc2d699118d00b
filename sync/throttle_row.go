package sync

import (
	"errors"
	"fmt"
	"time"

	"github.com/dcq-go/dcq/store"
)

// throttleRow is a throttle as it is stored.
type throttleRow struct {
	gcra
	generation int64
}

// load reads the throttle, by the clock of the transaction. A row that claims to have
// been changed later than now is of another boot, whatever it says: on a system that
// does not name its boots, all have one name. Now is read after the row for that, as
// the clock of a View may be older than its snapshot.
func (t *Throttle) load(tx *store.Tx) (row throttleRow, err error) {
	var boot string
	var changed time.Duration
	var wall int64
	err = tx.QueryRow(`
		SELECT generation, interval, burst, boot, changed, tat, tat_wall
		FROM dcq_throttles WHERE name = ?`, t.name).
		Scan(&row.generation, &row.interval, &row.burst, &boot, &changed, &row.tat, &wall)
	now := tx.Monotonic()
	switch {
	case errors.Is(err, store.ErrNoRows):
		return row, errNoThrottle
	case err != nil:
		return row, err
	case boot != t.db.Boot() || changed > t.db.Clock().Monotonic():
		row.gcra = row.carried(now, tx.Now().UnixNano(), wall)
	}
	row.gcra = row.bounded(now)
	return row, nil
}

var errNoThrottle = fmt.Errorf("%w: the throttle does not exist; say its rate", ErrConflict)

// save writes the throttle, making it if it is missing.
func (t *Throttle) save(tx *store.Tx, row throttleRow) error {
	now := tx.Monotonic()
	_, err := tx.Exec(`
		INSERT INTO dcq_throttles (name, generation, interval, burst, boot, changed, tat, tat_wall)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET
			generation = excluded.generation, interval = excluded.interval, burst = excluded.burst,
			boot = excluded.boot, changed = excluded.changed, tat = excluded.tat, tat_wall = excluded.tat_wall`,
		t.name, row.generation, int64(row.interval), row.burst, t.db.Boot(), int64(now), int64(row.tat),
		tx.Now().UnixNano()+int64(row.tat-now))
	return err
}

// brokenThrottles finds what no sequence of operations can lead to: a time ahead of
// this boot's clock, or more reserved than can be.
const brokenThrottles = `
	SELECT name FROM dcq_throttles
	WHERE (boot = ? AND changed > ?) OR tat - changed > interval * burst + ? LIMIT 100`

// checkThrottles looks for throttles that cannot be. Precondition: tx has read, since
// the clock is compared with what its snapshot holds.
func checkThrottles(tx *store.Tx) (found []string, err error) {
	args := []any{tx.DB().Boot(), int64(tx.DB().Clock().Monotonic()), int64(longest)}
	err = tx.Query(brokenThrottles, args, func(scan store.Scan) error {
		var name string
		err := scan(&name)
		found = append(found, fmt.Sprintf("throttle %q has a time in the future that nobody reserved", name))
		return err
	})
	return found, err
}

package queue

import (
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/dcq-go/dcq/store"
)

// settings are the stored settings of a queue; zero fields are unset.
type settings struct {
	lease       time.Duration
	maxAttempts int
	backoff     time.Duration
	maxBackoff  time.Duration
	crash       CrashPolicy
	maxCrashes  int
}

// line is a queue as the transactions see it.
type line struct {
	id     int64
	name   string
	paused bool
	settings
}

const sqlLine = `
	SELECT id, name, paused, lease, max_attempts, backoff, max_backoff, crash_costs, max_crashes
	FROM dcq_queues `

func scanLine(scan store.Scan) (*line, error) {
	var l line
	var lease, attempts, backoff, maxBackoff, crashCosts, crashes sql.NullInt64
	err := scan(&l.id, &l.name, &l.paused, &lease, &attempts, &backoff, &maxBackoff, &crashCosts, &crashes)
	if err != nil {
		return nil, err
	}
	or := func(n sql.NullInt64, fallback int64) int64 {
		if n.Valid {
			return n.Int64
		}
		return fallback
	}
	l.settings = settings{
		lease:       time.Duration(or(lease, int64(DefaultLease))),
		maxAttempts: int(or(attempts, DefaultMaxAttempts)),
		backoff:     time.Duration(or(backoff, int64(DefaultBackoff))),
		maxBackoff:  time.Duration(or(maxBackoff, int64(DefaultMaxBackoff))),
		crash:       CrashFree,
		maxCrashes:  int(or(crashes, DefaultMaxCrashes)),
	}
	if crashCosts.Valid && crashCosts.Int64 == 1 {
		l.crash = CrashCosts
	}
	return &l, nil
}

// lineByID returns a queue, or ErrNotFound.
func lineByID(tx *store.Tx, id int64) (*line, error) {
	l, err := scanLine(tx.QueryRow(sqlLine+`WHERE id = ?`, id).Scan)
	if errors.Is(err, store.ErrNoRows) {
		return nil, fmt.Errorf("%w: queue %d", ErrNotFound, id)
	}
	return l, err
}

// lineByName returns a queue, or ErrNotFound.
func lineByName(tx *store.Tx, name string) (*line, error) {
	l, err := scanLine(tx.QueryRow(sqlLine+`WHERE name = ?`, name).Scan)
	if errors.Is(err, store.ErrNoRows) {
		return nil, fmt.Errorf("%w: queue %q", ErrNotFound, name)
	}
	return l, err
}

// openLine returns the queue of that name, making it if there is none, and stores
// what s sets.
func openLine(tx *store.Tx, name string, s settings) (*line, error) {
	l, err := lineByName(tx, name)
	if errors.Is(err, ErrNotFound) {
		id, err := tx.Next()
		if err != nil {
			return nil, err
		}
		if _, err := tx.Exec(`INSERT INTO dcq_queues (id, name) VALUES (?, ?)`, id, name); err != nil {
			return nil, err
		}
	} else if err != nil || s.heldBy(l) {
		return l, err
	}
	_, err = tx.Exec(`
		UPDATE dcq_queues SET
			lease        = COALESCE(?, lease),
			max_attempts = COALESCE(?, max_attempts),
			backoff      = COALESCE(?, backoff),
			max_backoff  = COALESCE(?, max_backoff),
			crash_costs  = COALESCE(?, crash_costs),
			max_crashes  = COALESCE(?, max_crashes)
		WHERE name = ?`,
		orNull(int64(s.lease)), orNull(int64(s.maxAttempts)), orNull(int64(s.backoff)), orNull(int64(s.maxBackoff)),
		s.crashCosts(), orNull(int64(s.maxCrashes)), name)
	if err != nil {
		return nil, err
	}
	return lineByName(tx, name)
}

// heldBy reports whether storing s would change nothing.
func (s settings) heldBy(l *line) bool {
	return (s.lease == 0 || s.lease == l.lease) &&
		(s.maxAttempts == 0 || s.maxAttempts == l.maxAttempts) &&
		(s.backoff == 0 || s.backoff == l.backoff) &&
		(s.maxBackoff == 0 || s.maxBackoff == l.maxBackoff) &&
		(s.crash == CrashUnset || s.crash == l.crash) &&
		(s.maxCrashes == 0 || s.maxCrashes == l.maxCrashes)
}

func (s settings) crashCosts() any {
	switch s.crash {
	case CrashFree:
		return 0
	case CrashCosts:
		return 1
	}
	return nil
}

func orNull(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

func nullText(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

func orNullText(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// pause is how long to wait after a failed attempt: exponential, with the upper
// half random, so that what failed together does not return together.
func (s settings) pause(attempt int) time.Duration {
	d := s.backoff
	for range attempt - 1 {
		if d >= s.maxBackoff {
			break
		}
		d *= 2
	}
	d = min(d, s.maxBackoff)
	return d/2 + rand.N(d/2+1)
}

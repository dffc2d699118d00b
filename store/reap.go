package store

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
)

// endSession gives back what a session held, by asking each package that it used.
// Packages that this DB does not know are left to a process that does: until then
// the session stays on record as dead.
func (tx *Tx) endSession(id int64, crashed bool) error {
	var pid int
	var wasDead bool
	err := tx.QueryRow(`SELECT pid, dead FROM dcq_sessions WHERE id = ?`, id).Scan(&pid, &wasDead)
	if errors.Is(err, ErrNoRows) {
		return nil // somebody else was faster
	}
	if err != nil {
		return err
	}
	tx.forget(onRecord(id))
	left, err := tx.askPackages(id, crashed)
	if err != nil {
		return err
	}
	if err := tx.dropWaiters(id); err != nil {
		return err
	}
	if len(left) > 0 {
		return tx.leaveDead(id, wasDead, left)
	}
	if _, err := tx.Exec(`DELETE FROM dcq_sessions WHERE id = ?`, id); err != nil {
		return err
	}
	db := tx.db
	if tx.session != nil && tx.session.id == id {
		tx.session = nil
	}
	tx.AfterCommit(func() {
		if crashed {
			db.log.Warn("a process died; what it held was given back", "session", id, "pid", pid)
			_ = os.Remove(db.sessionPath(id))
			_ = os.Remove(lifePath(db.sessionPath(id)))
		}
		db.pulses.ended(id)
	})
	return nil
}

// askPackages calls the hooks of the packages that the session used and returns
// the names of those that are not known here.
func (tx *Tx) askPackages(id int64, crashed bool) (left []string, err error) {
	known := make(map[string]*Package)
	for _, p := range tx.db.usedPackages() {
		known[p.Name] = p
	}
	var used []*Package
	err = tx.Query(`SELECT package FROM dcq_session_uses WHERE session_id = ?`, []any{id}, func(scan Scan) error {
		var name string
		if err := scan(&name); err != nil {
			return err
		}
		if p := known[name]; p != nil {
			used = append(used, p)
			return nil
		}
		left = append(left, name)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, p := range used {
		if p.EndSession != nil {
			if err := p.EndSession(tx, id, crashed); err != nil {
				return nil, err
			}
		}
		if _, err := tx.Exec(`DELETE FROM dcq_session_uses WHERE session_id = ? AND package = ?`, id, p.Name); err != nil {
			return nil, err
		}
	}
	return left, nil
}

// leaveDead keeps the session on record and tells, once, those who know the
// packages that have not been asked.
func (tx *Tx) leaveDead(id int64, wasDead bool, left []string) error {
	if wasDead {
		return nil
	}
	if _, err := tx.Exec(`UPDATE dcq_sessions SET dead = 1 WHERE id = ?`, id); err != nil {
		return err
	}
	for _, name := range left {
		err := tx.Query(`SELECT session_id FROM dcq_session_uses WHERE package = ? AND session_id <> ?`, []any{name, id}, func(scan Scan) error {
			var other int64
			if err := scan(&other); err != nil {
				return err
			}
			tx.tell(other, -id)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// pulseWardens tells the sessions that watch all others of a newcomer.
func (tx *Tx) pulseWardens(newcomer int64) error {
	return tx.Query(`SELECT id FROM dcq_sessions WHERE id <> ? AND dead = 0 ORDER BY id LIMIT ?`, []any{newcomer, wardens}, func(scan Scan) error {
		var id int64
		if err := scan(&id); err != nil {
			return err
		}
		tx.tell(id, newcomer)
		return nil
	})
}

// sweepSessionFiles removes the files of sessions that have no row: their process
// died between making the file and committing. It holds the gate, so that no
// session is in between now.
func (db *DB) sweepSessionFiles(ctx context.Context) error {
	entries, err := os.ReadDir(db.sessionsDir())
	if err != nil || len(entries) == 0 {
		return translateSystem(err)
	}
	var stray []int64
	err = db.View(ctx, func(tx *Tx) error {
		stray = nil
		for _, e := range entries {
			id, ok := sessionFileID(e.Name())
			if !ok {
				continue // not ours: left alone, and reported by Check
			}
			var one int
			err := tx.QueryRow(`SELECT 1 FROM dcq_sessions WHERE id = ?`, id).Scan(&one)
			if errors.Is(err, ErrNoRows) {
				stray = append(stray, id)
				continue
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || len(stray) == 0 {
		return err
	}
	return db.Batch(ctx, false, func(tx *Tx) error {
		for _, id := range stray {
			if alive, err := db.sessionAlive(id); alive || err != nil {
				continue
			}
			_ = os.Remove(db.sessionPath(id))
			_ = os.Remove(lifePath(db.sessionPath(id)))
		}
		return nil
	})
}

// sessionFileID returns the session that a file of the sessions directory is of.
func sessionFileID(name string) (int64, bool) {
	number := strings.TrimSuffix(name, ".life")
	id, err := strconv.ParseInt(number, 10, 64)
	return id, err == nil && id > 0 && strconv.FormatInt(id, 10) == number
}

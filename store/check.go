package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// maxProblems bounds what Check reports of one kind.
const maxProblems = 100

// Problem is an inconsistency that Check found.
type Problem struct {
	Package string `json:"package"` // whose tables or files
	Text    string `json:"text"`
}

// String returns the package and the text.
func (p Problem) String() string { return p.Package + ": " + p.Text }

// Check looks for inconsistencies in the database, in the store's own tables and
// files, and in those of the packages in use. An empty result means that none was
// found. It changes nothing, and reads the whole database: its time grows with the
// size.
func (db *DB) Check(ctx context.Context) ([]Problem, error) {
	c := &checker{db: db}
	err := db.View(ctx, func(tx *Tx) error {
		c.problems = nil
		return errors.Join(c.database(tx), c.packages(tx), c.sessions(tx), c.counter(tx), c.blobs(tx))
	})
	return c.problems, errors.Join(err, c.lines(ctx))
}

type checker struct {
	db       *DB
	problems []Problem
}

func (c *checker) add(pkg, format string, args ...any) {
	c.problems = append(c.problems, Problem{pkg, fmt.Sprintf(format, args...)})
}

func (c *checker) database(tx *Tx) error {
	for _, pragma := range []string{`PRAGMA integrity_check(100)`, `PRAGMA foreign_key_check`} {
		err := tx.Query(pragma, nil, func(scan Scan) error {
			var text string
			if err := scan(&text); err != nil {
				text = "a row refers to a missing one"
			}
			if text != "ok" {
				c.add("database", "%s", text)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// packages runs the checks of the packages in use and names those that are not.
func (c *checker) packages(tx *Tx) error {
	known := make(map[string]bool)
	for _, p := range c.db.usedPackages() {
		known[p.Name] = true
		if p.Check == nil {
			continue
		}
		texts, err := p.Check(tx)
		if err != nil {
			return fmt.Errorf("check %s: %w", p.Name, err)
		}
		for _, text := range texts[:min(len(texts), maxProblems)] {
			c.add(p.Name, "%s", text)
		}
	}
	return nil
}

// sessions checks that waiters and uses belong to sessions on record.
func (c *checker) sessions(tx *Tx) error {
	for _, q := range []struct{ what, sql string }{
		{"a waiter of topic %s has no session", `SELECT topic FROM dcq_waiters WHERE session_id NOT IN (SELECT id FROM dcq_sessions) LIMIT 100`},
		{"a use of package %s has no session", `SELECT package FROM dcq_session_uses WHERE session_id NOT IN (SELECT id FROM dcq_sessions) LIMIT 100`},
	} {
		err := tx.Query(q.sql, nil, func(scan Scan) error {
			var name string
			if err := scan(&name); err != nil {
				return err
			}
			c.add("store", q.what, name)
			return nil
		})
		if err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(c.db.sessionsDir())
	if err != nil {
		return translateSystem(err)
	}
	for _, e := range entries {
		if _, ok := sessionFileID(e.Name()); !ok {
			c.add("store", "sessions/%s is no session's file; remove it if it is yours", e.Name())
		}
	}
	return nil
}

// counter checks that the counter is ahead of every id taken from it.
func (c *checker) counter(tx *Tx) error {
	var next, used int64
	err := tx.QueryRow(`
		SELECT next, max(
			COALESCE((SELECT max(id) FROM dcq_sessions), 0),
			COALESCE((SELECT max(ticket) FROM dcq_waiters), 0))
		FROM dcq_meta WHERE one = 1`).Scan(&next, &used)
	if err == nil && used >= next {
		c.add("store", "the counter is at %d, but %d is in use", next, used)
	}
	return err
}

// lines checks that no topic is known to be quiet that has somebody in line, who would not
// be woken. It looks again with the gate held before it says so.
func (c *checker) lines(ctx context.Context) (err error) {
	var found []string
	look := func(tx *Tx) error {
		found = nil
		return tx.Query(`SELECT DISTINCT topic FROM dcq_waiters WHERE woken = 0`, nil, func(scan Scan) error {
			var topic string
			err := scan(&topic)
			if c.db.memory.knows(quiet(topic)) && len(found) < maxProblems {
				found = append(found, topic)
			}
			return err
		})
	}
	if err = c.db.View(ctx, look); err == nil && len(found) > 0 {
		err = c.db.Batch(ctx, false, look)
	}
	for _, topic := range found {
		c.add("store", "topic %s is known to be quiet, but somebody waits", topic)
	}
	return err
}

// blobs checks that every value's file is there. A file without a row is no
// inconsistency: SweepBlobs removes it in time.
func (c *checker) blobs(tx *Tx) error {
	return tx.Query(`SELECT name, size FROM dcq_blobs`, nil, func(scan Scan) error {
		var name string
		var size int64
		if err := scan(&name, &size); err != nil {
			return err
		}
		info, err := os.Stat(c.db.blobPath(name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			c.add("store", "the file of blob %s is missing", name)
		case err != nil:
			return translateSystem(err)
		case info.Size() != size:
			c.add("store", "the file of blob %s has %d bytes, not %d", name, info.Size(), size)
		}
		return nil
	})
}

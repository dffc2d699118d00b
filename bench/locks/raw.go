package main

import (
	"context"
	"database/sql"
	"errors"

	"github.com/dcq-go/dcq/bench/internal/sqlitedriver"
)

const (
	rawName     = "raw"
	rawSettings = "SQLite without dcq: its driver through database/sql, prepared statements, a row for a lock that is held, WAL, synchronous NORMAL; no waiters, leases or gate"
)

// rawSpace has a row for each lock that is held: the least that a lock in SQLite can be.
// Nobody can wait for one.
type rawSpace struct {
	db      *sql.DB
	take    *sql.Stmt
	release *sql.Stmt
}

func openRaw(place string) (s *rawSpace, err error) {
	s = &rawSpace{}
	if s.db, err = sqlitedriver.Modernc.Open(place, false); err != nil {
		return nil, err
	}
	s.db.SetMaxOpenConns(1)
	_, err = s.db.Exec(`CREATE TABLE IF NOT EXISTS locks (name TEXT PRIMARY KEY, holder INTEGER NOT NULL) STRICT, WITHOUT ROWID`)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	for to, text := range map[**sql.Stmt]string{
		&s.take:    `INSERT INTO locks VALUES (?, 1)`,
		&s.release: `DELETE FROM locks WHERE name = ? AND holder = 1`,
	} {
		if *to, err = s.db.Prepare(text); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

func (s *rawSpace) lock(name string) (locker, error) { return rawLocker{s, name}, nil }

func (s *rawSpace) Close() error { return s.db.Close() }

type rawLocker struct {
	of   *rawSpace
	name string
}

func (l rawLocker) Acquire() error { return l.of.run(l.of.take, l.name) }
func (l rawLocker) Release() error { return l.of.run(l.of.release, l.name) }

// run changes a row in a transaction that, as dcq's, has the right to write from its
// beginning.
func (s *rawSpace) run(statement *sql.Stmt, name string) error {
	tx, err := s.db.BeginTx(context.Background(), nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after the commit
	r, err := tx.Stmt(statement).Exec(name)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n != 1 {
		return errors.Join(err, errors.New("the lock is not as it should be"))
	}
	return tx.Commit()
}

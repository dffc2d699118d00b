package main

import (
	"database/sql"
	"errors"
	"slices"

	"github.com/dcq-go/dcq/bench/internal/sqlitedriver"
)

const sqliteTable = `CREATE TABLE IF NOT EXISTS kv (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID`

// sqliteKeeper is a plain table, with prepared statements.
type sqliteKeeper struct {
	db                   *sql.DB
	find, set, drop, run *sql.Stmt
}

func openModernc(place string, durable bool) (keeper, error) {
	return openSQLite(sqlitedriver.Modernc, place, durable)
}

func openMattn(place string, durable bool) (keeper, error) {
	return openSQLite(sqlitedriver.Mattn, place, durable)
}

func openSQLite(driver sqlitedriver.Driver, place string, durable bool) (keeper, error) {
	db, err := driver.Open(place, durable)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // as many as one goroutine can use
	if _, err := db.Exec(sqliteTable); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	k := &sqliteKeeper{db: db}
	for stmt, query := range map[**sql.Stmt]string{
		&k.find: `SELECT value FROM kv WHERE key = ?`,
		&k.set:  `INSERT INTO kv (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
		&k.drop: `DELETE FROM kv WHERE key = ?`,
		&k.run:  `SELECT key, value FROM kv WHERE key >= ? ORDER BY key LIMIT ?`,
	} {
		if *stmt, err = db.Prepare(query); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return k, nil
}

func (k *sqliteKeeper) fill(keys []string) error {
	for step := range slices.Chunk(keys, fillStep) {
		if err := k.fillSome(step); err != nil {
			return err
		}
	}
	_, err := k.db.Exec(`PRAGMA wal_checkpoint(TRUNCATE)`)
	return err
}

func (k *sqliteKeeper) fillSome(keys []string) error {
	tx, err := k.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	set := tx.Stmt(k.set)
	for _, key := range keys {
		if _, err := set.Exec(key, payload()); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func (k *sqliteKeeper) get(key string) error {
	var v []byte
	err := k.find.QueryRow(key).Scan(&v)
	return check(v, err)
}

func (k *sqliteKeeper) put(key string) error {
	_, err := k.set.Exec(key, payload())
	return err
}

func (k *sqliteKeeper) remove(key string) error {
	_, err := k.drop.Exec(key)
	return err
}

func (k *sqliteKeeper) scan(from string, keys int) error {
	rows, err := k.run.Query(from, keys)
	if err != nil {
		return err
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		var key string
		var v []byte
		err := rows.Scan(&key, &v)
		if err := check(v, err); err != nil {
			return err
		}
	}
	return checkScan(n, keys, rows.Err())
}

func (k *sqliteKeeper) Close() error { return k.db.Close() }

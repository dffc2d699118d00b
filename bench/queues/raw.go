package main

import (
	"database/sql"
	"io/fs"
	"strings"
	"time"

	"github.com/dcq-go/dcq/bench/internal/measure"
	"github.com/dcq-go/dcq/bench/internal/sqlitedriver"
	"github.com/dcq-go/dcq/queue"
)

const (
	rawName          = "raw"
	rawValuesName    = "raw-values"
	rawJSONName      = "raw-json"
	rawCgoName       = "raw-cgo"
	rawValuesCgoName = "raw-values-cgo"

	rawSettings          = "SQLite without dcq: its driver through database/sql, prepared statements, dcq's table of jobs with all indexes, WAL, synchronous NORMAL, or FULL where durable, busy handler"
	rawValuesSettings    = "as raw, 50 rows an INSERT … VALUES; in the place of many callers, one who commits 50 at a time"
	rawJSONSettings      = "as raw, one INSERT … SELECT from json_each, payloads in hexadecimal"
	rawCgoSettings       = "as raw, through mattn's driver: SQLite in C, which needs cgo"
	rawValuesCgoSettings = "as raw-values, through mattn's driver"

	rawValues = 50
	rawClaim  = 64

	rawColumns = `queue_id, state, priority, due, pushed, payload`
	rawRow     = `(1, 0, 0, ?1, ?1, ?)`
)

// rawDrivers has the driver of each raw peer.
var rawDrivers = map[string]sqlitedriver.Driver{
	rawName: sqlitedriver.Modernc, rawValuesName: sqlitedriver.Modernc, rawJSONName: sqlitedriver.Modernc,
	rawCgoName: sqlitedriver.Mattn, rawValuesCgoName: sqlitedriver.Mattn,
}

// rawQueue is dcq's table of jobs with the statements that a program without dcq would
// write: no session, no fencing token, nobody woken.
type rawQueue struct {
	kind                 string
	db                   *sql.DB
	insert, values, json *sql.Stmt
	claim, finish        *sql.Stmt
	session              int64
}

func openRaw(kind, place string, durable bool) (q *rawQueue, err error) {
	q = &rawQueue{kind: kind, session: int64(measure.Monotonic())}
	if q.db, err = rawDrivers[kind].Open(place, durable); err != nil {
		return nil, err
	}
	q.db.SetMaxOpenConns(1)
	if err := q.makeTables(); err != nil {
		return nil, err
	}
	for to, text := range map[**sql.Stmt]string{
		&q.insert: `INSERT INTO dcq_jobs (` + rawColumns + `) VALUES ` + rawRow,
		&q.values: `INSERT INTO dcq_jobs (` + rawColumns + `) VALUES ` + strings.Repeat(rawRow+`, `, rawValues-1) + rawRow,
		&q.json:   `INSERT INTO dcq_jobs (` + rawColumns + `) SELECT 1, 0, 0, ?1, ?1, unhex(value) FROM json_each(?2)`,
		&q.claim: `UPDATE dcq_jobs SET state = 3, attempt = attempt + 1, token = ?1, session_id = ?1, lease_until = ?2
			WHERE id IN (SELECT id FROM dcq_jobs WHERE queue_id = 1 AND state = 0 ORDER BY priority DESC, due, id LIMIT ?3)
			RETURNING id, payload`,
		&q.finish: `DELETE FROM dcq_jobs WHERE id BETWEEN ? AND ? AND state = 3 AND token = ?`,
	} {
		if *to, err = q.db.Prepare(text); err != nil {
			return nil, err
		}
	}
	return q, nil
}

// makeTables runs the scripts that dcq runs for its jobs, in one of the processes.
func (q *rawQueue) makeTables() error {
	tx, err := q.db.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after the commit
	var n int
	if err := tx.QueryRow(`SELECT count(*) FROM sqlite_schema WHERE name = 'dcq_jobs'`).Scan(&n); n > 0 || err != nil {
		return err
	}
	for _, name := range []string{"0001_jobs.sql", "0003_handed.sql"} {
		script, err := fs.ReadFile(queue.Package.Scripts, name)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(string(script)); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func (q *rawQueue) Close() error { return q.db.Close() }

func (q *rawQueue) push(payload []byte) error {
	_, err := q.insert.Exec(time.Now().UnixNano(), payload)
	return err
}

func (q *rawQueue) left() (n int, err error) {
	err = q.db.QueryRow(`SELECT count(*) FROM dcq_jobs`).Scan(&n)
	return n, err
}

package main

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"sync"
	"time"
)

// pushMany adds jobs in one transaction, in the way that the queue's kind names.
func (q *rawQueue) pushMany(payloads [][]byte) error {
	tx, err := q.db.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after the commit
	switch q.kind {
	case rawValuesName, rawValuesCgoName:
		payloads, err = q.addLists(tx, payloads)
	case rawJSONName:
		payloads, err = nil, q.addJSON(tx, payloads)
	}
	if err != nil {
		return err
	}
	one := tx.Stmt(q.insert)
	for _, p := range payloads {
		if _, err := one.Exec(time.Now().UnixNano(), p); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// addLists adds as many rows as fill statements, and returns the rest.
func (q *rawQueue) addLists(tx *sql.Tx, payloads [][]byte) ([][]byte, error) {
	many := tx.Stmt(q.values)
	for len(payloads) >= rawValues {
		args := []any{time.Now().UnixNano()}
		for _, p := range payloads[:rawValues] {
			args = append(args, p)
		}
		if _, err := many.Exec(args...); err != nil {
			return nil, err
		}
		payloads = payloads[rawValues:]
	}
	return payloads, nil
}

func (q *rawQueue) addJSON(tx *sql.Tx, payloads [][]byte) error {
	list := make([]string, len(payloads))
	for i, p := range payloads {
		list[i] = hex.EncodeToString(p)
	}
	text, err := json.Marshal(list)
	if err != nil {
		return err
	}
	_, err = tx.Stmt(q.json).Exec(time.Now().UnixNano(), string(text))
	return err
}

// work claims up to 64 jobs in a statement, has the handlers do them, and removes them
// in another.
func (q *rawQueue) work(ctx context.Context, handlers int, done func()) error {
	jobs := make(chan *sync.WaitGroup, rawClaim)
	defer close(jobs)
	for range handlers {
		go func() {
			for wg := range jobs {
				done()
				wg.Done()
			}
		}()
	}
	for ctx.Err() == nil {
		first, last, n, err := q.claimSome()
		if err != nil {
			return err
		}
		if n == 0 {
			time.Sleep(time.Millisecond)
			continue
		}
		var wg sync.WaitGroup
		for range n {
			wg.Add(1)
			jobs <- &wg
		}
		wg.Wait()
		if _, err := q.finish.Exec(first, last, q.session); err != nil {
			return err
		}
	}
	return nil
}

func (q *rawQueue) claimSome() (first, last int64, n int, err error) {
	rows, err := q.claim.Query(q.session, time.Now().UnixNano(), rawClaim)
	if err != nil {
		return 0, 0, 0, err
	}
	for rows.Next() {
		var id int64
		var payload []byte
		if err := rows.Scan(&id, &payload); err != nil {
			return 0, 0, 0, errors.Join(err, rows.Close())
		}
		if n == 0 || id < first {
			first = id
		}
		last = max(last, id)
		n++
	}
	return first, last, n, errors.Join(rows.Err(), rows.Close())
}

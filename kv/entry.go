package kv

import (
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/dcq-go/dcq/store"
)

// Entry is a key of an index with its value.
type Entry[K, V any] struct {
	Key   K
	Value V

	// Revision is that of the last change of the entry: greater than those of all
	// changes in the store before, never 0, never used twice. Where a method returns
	// an Entry for a key that is not there, it is 0.
	Revision int64
}

// Pairs yields keys with their values in the given order, as [Index.PutMany] and
// [Index.Equal] take them. For a map, there is maps.All.
func Pairs[K, V any](list ...Pair[K, V]) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for _, p := range list {
			if !yield(p.First, p.Second) {
				return
			}
		}
	}
}

// entryRow is the row of an entry. Its revision is 0 if the entry is not there.
type entryRow struct {
	key   []byte
	seq   int64 // the revision that inserted it: the order of insertion
	rev   int64
	value store.Value
}

func (e entryRow) there() bool { return e.rev != 0 }

// pair is an encoded key with the value it is to have.
type pair struct {
	key   []byte
	value *Staged
}

// table is an index as the database has it.
type table struct {
	db      *store.DB
	id      int64
	ledgers ledgers
}

// find returns the entry of a key.
func (t table) find(tx *store.Tx, key []byte) (entryRow, error) {
	e := entryRow{key: key}
	var blob sql.NullString
	err := tx.QueryRow(`SELECT seq, rev, value, blob FROM dcq_entries WHERE index_id = ? AND key = ?`, t.id, key).
		Scan(&e.seq, &e.rev, &e.value.Inline, &blob)
	if errors.Is(err, store.ErrNoRows) {
		return e, nil
	}
	e.value.Blob = blob.String
	return e, err
}

const (
	sqlPut = `INSERT INTO dcq_entries (index_id, key, seq, rev, value, blob) VALUES (?, ?, ?, ?, ?, ?)`

	// An entry that is there keeps its place.
	sqlReplace = ` ON CONFLICT (index_id, key) DO UPDATE SET rev = excluded.rev, value = excluded.value, blob = excluded.blob`
)

func (t table) putArgs(args []any, rev int64, p pair) []any {
	var blob any
	value := p.value.value.Inline
	if p.value.value.Blob != "" {
		blob, value = p.value.value.Blob, nil
	}
	return append(args, t.id, p.key, rev, rev, orNull(value), blob)
}

// orNull makes a NULL of nil, which the driver takes for empty bytes.
func orNull(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}

// set gives a key its value and returns the revision. Precondition: old is what find
// returned for the key.
func (t table) set(tx *store.Tx, old entryRow, p pair) (rev int64, err error) {
	l, err := t.ledger(tx)
	if err != nil {
		return 0, err
	}
	if rev, err = tx.NextRevision(); err != nil {
		return 0, err
	}
	if err := p.value.keep(tx); err != nil {
		return 0, err
	}
	if _, err := tx.Exec(sqlPut+sqlReplace, t.putArgs(nil, rev, p)...); err != nil {
		return 0, err
	}
	if err := tx.Drop(old.value.Blob); err != nil {
		return 0, err
	}
	added := int64(1)
	if old.there() {
		added = 0
	}
	return rev, t.record(tx, l, added, change{rev, Put, p.key})
}

// remove takes an entry out. Precondition: it is there.
func (t table) remove(tx *store.Tx, e entryRow) error {
	l, err := t.ledger(tx)
	if err != nil {
		return err
	}
	c := change{0, Delete, e.key}
	if l.history > 0 {
		if c.rev, err = tx.NextRevision(); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(`DELETE FROM dcq_entries WHERE index_id = ? AND key = ?`, t.id, e.key); err != nil {
		return err
	}
	if err := tx.Drop(e.value.Blob); err != nil {
		return err
	}
	return t.record(tx, l, -1, c)
}

const putRows = 50 // in one statement

var (
	sqlPutMany  = sqlPut + strings.Repeat(`, (?, ?, ?, ?, ?, ?)`, putRows-1) + sqlReplace
	sqlFindMany = `SELECT blob FROM dcq_entries WHERE index_id = ? AND key IN (?` + strings.Repeat(`, ?`, putRows-1) + `)`
)

// setMany gives keys their values, in order. Precondition: no two keys are equal.
func (t table) setMany(tx *store.Tx, list []pair) error {
	for len(list) >= putRows {
		if err := t.setRows(tx, list[:putRows]); err != nil {
			return err
		}
		list = list[putRows:]
	}
	for _, p := range list {
		old, err := t.find(tx, p.key)
		if err != nil {
			return err
		}
		if _, err := t.set(tx, old, p); err != nil {
			return err
		}
	}
	return nil
}

// setRows is set for putRows keys at once, whether they are there or not.
func (t table) setRows(tx *store.Tx, list []pair) error {
	l, err := t.ledger(tx)
	if err != nil {
		return err
	}
	there, blobs, err := t.findRows(tx, list)
	if err != nil {
		return err
	}
	rev, err := tx.NextRevisions(len(list))
	if err != nil {
		return err
	}
	args := make([]any, 0, 6*putRows)
	changes := make([]change, len(list))
	for i, p := range list {
		if err := p.value.keep(tx); err != nil {
			return err
		}
		args = t.putArgs(args, rev+int64(i), p)
		changes[i] = change{rev + int64(i), Put, p.key}
	}
	if _, err := tx.Exec(sqlPutMany, args...); err != nil {
		return err
	}
	if err := tx.Drop(blobs...); err != nil {
		return err
	}
	return t.record(tx, l, int64(len(list)-there), changes...)
}

// findRows returns how many of putRows keys are there, and the files of their values.
func (t table) findRows(tx *store.Tx, list []pair) (there int, blobs []string, err error) {
	args := append(make([]any, 0, 1+putRows), t.id)
	for _, p := range list {
		args = append(args, p.key)
	}
	err = tx.Query(sqlFindMany, args, func(scan store.Scan) error {
		var blob sql.NullString
		err := scan(&blob)
		there++
		if blob.Valid {
			blobs = append(blobs, blob.String)
		}
		return err
	})
	return there, blobs, err
}

// sweep takes out the entries inserted not later than the revision, in the order of
// insertion and at most n, and returns how many there were.
func (t table) sweep(tx *store.Tx, until int64, n int) (int, error) {
	l, err := t.ledger(tx)
	if err != nil {
		return 0, err
	}
	var changes []change
	var blobs []string
	last := int64(0)
	err = tx.Query(`
		SELECT key, seq, blob FROM dcq_entries
		WHERE index_id = ? AND seq <= ? ORDER BY seq LIMIT ?`, []any{t.id, until, n}, func(scan store.Scan) error {
		c := change{kind: Delete}
		var blob sql.NullString
		err := scan(&c.key, &last, &blob)
		changes = append(changes, c)
		if blob.Valid {
			blobs = append(blobs, blob.String)
		}
		return err
	})
	if err != nil || len(changes) == 0 {
		return 0, err
	}
	if _, err := tx.Exec(`DELETE FROM dcq_entries WHERE index_id = ? AND seq <= ?`, t.id, last); err != nil {
		return 0, err
	}
	if err := tx.Drop(blobs...); err != nil {
		return 0, err
	}
	if l.history > 0 {
		rev, err := tx.NextRevisions(len(changes))
		if err != nil {
			return 0, fmt.Errorf("number the changes: %w", err)
		}
		for i := range changes {
			changes[i].rev = rev + int64(i)
		}
	}
	return len(changes), t.record(tx, l, -int64(len(changes)), changes...)
}

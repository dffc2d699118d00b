package kv

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dcq-go/dcq/store"
)

// change is a change of an entry as the history has it.
type change struct {
	rev  int64
	kind EventKind
	key  []byte
}

// ledger is what a transaction has changed of an index that its row does not say yet.
// The row is written once a commit, however many operations the commit has.
type ledger struct {
	tx      *store.Tx
	history int64 // as the row says
	size    int64 // entries more than the row says
	logged  int64 // changes more than the row says
}

// ledgers are those of a DB, by index. They belong to its writing transaction: a DB has
// one at a time, so they need no lock.
type ledgers map[int64]*ledger

// ledgersOf returns the ledgers of a DB, one set for all who opened an index there.
func ledgersOf(db *store.DB) ledgers {
	return db.Attach(Package.Name+"/index", func() any { return make(ledgers) }).(ledgers)
}

// ledger returns the index's ledger of the transaction.
func (t table) ledger(tx *store.Tx) (*ledger, error) {
	if !tx.Writable() {
		return nil, fmt.Errorf("%w: a change of an index in a transaction that only reads", store.ErrReadOnly)
	}
	if l := t.ledgers[t.id]; l != nil && l.tx == tx {
		return l, nil
	}
	l := &ledger{tx: tx}
	err := tx.QueryRow(`SELECT history FROM dcq_indexes WHERE id = ?`, t.id).Scan(&l.history)
	if errors.Is(err, store.ErrNoRows) {
		return nil, fmt.Errorf("%w: no such index", ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	t.ledgers[t.id] = l
	return l, nil
}

type ledgerKey struct{ index int64 }

// record notes that the index has added entries more, and its changes if it keeps a
// history. Precondition: it is the last step of an operation, and l is the
// transaction's.
func (t table) record(tx *store.Tx, l *ledger, added int64, changes ...change) error {
	for _, c := range changes {
		tx.Touch(topicOf(t.id, c.key))
	}
	logged := int64(0)
	if l.history > 0 {
		if err := t.log(tx, changes); err != nil {
			return err
		}
		logged = int64(len(changes))
	}
	if added == 0 && logged == 0 {
		return nil
	}
	l.size += added
	l.logged += logged
	tx.AfterFailure(func() { l.size, l.logged = l.size-added, l.logged-logged })
	tx.AtCommit(ledgerKey{t.id}, t.settle)
	return nil
}

const (
	sqlLog  = `INSERT INTO dcq_changes (index_id, rev, kind, key) VALUES (?, ?, ?, ?)`
	logRows = 50 // in one statement
)

var sqlLogMany = sqlLog + strings.Repeat(`, (?, ?, ?, ?)`, logRows-1)

func (t table) log(tx *store.Tx, changes []change) error {
	for len(changes) > 0 {
		n, query := 1, sqlLog
		if len(changes) >= logRows {
			n, query = logRows, sqlLogMany
		}
		args := make([]any, 0, 4*n)
		for _, c := range changes[:n] {
			args = append(args, t.id, c.rev, int64(c.kind), c.key)
		}
		if _, err := tx.Exec(query, args...); err != nil {
			return err
		}
		changes = changes[n:]
	}
	return nil
}

// settle writes the ledger to the row, trims the history and wakes those who watch.
func (t table) settle(tx *store.Tx) error {
	l, err := t.ledger(tx)
	if err != nil {
		return err
	}
	delete(t.ledgers, t.id)
	var excess int64
	err = tx.QueryRow(`
		UPDATE dcq_indexes SET size = size + ?, logged = logged + ? WHERE id = ?
		RETURNING logged - history`, l.size, l.logged, t.id).Scan(&excess)
	if err != nil || l.logged == 0 {
		return err
	}
	if err := t.trim(tx, excess, l.logged); err != nil {
		return err
	}
	return t.wake(tx)
}

// trimStep is how many changes the history may have too many, so that not every
// commit must trim it.
const trimStep = 64

// trim forgets the oldest changes. A commit forgets not many more than it adds, also
// when the history has become shorter by much.
func (t table) trim(tx *store.Tx, excess, added int64) error {
	if excess < trimStep {
		return nil
	}
	var last int64
	err := tx.QueryRow(`
		SELECT rev FROM dcq_changes WHERE index_id = ?
		ORDER BY rev LIMIT 1 OFFSET ?`, t.id, min(excess, added+trimStep)-1).Scan(&last)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`DELETE FROM dcq_changes WHERE index_id = ? AND rev <= ?`, t.id, last)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`UPDATE dcq_indexes SET logged = logged - ?, oldest = ? WHERE id = ?`, n, last, t.id)
	return err
}

// topic is what those wait for who watch the index.
func (t table) topic() string { return fmt.Sprint("index/", t.id) }

// wake makes all look who watch. They are taken out of the line, so that being in line
// says that nothing was missed.
func (t table) wake(tx *store.Tx) error {
	for {
		w, waiting, err := tx.NextWaiter(t.topic())
		if err != nil || !waiting {
			return err
		}
		if err := tx.Serve(w); err != nil {
			return err
		}
	}
}

// indexRow is the row of an index.
type indexRow struct {
	id      int64
	form    string
	history int64
	oldest  int64 // every change after this revision is on record, if there is a history
}

func rowByName(tx *store.Tx, name string) (r indexRow, err error) {
	err = tx.QueryRow(`SELECT id, key_form, history, oldest FROM dcq_indexes WHERE name = ?`, name).
		Scan(&r.id, &r.form, &r.history, &r.oldest)
	if errors.Is(err, store.ErrNoRows) {
		return r, fmt.Errorf("%w: no such index", ErrNotFound)
	}
	return r, err
}

func (t table) row(tx *store.Tx) (r indexRow, err error) {
	err = tx.QueryRow(`SELECT id, key_form, history, oldest FROM dcq_indexes WHERE id = ?`, t.id).
		Scan(&r.id, &r.form, &r.history, &r.oldest)
	if errors.Is(err, store.ErrNoRows) {
		return r, fmt.Errorf("%w: no such index", ErrNotFound)
	}
	return r, err
}

func newIndexRow(tx *store.Tx, name, form string, history int64) (r indexRow, err error) {
	id, err := tx.NextRevision()
	if err != nil {
		return r, err
	}
	_, err = tx.Exec(`
		INSERT INTO dcq_indexes (id, name, key_form, size, history, logged, oldest)
		VALUES (?, ?, ?, 0, ?, 0, ?)`, id, name, form, history, id)
	return indexRow{id, form, history, id}, err
}

// keepHistory makes the index keep its last n changes from now on.
func keepHistory(tx *store.Tx, id, n int64) error {
	now, err := tx.NextRevision()
	if err != nil {
		return err
	}
	_, err = tx.Exec(`
		UPDATE dcq_indexes SET history = ?, oldest = CASE history WHEN 0 THEN ? ELSE oldest END
		WHERE id = ?`, n, now, id)
	return err
}

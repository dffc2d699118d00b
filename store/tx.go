package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Tx is a transaction: a snapshot to read from in [DB.View], the whole store to
// change in [DB.Update] and [DB.Batch]. It belongs to one goroutine and ends with
// the closure that got it.
type Tx struct {
	db       *DB
	conn     *conn
	ctx      context.Context // of the statements; never canceled in a writing Tx
	writable bool
	single   bool // after one statement it is done
	durable  bool // its commit waits for fsync
	done     bool

	now  time.Time
	mono time.Duration

	counter     counter // the store-wide one, once read
	counterRead bool
	revised     bool // a value of the counter was a revision

	local        map[any]any      // what packages keep for it
	unsaved      bool             // the operation under way is to have a savepoint before its first statement
	deferred     map[any]struct{} // keys of the AtCommit functions
	atCommit     []deferredFunc
	afterCommit  []func()
	afterFailure []func()
	pulses       map[int64]int64 // sessions to wake after the commit, and the news for them
	notes        []noted         // for waiters, after the commit
	learnt       []fact          // known after the commit
	touched      *stampSet       // what readers must not take for what it was
	session      *session        // this DB's own, known to be on record
	wrote        bool            // it may have changed something: its commit has something to sync
	lost         error           // SQLite gave the whole transaction up; whatever an operation says
}

// DB returns the store of the transaction.
func (tx *Tx) DB() *DB { return tx.db }

// Context returns the context that the statements of the transaction run under.
// That of a writing transaction does not end: once begun, it is carried through.
func (tx *Tx) Context() context.Context { return tx.ctx }

// Writable reports whether the transaction may change the store.
func (tx *Tx) Writable() bool { return tx.writable }

// Now is the wall-clock time of the transaction, read once when it began.
func (tx *Tx) Now() time.Time { return tx.now }

// Monotonic is the lease time of the transaction, read once when it began.
func (tx *Tx) Monotonic() time.Duration { return tx.mono }

type deferredFunc struct {
	key any
	fn  func(*Tx) error
}

// AtCommit runs fn just before the transaction commits, once for each key however
// many operations of the commit ask for it. Its error fails the whole commit. A
// key must be of a type that no other package uses.
func (tx *Tx) AtCommit(key any, fn func(*Tx) error) {
	if _, ok := tx.deferred[key]; ok {
		return
	}
	if tx.deferred == nil {
		tx.deferred = make(map[any]struct{})
	}
	tx.deferred[key] = struct{}{}
	tx.atCommit = append(tx.atCommit, deferredFunc{key, fn})
}

// Deferred reports whether an AtCommit function of the key is going to run.
func (tx *Tx) Deferred(key any) bool {
	_, ok := tx.deferred[key]
	return ok
}

// Local returns what a package keeps for the transaction under a key, made by the first
// call. It outlives the operation that made it, even one that failed. A key must be of a
// type that no other package uses.
func (tx *Tx) Local(key any, create func() any) any {
	v, ok := tx.local[key]
	if !ok {
		if tx.local == nil {
			tx.local = make(map[any]any)
		}
		v = create()
		tx.local[key] = v
	}
	return v
}

// AfterCommit runs fn after the transaction has committed, outside the gate. It
// does not run if the commit, or the operation that asked for it, fails.
func (tx *Tx) AfterCommit(fn func()) { tx.afterCommit = append(tx.afterCommit, fn) }

// AfterFailure runs fn if the operation that asked for it, or the commit, fails.
func (tx *Tx) AfterFailure(fn func()) { tx.afterFailure = append(tx.afterFailure, fn) }

// runAtCommit empties the list of deferred functions, which may add to it: also
// one of the same key, for what was changed after it ran.
func (tx *Tx) runAtCommit() error {
	for len(tx.atCommit) > 0 {
		next := tx.atCommit[0]
		tx.atCommit = tx.atCommit[1:]
		delete(tx.deferred, next.key)
		if err := protect(func() error { return next.fn(tx) }); err != nil {
			return err
		}
	}
	return nil
}

// Exec runs a statement and returns the number of rows it changed. Parameters are
// written as ?.
func (tx *Tx) Exec(query string, args ...any) (int64, error) {
	if err := tx.ready(query); err != nil {
		return 0, err
	}
	n, err := tx.conn.exec(tx.ctx, query, args...)
	return n, tx.noteLoss(err)
}

// ready makes the transaction ready for a statement of the operation under way.
func (tx *Tx) ready(query string) error {
	if err := tx.allow(query); err != nil || !tx.unsaved {
		return err
	}
	_, err := tx.conn.exec(tx.ctx, sqlSavepoint)
	if err != nil {
		return tx.noteLoss(err)
	}
	tx.unsaved = false
	return nil
}

// allow returns why a statement may not be run: the transaction is over, or the
// statement would end it, or begin another, without the store's knowing.
func (tx *Tx) allow(query string) error {
	switch {
	case tx.done:
		return ErrTxDone
	case tx.lost != nil:
		return tx.lost
	}
	tx.done = tx.single
	word, _, _ := strings.Cut(strings.TrimLeft(query, " \t\r\n;"), " ")
	switch strings.ToUpper(strings.TrimRight(word, ";\r\n\t")) {
	case "SELECT":
		return nil
	case "BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE":
		return fmt.Errorf("store: %s in a closure: its transaction commits when it returns nil, and is rolled back when it returns an error", word)
	}
	tx.wrote = true
	return nil
}

// noteLoss remembers an error after which SQLite has rolled back, or may have. An
// operation that ignored it would go on outside any transaction.
func (tx *Tx) noteLoss(err error) error {
	if err == nil {
		return nil
	}
	var e *databaseError
	if tx.writable && tx.lost == nil && errors.As(err, &e) && e.endsTransaction() {
		tx.lost = err
	}
	return err
}

// mark is a point in the list of things to do when the transaction ends.
type mark struct{ commit, success, failure, notes, learnt int }

func (tx *Tx) mark() mark {
	return mark{len(tx.atCommit), len(tx.afterCommit), len(tx.afterFailure), len(tx.notes), len(tx.learnt)}
}

// backTo drops what a failed operation wanted done at and after the commit, and
// does what it wanted done after its failure.
func (tx *Tx) backTo(m mark) {
	for _, d := range tx.atCommit[m.commit:] {
		delete(tx.deferred, d.key)
	}
	failed := tx.afterFailure[m.failure:]
	tx.atCommit, tx.afterCommit, tx.afterFailure = tx.atCommit[:m.commit], tx.afterCommit[:m.success], tx.afterFailure[:m.failure]
	tx.notes, tx.learnt = tx.notes[:m.notes], tx.learnt[:m.learnt]
	tx.db.runAll(failed)
}

// Row is the first row of a query.
type Row struct {
	tx   *Tx
	rows *rows
	err  error
}

// Scan copies the columns into dest: pointers to integers, floats, strings, bytes and
// bools, to pointers of these for columns that may be NULL, or a sql.Scanner. It
// returns ErrNoRows if there is no row. It must be called, and once.
func (r Row) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	return r.tx.noteLoss(r.rows.only(dest))
}

// QueryRow runs a query, or a statement with RETURNING, for its first row.
func (tx *Tx) QueryRow(query string, args ...any) Row {
	r, err := tx.query(query, args)
	return Row{tx: tx, rows: r, err: err}
}

func (tx *Tx) query(query string, args []any) (*rows, error) {
	if err := tx.ready(query); err != nil {
		return nil, err
	}
	r, err := tx.conn.query(tx.ctx, query, args...)
	return r, tx.noteLoss(err)
}

// Scan copies the columns of the current row into dest, as [Row.Scan] does.
type Scan func(dest ...any) error

// Query runs a query, or a statement with RETURNING, and calls each for every row
// in turn. An error of each ends the query and is returned. Inside each, no other
// statement may be run.
func (tx *Tx) Query(query string, args []any, each func(Scan) error) error {
	r, err := tx.query(query, args)
	if err != nil {
		return err
	}
	defer r.Close()
	for {
		ok, err := r.next()
		if err != nil || !ok {
			return tx.noteLoss(err)
		}
		if err := each(r.scan); err != nil {
			return err
		}
	}
}

// Grant is something a process holds for a while under a fencing token: an attempt
// at a job, a lock, a permit.
type Grant interface {
	// CheckTx returns ErrLost if the grant no longer stands.
	CheckTx(tx *Tx) error
}

// Require returns ErrLost unless every grant still stands: what follows in the
// same transaction is done under them.
func (tx *Tx) Require(grants ...Grant) error {
	for _, g := range grants {
		if err := g.CheckTx(tx); err != nil {
			return err
		}
	}
	return nil
}

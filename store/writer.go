package store

import (
	"context"
	"errors"
	"runtime/debug"
	"time"

	"github.com/dcq-go/dcq/internal/crashpoint"
)

// slowUpdate is how long a closure may hold the gate before a warning names it.
const slowUpdate = time.Second

// Batch runs a short operation in a transaction that it may share with the
// operations of other goroutines; each stands and falls alone. It returns after
// the commit: with durable set, and unless Options.Durability says otherwise,
// after the commit has reached the disk.
//
// fn must not block, and must not call the DB: it holds the gate for every
// process. It returns fn's error, or an error of this package; then the operation
// has changed nothing, unless it is ErrNotDurable. If ctx ends before fn has begun it
// returns the cause; once begun, the outcome. A panic of fn rolls back and goes on in
// the caller.
func (db *DB) Batch(ctx context.Context, durable bool, fn func(*Tx) error) error {
	return db.committer.do(ctx, &operation{fn: fn, durable: db.durable(durable)})
}

// Update runs fn alone in a transaction that may read and change everything in the
// store, durably unless Options.Durability is Relaxed. No other process can commit
// meanwhile: prepare first, and keep fn short. A warning is logged past a second.
// Errors and panics are as in [DB.Batch].
func (db *DB) Update(ctx context.Context, fn func(*Tx) error) error {
	where := caller()
	timed := func(tx *Tx) error {
		t := time.AfterFunc(slowUpdate, func() {
			db.log.Warn("a transaction holds the gate for long; all processes wait for it", "caller", where(), "after", slowUpdate)
		})
		defer t.Stop()
		return fn(tx)
	}
	return db.committer.do(ctx, &operation{fn: timed, durable: db.durable(true), solo: true})
}

func (db *DB) durable(wanted bool) bool {
	switch db.opts.Durability {
	case Relaxed:
		return false
	case Durable:
		return true
	}
	return wanted
}

// runBatch commits a batch, settles the errors of its operations, frees the gate
// and wakes whom the commit concerns. If the commit is to wait for the disk, it returns
// what does that. Precondition: the gate is held.
func (db *DB) runBatch(batch []*operation) (persist func()) {
	if raw := batch[0].raw; raw != nil {
		defer db.freeGate()
		batch[0].err = raw()
		return nil
	}
	tx := &Tx{db: db, conn: db.writer, ctx: context.Background(), writable: true}
	if !db.finishBatch(tx, batch) {
		return nil
	}
	crashpoint.Hit(crashpoint.AfterCommit)
	commit := db.flusher.committed()
	db.pulse(tx.pulses)
	db.runAll(tx.afterCommit)
	db.checkpointer.committed(tx.durable)
	if !tx.durable || !tx.wrote {
		return nil
	}
	return func() { db.persist(batch, commit) }
}

// persist waits until a commit is on the disk. With it, every one before is.
func (db *DB) persist(batch []*operation, commit int64) {
	dropped := db.unlinker.take()
	if len(dropped) > 0 { // perhaps by a commit that came after
		commit = db.flusher.latest()
	}
	err := db.flusher.flush(commit)
	if err == nil {
		removeFiles(dropped)
		return
	}
	for _, op := range batch {
		if op.durable && op.err == nil {
			op.err = err
		}
	}
}

// finishBatch commits a batch and frees the gate, whatever the operations do: one
// may even end its goroutine, as a failing test does. It reports success.
func (db *DB) finishBatch(tx *Tx, batch []*operation) bool {
	err := errGoroutineEnded
	defer func() {
		tx.done = true
		if err != nil {
			db.undo(tx, batch, err)
		}
		db.freeGate()
	}()
	if err = db.commitBatch(tx, batch); err == nil {
		db.memory.setEnd(tx)
		db.memory.leave(tx.notes)
		db.memory.learn(tx.learnt)
	}
	return err == nil
}

// undo ends the transaction of a batch that no operation survived. SQLite may have
// rolled back by itself (full disk, I/O error), hence the ignored result. The gate
// is still held, so that nobody meets what is being undone.
func (db *DB) undo(tx *Tx, batch []*operation, err error) {
	_, _ = db.writer.exec(context.Background(), sqlRollback)
	for _, op := range batch {
		if op.err == nil {
			op.err = err
		}
	}
	db.runAll(tx.afterFailure)
}

func (db *DB) freeGate() {
	if err := db.gate.release(); err != nil {
		db.log.Error("the gate could not be released", "error", err)
	}
}

// commitBatch runs the operations of a batch and commits those that succeed. Its
// own error is one that no operation survived.
func (db *DB) commitBatch(tx *Tx, batch []*operation) error {
	err := db.tryCommit(tx, batch)
	if err == nil {
		return nil
	}
	gone := db.checkPlace()
	if gone == nil {
		return err
	}
	for _, op := range batch {
		op.err = nil // that the database is gone explains whatever went wrong
	}
	return gone
}

func (db *DB) tryCommit(tx *Tx, batch []*operation) error {
	crashpoint.Hit(crashpoint.GateHeld)
	if err := db.flusher.failed(); err != nil {
		return err
	}
	for _, op := range batch {
		tx.durable = tx.durable || op.durable
	}
	db.writer.tidy()
	if _, err := db.writer.exec(tx.ctx, sqlBegin); err != nil {
		return err
	}
	tx.now, tx.mono = db.clock.Now(), db.clock.Monotonic()
	if err := tx.runOperations(batch); err != nil {
		return err
	}
	if err := errors.Join(tx.runAtCommit(), tx.flushCounter()); err != nil {
		return err
	}
	crashpoint.Hit(crashpoint.BeforeCommit)
	if err := db.commit(tx); err != nil {
		return err
	}
	return db.checkPlace() // what is committed to a removed file is committed for nobody
}

func (db *DB) commit(tx *Tx) error {
	db.memory.beginStamps(tx.touched)
	defer db.memory.endStamps(tx.touched)
	crashpoint.Hit(crashpoint.Stamped)
	_, err := db.writer.exec(tx.ctx, sqlCommit)
	crashpoint.Hit(crashpoint.Committed)
	return err
}

var (
	// errNothingLeft ends a transaction in which no operation succeeded.
	errNothingLeft = errors.New("store: no operation succeeded")

	// errGoroutineEnded is the outcome of those that shared a transaction with an
	// operation that called runtime.Goexit.
	errGoroutineEnded = errors.New("store: an operation of the same transaction ended its goroutine")
)

// runOperations runs each operation; one of several runs in a savepoint, so that
// its failure undoes it alone.
func (tx *Tx) runOperations(batch []*operation) error {
	succeeded := 0
	for _, op := range batch {
		if err := tx.runOperation(op, len(batch) > 1); err != nil {
			return err
		}
		if op.err == nil {
			succeeded++
		}
	}
	if succeeded == 0 {
		return errNothingLeft
	}
	return nil
}

// runOperation runs op and keeps its error in it. It returns an error only if the
// whole transaction is lost.
func (tx *Tx) runOperation(op *operation, nested bool) error {
	mark := tx.mark()
	tx.unsaved = nested
	op.err = call(op, tx)
	nested, tx.unsaved = nested && !tx.unsaved, false
	if tx.lost != nil {
		return tx.lost
	}
	if op.err != nil {
		tx.backTo(mark)
	}
	if !nested {
		return nil
	}
	if op.err != nil {
		if _, err := tx.conn.exec(tx.ctx, sqlRollbackTo); err != nil {
			return err
		}
	}
	_, err := tx.conn.exec(tx.ctx, sqlRelease)
	return err
}

// runAll runs what was put off. Operations have their outcome by then, which a
// panic must not change.
func (db *DB) runAll(fns []func()) {
	for _, fn := range fns {
		func() {
			defer func() {
				if v := recover(); v != nil {
					db.log.Error("a function after a transaction panicked", "panic", &panicError{v, debug.Stack()})
				}
			}()
			fn()
		}()
	}
}

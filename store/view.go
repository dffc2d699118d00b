package store

import (
	"cmp"
	"context"
	"errors"
)

// View runs fn on a snapshot of the store. Its statements end with ctx. Keep it
// short: while a snapshot is in use, the log of later commits cannot be cut, so
// go through large results in pages. That the database was removed it may notice 0.1 s
// late. It returns fn's error, the context's cause, or
// an error of this package.
func (db *DB) View(ctx context.Context, fn func(*Tx) error) error {
	c, err := db.borrow(ctx)
	if err != nil {
		return err
	}
	defer func() { db.reads <- c }()
	if err := db.checkPlaceLately(); err != nil {
		return err
	}
	c.tidy()
	tx := &Tx{db: db, conn: c, ctx: ctx, now: db.clock.Now(), mono: db.clock.Monotonic()}
	defer func() {
		tx.done = true
		_, _ = c.exec(context.Background(), sqlRollback) // also when BEGIN was called off
	}()
	if _, err := c.exec(ctx, sqlBeginRead); err != nil {
		return db.explainView(ctx, err)
	}
	return db.explainView(ctx, fn(tx))
}

// Peek is [DB.View] for one short statement: it is a snapshot by itself, and is carried
// through when ctx ends meanwhile, which makes it a fifth cheaper. A second statement in
// fn is refused.
func (db *DB) Peek(ctx context.Context, fn func(*Tx) error) error {
	c, err := db.borrow(ctx)
	if err != nil {
		return err
	}
	defer func() { db.reads <- c }()
	if err := db.checkPlaceLately(); err != nil {
		return err
	}
	c.tidy()
	tx := &Tx{db: db, conn: c, ctx: context.WithoutCancel(ctx), single: true, now: db.clock.Now(), mono: db.clock.Monotonic()}
	defer func() { tx.done = true }()
	return db.explainView(ctx, fn(tx))
}

// explainView puts the reason in the place of what it caused: the end of the
// context, or of the database.
func (db *DB) explainView(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil && (errors.Is(err, ctx.Err()) || isInterrupt(err)) {
		return context.Cause(ctx)
	}
	if errors.Is(err, errTranslated) {
		return cmp.Or(db.checkPlace(), err)
	}
	return err
}

// borrow takes a connection for reading, opening it if need be.
func (db *DB) borrow(ctx context.Context) (*conn, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	var c *conn
	select {
	case c = <-db.reads:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-db.closing:
		return nil, ErrClosed
	}
	if db.isClosing() {
		db.reads <- c
		return nil, ErrClosed
	}
	if c != nil {
		return c, nil
	}
	c, err := db.openReader(ctx)
	if err != nil {
		db.reads <- nil
	}
	return c, err
}

// versions returns a function that returns a number that changes when another
// connection commits, and one to call when done. Each connection counts for itself, so
// there is one for it alone.
func (db *DB) versions() (version func(context.Context) (int64, error), done func()) {
	var c *conn
	version = func(ctx context.Context) (n int64, err error) {
		if c == nil {
			if c, err = db.openReader(ctx); err != nil {
				return 0, err
			}
		}
		err = c.queryRow(ctx, `PRAGMA data_version`, &n)
		return n, err
	}
	return version, func() {
		if c != nil {
			_ = c.close()
		}
	}
}

// openReader opens a connection to the database that was opened first, not to what
// may be in its place by now.
func (db *DB) openReader(ctx context.Context) (*conn, error) {
	c, err := openSQLite(context.WithoutCancel(ctx), db.path, db.opts.BusyTimeout, true)
	if gone := db.checkPlace(); gone != nil {
		if err == nil {
			_ = c.close()
		}
		return nil, gone
	}
	return c, err
}

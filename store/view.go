package store

import (
	"context"
)

// View runs fn on a snapshot of the store. Its statements end with ctx. Keep it
// short: while a snapshot is in use, the log of later commits cannot be cut, so
// go through large results in pages. It returns fn's error, the context's cause, or
// an error of this package.
func (db *DB) View(ctx context.Context, fn func(*Tx) error) error {
	c, err := db.borrow(ctx)
	if err != nil {
		return err
	}
	defer func() { db.reads <- c }()
	if err := db.checkPlace(); err != nil {
		return err
	}
	c.tidy()
	if _, err := c.exec(ctx, sqlBeginRead); err != nil {
		return err
	}
	tx := &Tx{db: db, conn: c, ctx: ctx, now: db.clock.Now(), mono: db.clock.Monotonic()}
	defer func() {
		tx.done = true
		_, _ = c.exec(context.Background(), sqlRollback)
	}()
	return fn(tx)
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
	}
	db.mu.Lock()
	closed := db.closed
	db.mu.Unlock()
	if closed {
		db.reads <- c
		return nil, ErrClosed
	}
	if c != nil {
		return c, nil
	}
	c, err := newConn(context.WithoutCancel(ctx), db.readers)
	if err != nil {
		db.reads <- nil
		return nil, err
	}
	return c, nil
}

// dataVersion returns a number that changes when another connection commits. Each
// connection counts for itself, so the answer always comes from the same one.
func (db *DB) dataVersion(ctx context.Context) (int64, error) {
	var version int64
	err := db.checkpointer.conn.sql.QueryRowContext(ctx, `PRAGMA data_version`).Scan(&version)
	return version, translate(err)
}

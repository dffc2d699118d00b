package store

import (
	"context"
	"database/sql"
)

// maxStatements bounds the prepared statements of one connection.
const maxStatements = 256

// conn is one pinned connection with its prepared statements. It belongs to one
// goroutine at a time.
type conn struct {
	sql        *sql.Conn
	statements map[string]*sql.Stmt
	sync       string // the last PRAGMA synchronous
}

func newConn(ctx context.Context, pool *sql.DB) (*conn, error) {
	c, err := pool.Conn(ctx)
	if err != nil {
		return nil, explainOpen(translate(err))
	}
	return &conn{sql: c, statements: make(map[string]*sql.Stmt)}, nil
}

// statement returns the prepared form of query.
func (c *conn) statement(query string) (*sql.Stmt, error) {
	if s, ok := c.statements[query]; ok {
		return s, nil
	}
	// A statement outlives the context of the call that needed it first.
	s, err := c.sql.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, translate(err)
	}
	c.statements[query] = s
	return s, nil
}

func (c *conn) exec(ctx context.Context, query string, args ...any) (int64, error) {
	s, err := c.statement(query)
	if err != nil {
		return 0, err
	}
	r, err := s.ExecContext(ctx, args...)
	if err != nil {
		return 0, translate(err)
	}
	n, err := r.RowsAffected()
	return n, translate(err)
}

// tidy drops the statements of a connection that saw too many different ones.
// Precondition: no rows are open.
func (c *conn) tidy() {
	if len(c.statements) <= maxStatements {
		return
	}
	for query, s := range c.statements {
		_ = s.Close()
		delete(c.statements, query)
	}
}

func (c *conn) close() error {
	for _, s := range c.statements {
		_ = s.Close()
	}
	return c.sql.Close()
}

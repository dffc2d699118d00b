package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
)

// maxStatements bounds the prepared statements of one connection.
const maxStatements = 256

// conn is one connection with its prepared statements. It belongs to one goroutine
// at a time. There is no database/sql above the driver: a store pins its connections
// anyway, and the locks and conversions of the pool were a fifth of a short
// transaction (BenchmarkPush of package queue).
type conn struct {
	raw        driver.Conn
	statements map[string]statement
	args       []driver.NamedValue // of the statement under way
}

// statement is what a driver prepares.
type statement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

func newConn(ctx context.Context, from driver.Connector) (*conn, error) {
	c, err := from.Connect(ctx)
	if err != nil {
		return nil, explainOpen(translate(err))
	}
	return &conn{raw: c, statements: make(map[string]statement)}, nil
}

// statement returns the prepared form of query.
func (c *conn) statement(query string) (statement, error) {
	if s, ok := c.statements[query]; ok {
		return s, nil
	}
	prepared, err := c.raw.Prepare(query)
	if err != nil {
		return nil, translate(err)
	}
	s, ok := prepared.(statement)
	if !ok {
		return nil, errors.Join(fmt.Errorf("store: the driver's statements have no contexts: %T", prepared), prepared.Close())
	}
	c.statements[query] = s
	return s, nil
}

// bind returns args as the driver takes them. They are valid until the next call.
func (c *conn) bind(args []any) ([]driver.NamedValue, error) {
	c.args = c.args[:0]
	for i, arg := range args {
		v, err := driver.DefaultParameterConverter.ConvertValue(arg)
		if err != nil {
			return nil, fmt.Errorf("store: parameter %d: %w", i+1, err)
		}
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return c.args, nil
}

// exec runs a statement and returns the number of rows it changed.
func (c *conn) exec(ctx context.Context, query string, args ...any) (int64, error) {
	s, err := c.statement(query)
	if err != nil {
		return 0, err
	}
	values, err := c.bind(args)
	if err != nil {
		return 0, err
	}
	r, err := s.ExecContext(ctx, values)
	clear(values)
	if err != nil {
		return 0, translate(err)
	}
	n, err := r.RowsAffected()
	return n, translate(err)
}

// script runs statements that are not worth preparing.
func (c *conn) script(ctx context.Context, sql string) error {
	e, ok := c.raw.(driver.ExecerContext)
	if !ok {
		return errors.New("store: the driver runs no scripts")
	}
	_, err := e.ExecContext(ctx, sql, nil)
	return translate(err)
}

// query runs a query. Its rows must be closed before the next statement.
func (c *conn) query(ctx context.Context, query string, args ...any) (*rows, error) {
	s, err := c.statement(query)
	if err != nil {
		return nil, err
	}
	values, err := c.bind(args)
	if err != nil {
		return nil, err
	}
	r, err := s.QueryContext(ctx, values)
	clear(values)
	if err != nil {
		return nil, translate(err)
	}
	return &rows{Rows: r, values: make([]driver.Value, len(r.Columns()))}, nil
}

// queryRow runs a query and scans its first row. It returns ErrNoRows if there is
// none.
func (c *conn) queryRow(ctx context.Context, query string, dest ...any) error {
	r, err := c.query(ctx, query)
	if err != nil {
		return err
	}
	return r.only(dest)
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
	return translate(c.raw.Close())
}

// rows are the rows of a query.
type rows struct {
	driver.Rows
	values []driver.Value // of the current row
}

// next goes to the next row. It reports false at the end.
func (r *rows) next() (bool, error) {
	err := r.Next(r.values)
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	return err == nil, translate(err)
}

// scan copies the columns of the current row into dest.
func (r *rows) scan(dest ...any) error {
	if len(dest) != len(r.values) {
		return fmt.Errorf("store: %d columns into %d destinations", len(r.values), len(dest))
	}
	for i, v := range r.values {
		if err := assign(dest[i], v); err != nil {
			return fmt.Errorf("store: column %q: %w", r.Columns()[i], err)
		}
	}
	return nil
}

// only scans the first row and closes the rows.
func (r *rows) only(dest []any) error {
	ok, err := r.next()
	if ok {
		err = r.scan(dest...)
	} else if err == nil {
		err = ErrNoRows
	}
	if closeErr := r.Close(); err == nil {
		err = translate(closeErr)
	}
	return err
}

package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/dcq-go/dcq/store/internal/walvfs"
)

// What is SQLite's own is in this file; everything else of dcq is SQL that other
// engines share.

const (
	sqlBegin      = `BEGIN IMMEDIATE` // a deferred one that upgrades fails whatever the time-out
	sqlBeginRead  = `BEGIN`
	sqlCommit     = `COMMIT`
	sqlRollback   = `ROLLBACK`
	sqlSavepoint  = `SAVEPOINT dcq`
	sqlRelease    = `RELEASE dcq`
	sqlRollbackTo = `ROLLBACK TO dcq`
)

// pageSize is that of a new database. A commit writes every page that it touches
// whole, and most touch a few rows: small pages make the way from a push to a waiting
// handler a fifth shorter than SQLite's default of 4,096 (BenchmarkWake).
const pageSize = 1024

// applicationID marks a database file as ours: "dcq1".
const applicationID = 0x64637131

// dataSource is the name under which the driver opens the file at path.
func dataSource(path string, busy time.Duration, readOnly bool) string {
	q := url.Values{}
	q.Set("vfs", walvfs.Name)
	q.Set("mode", "rw") // never made behind our back when somebody removed it
	q.Add("_pragma", fmt.Sprintf("busy_timeout(%d)", busy.Milliseconds()))
	q.Add("_pragma", fmt.Sprintf("page_size(%d)", pageSize)) // of a new database only
	q.Add("_pragma", "foreign_keys(1)")
	q.Add("_pragma", "temp_store(2)")
	q.Add("_pragma", "wal_autocheckpoint(0)") // the checkpointer does it, off the hot path
	q.Add("_pragma", fmt.Sprintf("journal_size_limit(%d)", walKeep))
	if readOnly {
		q.Add("_pragma", "query_only(1)")
	} else {
		q.Set(walvfs.LazyMark, "1") // its reads are short: none keeps a checkpoint back for long
	}
	p := filepath.ToSlash(path)
	if !strings.HasPrefix(p, "/") {
		p = "/" + p
	}
	return (&url.URL{Scheme: "file", Path: p, RawQuery: q.Encode()}).String()
}

// openSQLite opens a connection to the database at path.
func openSQLite(ctx context.Context, path string, busy time.Duration, readOnly bool) (*conn, error) {
	if err := walvfs.Register(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrIO, err)
	}
	connector, err := sqlite.NewConnector(dataSource(path, busy, readOnly))
	if err != nil {
		return nil, translate(err)
	}
	return newConn(ctx, connector)
}

// enableWAL puts the database into WAL mode, and the connection into one in which no
// commit waits for the disk: see flusher. Precondition: the gate is held.
func enableWAL(ctx context.Context, c *conn) error {
	var mode string
	if err := c.queryRow(ctx, `PRAGMA journal_mode = WAL`, &mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("%w: the file system does not support WAL mode (journal mode stays %q)", ErrIO, mode)
	}
	return c.script(ctx, `PRAGMA synchronous = NORMAL`)
}

// translate turns an error of the driver into one of this package, by code. The
// original stays reachable.
func translate(err error) error {
	if err == nil {
		return nil
	}
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return translateSystem(err)
	}
	if errors.Is(err, errTranslated) {
		return err
	}
	return &databaseError{kind: kindOf(e.Code()), cause: err}
}

// errTranslated is what every databaseError is, so that none is wrapped twice.
var errTranslated = errors.New("store: translated")

// databaseError is an error of the database under the sentinel that callers test.
type databaseError struct {
	kind  error // nil if there is no sentinel for it
	cause error
}

func (e *databaseError) Error() string {
	if e.kind == nil {
		return "store: " + e.cause.Error()
	}
	return e.kind.Error() + ": " + e.cause.Error()
}

func (e *databaseError) Unwrap() error { return e.cause }

func (e *databaseError) Is(target error) bool {
	return target == errTranslated || e.kind != nil && target == e.kind
}

// endsTransaction reports whether SQLite gives up, or may give up, the transaction
// in which the error occurs, not the statement alone.
func (e *databaseError) endsTransaction() bool {
	if e.kind != nil {
		return true
	}
	return hasCode(e.cause, sqlite3.SQLITE_NOMEM) || hasCode(e.cause, sqlite3.SQLITE_INTERRUPT)
}

func hasCode(err error, primary int) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == primary
}

func isInterrupt(err error) bool { return hasCode(err, sqlite3.SQLITE_INTERRUPT) }

// kindOf maps a result code to a sentinel, or to nil.
func kindOf(code int) error {
	switch code & 0xff {
	case sqlite3.SQLITE_FULL:
		return ErrFull
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return ErrCorrupt
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN:
		if code == sqlite3.SQLITE_READONLY_DBMOVED {
			return ErrGone
		}
		return ErrReadOnly
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return ErrBusy
	case sqlite3.SQLITE_IOERR:
		return ErrIO
	}
	return nil
}

// IsConstraint reports whether err is the violation of a constraint (a unique
// key, a CHECK) of a table.
func IsConstraint(err error) bool { return hasCode(err, sqlite3.SQLITE_CONSTRAINT) }

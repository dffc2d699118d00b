// Package sqlitedriver opens SQLite through the drivers whose cost is compared, with the
// same settings for all.
package sqlitedriver

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/mattn/go-sqlite3" // compiles without cgo too, but then opens nothing
	_ "modernc.org/sqlite"
)

// busy is how long a connection waits for others.
const busy = time.Minute

// Driver is a driver of database/sql.
type Driver struct {
	name    string
	options string // of a data source: milliseconds to wait for others, and how synchronous
}

var (
	// Modernc is the driver that dcq uses: SQLite translated to Go.
	Modernc = Driver{"sqlite", "_txlock=immediate&_pragma=busy_timeout(%d)&_pragma=journal_mode(WAL)&_pragma=synchronous(%s)"}

	// Mattn has SQLite as it is, in C, and needs cgo.
	Mattn = Driver{"sqlite3", "_txlock=immediate&_busy_timeout=%d&_journal_mode=WAL&_synchronous=%s"}
)

// Open opens the database of a directory, one that waits for fsync in every commit if it
// is durable.
func (d Driver) Open(place string, durable bool) (*sql.DB, error) {
	synchronous := "NORMAL"
	if durable {
		synchronous = "FULL"
	}
	options := fmt.Sprintf(d.options, busy.Milliseconds(), synchronous)
	db, err := sql.Open(d.name, "file:"+filepath.Join(place, "bench.db")+"?"+options)
	if err != nil {
		return nil, err
	}
	if err := connect(db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// connect opens the first connection. SQLite does not wait for others, whatever it is told,
// when several processes put a new database into WAL mode at once.
func connect(db *sql.DB) (err error) {
	for begin := time.Now(); time.Since(begin) < busy; time.Sleep(time.Millisecond) {
		if err = db.Ping(); err == nil || !strings.Contains(err.Error(), "locked") {
			break
		}
	}
	return err
}

// Missing says why nothing can be opened here, "" if it can.
func (d Driver) Missing() string {
	db, err := sql.Open(d.name, ":memory:")
	if err != nil {
		return err.Error()
	}
	defer db.Close()
	if err := db.Ping(); err != nil {
		return err.Error()
	}
	return ""
}

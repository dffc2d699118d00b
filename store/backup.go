package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
)

const (
	// backupPages is how many pages are copied between looks at the context.
	backupPages = 1024

	// blobPart is how much of a value's file one row of the backup holds: it bounds
	// memory, and a value may be larger than a row can.
	blobPart = 4 << 20
)

// Backup writes the store as it is at one moment to a new file: an SQLite database
// that also holds the values kept as files. Others go on reading and writing
// meanwhile; the log of what they commit cannot be cut until the copy is done.
//
// To restore, put the file at dcq.db of a new directory, or where
// Options.Database says, and call Open: it takes the values out of the file, and
// gives back what the sessions of the old store held.
//
// The file at path must not exist; it appears when it is complete and synced.
// Backup returns the context's cause if ctx ends, fs.ErrExist, ErrFull, ErrIO,
// ErrBlobMissing if a value's file was removed by a stranger, or an error of
// [DB.View]; it leaves nothing behind then.
func (db *DB) Backup(ctx context.Context, path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	b := &backup{db: db, path: path, part: path + ".part-" + rand.Text()[:8]}
	if err := b.run(ctx); err != nil {
		return fmt.Errorf("back up to %s: %w", path, err)
	}
	return nil
}

// backup is one run of Backup.
type backup struct {
	db   *DB
	path string
	part string // the file while it is incomplete
	id   int64  // of the row that makes others keep the files of what they drop
}

func (b *backup) run(ctx context.Context) (err error) {
	if _, err := os.Lstat(b.path); err == nil {
		return fmt.Errorf("%w: give a name that is not in use", fs.ErrExist)
	}
	if err := b.begin(ctx); err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, b.end(context.WithoutCancel(ctx)))
		for _, suffix := range []string{"", "-journal", "-wal", "-shm"} {
			_ = os.Remove(b.part + suffix)
		}
	}()
	if err := b.makeFile(); err != nil {
		return err
	}
	if err := b.copyDatabase(ctx); err != nil {
		return err
	}
	if err := b.addBlobs(ctx); err != nil {
		return err
	}
	return b.publish()
}

// begin makes others keep the files of the values that they drop from now on. The
// snapshot is taken later, so that the files of all values in it are there, and
// nobody waits.
func (b *backup) begin(ctx context.Context) error {
	return b.db.Batch(ctx, false, func(tx *Tx) error {
		session, err := tx.Session(own.Name)
		if err != nil {
			return err
		}
		if b.id, err = tx.Next(); err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO dcq_backups (id, session_id) VALUES (?, ?)`, b.id, session)
		return err
	})
}

// backingUp reports whether the files of dropped values must stay.
func (tx *Tx) backingUp() (is bool, err error) {
	err = tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM dcq_backups)`).Scan(&is)
	return is, err
}

// endBackups is the store's own EndSession.
func endBackups(tx *Tx, session int64, _ bool) error {
	if _, err := tx.Exec(`DELETE FROM dcq_backups WHERE session_id = ?`, session); err != nil {
		return err
	}
	_, err := tx.removeDropped()
	return err
}

// removeDropped removes some of the files that stayed for a backup, unless there is
// another, and reports whether there are more.
func (tx *Tx) removeDropped() (more bool, err error) {
	const page = 1000
	if stay, err := tx.backingUp(); stay || err != nil {
		return false, err
	}
	n := 0
	err = tx.Query(`
		DELETE FROM dcq_dropped WHERE name IN (SELECT name FROM dcq_dropped LIMIT ?)
		RETURNING name`, []any{page}, func(scan Scan) error {
		var name string
		err := scan(&name)
		tx.AfterCommit(func() { tx.db.unlinker.add(tx.db.blobPath(name)) })
		n++
		return err
	})
	return n == page, err
}

// makeFile makes the file ourselves, for its permissions.
func (b *backup) makeFile() error {
	f, err := os.OpenFile(b.part, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return translateSystem(err)
	}
	return f.Close()
}

// copyDatabase copies one snapshot, on a connection of its own.
func (b *backup) copyDatabase(ctx context.Context) error {
	c, err := openSQLite(ctx, b.db.path, b.db.opts.BusyTimeout, true)
	if err != nil {
		return err
	}
	defer c.close()
	if err := b.db.checkPlace(); err != nil {
		return err
	}
	if _, err := c.exec(ctx, sqlBeginRead); err != nil {
		return err
	}
	var one int
	if err := c.queryRow(ctx, `SELECT one FROM dcq_meta`, &one); err != nil { // takes the snapshot
		return err
	}
	return b.copyPages(ctx, c)
}

func (b *backup) copyPages(ctx context.Context, c *conn) error {
	source, ok := c.raw.(interface {
		NewBackup(string) (*sqlite.Backup, error)
	})
	if !ok {
		return errors.New("store: the driver has no backup")
	}
	to, err := source.NewBackup(dataSource(b.part, 0, false))
	if err != nil {
		return translate(err)
	}
	for more := true; more && err == nil; {
		if err = context.Cause(ctx); err == nil {
			more, err = to.Step(backupPages)
		}
	}
	if finishErr := to.Finish(); err == nil {
		err = finishErr
	}
	return translate(err)
}

// addBlobs puts the files of the values into the copy.
func (b *backup) addBlobs(ctx context.Context) error {
	return b.open(ctx, func(c *conn) error {
		// The copy is of a database in WAL mode; it is to be one file. It needs no
		// journal of its own: if it is not completed, it is removed.
		for _, statement := range []string{
			`PRAGMA journal_mode = DELETE`, `PRAGMA journal_mode = OFF`, `PRAGMA synchronous = OFF`,
			`CREATE TABLE dcq_blob_data (name TEXT NOT NULL, part INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (name, part)) STRICT`,
		} {
			if _, err := c.exec(ctx, statement); err != nil {
				return err
			}
		}
		return eachBlob(ctx, c, func(names []string, sizes []int64) error {
			for i, name := range names {
				if err := b.addBlob(ctx, c, name, sizes[i]); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// open calls fn with a connection to the copy.
func (b *backup) open(ctx context.Context, fn func(*conn) error) error {
	c, err := openSQLite(ctx, b.part, 0, false)
	if err != nil {
		return err
	}
	defer c.close()
	return fn(c)
}

func (b *backup) addBlob(ctx context.Context, c *conn, name string, size int64) error {
	f, err := os.Open(b.db.blobPath(name))
	if err != nil {
		return missingBlob(name, err)
	}
	defer f.Close()
	buffer := make([]byte, min(size, blobPart))
	var seen int64
	for part := 0; seen < size; part++ {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		n, err := io.ReadFull(f, buffer[:min(size-seen, blobPart)])
		if err != nil {
			return fmt.Errorf("%w: blob %s has %d bytes, not %d: %w", ErrBlobMissing, name, seen+int64(n), size, err)
		}
		if _, err := c.exec(ctx, `INSERT INTO dcq_blob_data (name, part, data) VALUES (?, ?, ?)`, name, part, buffer[:n]); err != nil {
			return err
		}
		seen += int64(n)
	}
	return nil
}

// eachBlob goes through the rows of the values in pages.
func eachBlob(ctx context.Context, c *conn, page func(names []string, sizes []int64) error) error {
	last := ""
	for {
		tx := &Tx{conn: c, ctx: ctx}
		var names []string
		var sizes []int64
		err := tx.Query(`SELECT name, size FROM dcq_blobs WHERE name > ? ORDER BY name LIMIT ?`, []any{last, sweepPage}, func(scan Scan) error {
			var name string
			var size int64
			err := scan(&name, &size)
			names, sizes = append(names, name), append(sizes, size)
			return err
		})
		if err != nil || len(names) == 0 {
			return err
		}
		last = names[len(names)-1]
		if err := page(names, sizes); err != nil {
			return err
		}
	}
}

// publish syncs the copy and gives it its name, which nobody may have taken.
func (b *backup) publish() error {
	f, err := os.OpenFile(b.part, os.O_RDWR, 0)
	if err != nil {
		return translateSystem(err)
	}
	err = f.Sync()
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return translateSystem(err)
	}
	if err := os.Link(b.part, b.path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := os.Rename(b.part, b.path); err != nil { // no links on this file system
			return translateSystem(err)
		}
	}
	return translateSystem(syncDir(filepath.Dir(b.path)))
}

// end lets others remove files again, and removes those that stayed for us.
func (b *backup) end(ctx context.Context) error {
	for more := true; more; {
		err := b.db.Batch(ctx, false, func(tx *Tx) error {
			_, err := tx.Exec(`DELETE FROM dcq_backups WHERE id = ?`, b.id)
			if err == nil {
				more, err = tx.removeDropped()
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

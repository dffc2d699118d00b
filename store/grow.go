package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
)

const (
	// walStep is by how much the file of the WAL is made longer at a time, in bytes.
	walStep = 1 << 20

	// walAhead is how much room there should be behind the end of the WAL: more than
	// checkEvery commits take.
	walAhead = walStep / 2
)

// grow makes the file of the WAL longer than the WAL, so that commits write over what is
// there. To sync what makes a file longer, the file system must write its journal too, and
// a durable push takes half as long again (BenchmarkPush of package queue). What is behind
// the end of a WAL means nothing to SQLite: there is always some after a restart.
//
// Only the holder of SQLite's write lock makes the WAL longer, or shorter, so nobody else
// writes where this does; also not the owner of a database that the store shares. The
// file has none of SQLite's locks, so it may be opened and closed.
func (c *checkpointer) grow(ctx context.Context) error {
	return c.db.committer.do(ctx, &operation{solo: true, raw: func() (err error) {
		w := c.db.writer
		if _, err := w.exec(ctx, sqlBegin); err != nil {
			return err
		}
		defer func() {
			_, rollback := w.exec(ctx, sqlRollback)
			err = errors.Join(err, rollback)
		}()
		length, _, err := walCheckpoint(ctx, c.conn, `PRAGMA wal_checkpoint(NOOP)`)
		if err != nil || length < 0 {
			return err
		}
		f, err := os.OpenFile(c.db.path+"-wal", os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil || c.hasRoom(info, length) {
			return err
		}
		_, err = f.WriteAt(make([]byte, walStep), info.Size())
		return err
	}})
}

// roomLeft reports whether there is room behind a WAL of so many pages.
func (c *checkpointer) roomLeft(length int) bool {
	info, err := os.Stat(c.db.path + "-wal")
	return err != nil || c.hasRoom(info, length)
}

func (c *checkpointer) hasRoom(wal fs.FileInfo, length int) bool {
	const header, frameHeader = 32, 24 // of SQLite's format
	return wal.Size()-header-int64(length)*(c.pageSize+frameHeader) >= walAhead
}

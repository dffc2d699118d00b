package store

import "context"

// Checkpoint copies what is in the write-ahead log into the database file, and returns
// how many pages are left in the log: those that somebody still reads around, or that
// another process copies. All who write wait for it. The store does so by itself when the
// log is long; before a backup of the machine, say, it may do so now. Errors are those of
// [DB.Batch].
func (db *DB) Checkpoint(ctx context.Context) (left int, err error) {
	err = db.committer.do(ctx, &operation{solo: true, raw: func() error {
		length, copied, err := walCheckpoint(ctx, db.writer, `PRAGMA wal_checkpoint(PASSIVE)`)
		left = length - copied
		return err
	}})
	return left, err
}

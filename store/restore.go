package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// restoreBlobs takes the values out of a backup that was put in the database's
// place. If it is interrupted, the next Open does all of it again. Precondition:
// the gate is held.
func (db *DB) restoreBlobs(ctx context.Context) error {
	var tables int
	err := db.writer.queryRow(ctx, `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'dcq_blob_data'`, &tables)
	if err != nil || tables == 0 {
		return err
	}
	db.log.Info("taking the values out of a backup")
	dirs := make(map[string]bool)
	err = eachBlob(ctx, db.writer, func(names []string, sizes []int64) error {
		for i, name := range names {
			path := db.blobPath(name)
			dirs[filepath.Dir(path)] = true
			if err := db.restoreBlob(ctx, name, path, sizes[i]); err != nil {
				return fmt.Errorf("restore blob %s: %w", name, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	dirs[filepath.Join(db.dir, "blobs")] = true
	for dir := range dirs {
		if err := syncDir(dir); err != nil {
			return translateSystem(err)
		}
	}
	if err := db.writer.script(ctx, `DROP TABLE dcq_blob_data`); err != nil {
		return err
	}
	return db.flusher.flush(db.flusher.committed())
}

func (db *DB) restoreBlob(ctx context.Context, name, path string, size int64) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return translateSystem(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return translateSystem(err)
	}
	defer f.Close()
	var seen int64
	for part := 0; seen < size; part++ {
		var data []byte
		tx := &Tx{conn: db.writer, ctx: ctx}
		if err := tx.QueryRow(`SELECT data FROM dcq_blob_data WHERE name = ? AND part = ?`, name, part).Scan(&data); err != nil {
			return err
		}
		if _, err := f.Write(data); err != nil {
			return translateSystem(err)
		}
		seen += int64(len(data))
	}
	return translateSystem(f.Sync())
}

package diskcache

import (
	"context"
	"fmt"
)

// recognizeRows is how many rows must look like JSONDisk's to be taken for its.
const recognizeRows = 100

// maxSetting is how large a setting may be, in bytes. Those of DiskCache are a word or a
// number.
const maxSetting = 100

// look finds out what the directory is. It returns ErrFormat, or what SQLite says.
func (r *Reader) look(ctx context.Context) error {
	if err := r.checkTables(ctx); err != nil {
		return err
	}
	if err := r.readSettings(ctx); err != nil {
		return err
	}
	if !r.JSON {
		var err error
		if r.JSON, err = r.looksLikeJSON(ctx); err != nil {
			return err
		}
	}
	var rows, numbered int64
	err := r.tx.QueryRowContext(ctx, `
		SELECT count(*), count(CASE WHEN typeof(key) = 'integer' AND raw = 1 THEN 1 END) FROM Cache`).Scan(&rows, &numbered)
	if err != nil {
		return err
	}
	switch {
	case r.Policy != "none":
		r.Kind = Cache
	case rows > 0 && rows == numbered:
		r.Kind = Deque
	default:
		r.Kind = Index
	}
	return nil
}

// checkTables refuses what only looks like a table of DiskCache's: a view, or a virtual
// table, runs what its author wants.
func (r *Reader) checkTables(ctx context.Context) error {
	tables := 0
	err := r.tx.QueryRowContext(ctx, `
		SELECT count(*) FROM sqlite_schema
		WHERE type = 'table' AND rootpage > 0 AND name IN ('Cache', 'Settings')`).Scan(&tables)
	if err == nil && tables != 2 {
		err = fmt.Errorf("%w: %s has no tables Cache and Settings", ErrFormat, database)
	}
	return err
}

func (r *Reader) readSettings(ctx context.Context) error {
	rows, err := r.tx.QueryContext(ctx, `
		SELECT key, +value FROM Settings WHERE key IN ('eviction_policy', 'size_limit') AND octet_length(value) <= ?`, maxSetting)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key, value any
		if err := rows.Scan(&key, &value); err != nil {
			return err
		}
		switch value := value.(type) {
		case string:
			if key == "eviction_policy" {
				r.Policy = value
			}
		case int64:
			if key == "size_limit" {
				r.SizeLimit = max(value, 0)
			}
		}
	}
	return rows.Err()
}

// looksLikeJSON reports whether the keys are compressed JSON, which nobody has by
// chance.
func (r *Reader) looksLikeJSON(ctx context.Context) (bool, error) {
	rows, err := r.tx.QueryContext(ctx, `
		SELECT CASE WHEN typeof(key) = 'blob' AND length(key) <= ? THEN +key END, raw = 1 FROM Cache LIMIT ?`, maxKey, recognizeRows)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		var key []byte
		var raw any
		if err := rows.Scan(&key, &raw); err != nil {
			return false, err
		}
		if raw != int64(1) {
			return false, nil
		}
		if _, p := inflate(key, maxKey); p != nil {
			return false, nil
		}
	}
	return n > 0, rows.Err()
}

package kv

import (
	"context"

	"github.com/dcq-go/dcq/store"
)

// IndexInfo is what [List] tells of an index.
type IndexInfo struct {
	Name    string `json:"name"`
	Len     int    `json:"len"`     // entries
	History int    `json:"history"` // changes that are kept for those who watch
	Keys    string `json:"keys"`    // the form in which keys are encoded: bytes for strings and []byte; see [TextKeys]
}

// List returns the indexes of a store by name, as they are at one moment. It returns an
// error of the store.
func List(ctx context.Context, db *store.DB) (list []IndexInfo, err error) {
	if err := db.Use(ctx, Package); err != nil {
		return nil, err
	}
	err = db.View(ctx, func(tx *store.Tx) error {
		list = nil
		return tx.Query(`SELECT name, size, history, key_form FROM dcq_indexes ORDER BY name`, nil, func(scan store.Scan) error {
			var i IndexInfo
			err := scan(&i.Name, &i.Len, &i.History, &i.Keys)
			list = append(list, i)
			return err
		})
	})
	return list, err
}

// Sweep removes from all caches of a store what is expired, and what is above their size
// limits, and returns how many items. Whoever uses a cache does so too, but only then.
// It takes steps; if it returns an error of the store, those before stand, and are
// counted.
func Sweep(ctx context.Context, db *store.DB) (total int, err error) {
	if err := db.Use(ctx, Package); err != nil {
		return 0, err
	}
	var ids []int64
	err = db.View(ctx, func(tx *store.Tx) error {
		ids = nil
		return tx.Query(`SELECT id FROM dcq_caches ORDER BY id`, nil, func(scan store.Scan) error {
			var id int64
			err := scan(&id)
			ids = append(ids, id)
			return err
		})
	})
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		for n := 1; n > 0; total += n {
			if n, err = sweepCache(ctx, db, id); err != nil {
				return total, err
			}
		}
	}
	return total, nil
}

// sweepCache takes one step. It waits for the disk, so that files can go at once.
func sweepCache(ctx context.Context, db *store.DB, id int64) (n int, err error) {
	err = db.Batch(ctx, true, func(tx *store.Tx) error {
		r, err := cacheByID(tx, id)
		if err != nil {
			return err
		}
		if n, err = culling(tx, r); err != nil || n == 0 {
			return err
		}
		return r.save(tx)
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

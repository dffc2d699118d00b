package kv

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/dcq-go/dcq/store"
)

// Staged is a value that was prepared outside a transaction, to be stored by one: if it
// is larger than store.Options.BlobThreshold, it is in a file and on the disk already,
// where a method such as PutTx writes the file while all processes wait for the
// transaction. Make one with [Index.Stage] or [Cache.Stage], which also encode it.
//
// It is stored once, by [Index.PutStagedTx] or [Cache.SetStagedTx], in the index or cache
// that it was staged for. If that transaction fails, it is discarded. So is what Discard
// is called of before it is stored; defer it. Of what is neither stored nor discarded,
// since the process died, [store.DB.SweepBlobs] removes the file after an hour; to store
// it then returns store.ErrBlobMissing.
//
// For what depends on what is there, look in the transaction, and store it or do not.
type Staged struct {
	db    *store.DB
	owner int64 // the id of the index or cache
	value store.Value
	spent atomic.Bool // it was stored or discarded
}

// Discard removes what was not stored. Else, and of nil, it does nothing, so that it can
// be deferred.
func (s *Staged) Discard() {
	if s != nil && s.spent.CompareAndSwap(false, true) {
		s.db.Discard(s.value)
	}
}

// check returns ErrStaged if the value is not for an index or cache.
func (s *Staged) check(db *store.DB, owner int64) error {
	switch {
	case s == nil:
		return fmt.Errorf("%w: there is none", ErrStaged)
	case s.db != db || s.owner != owner:
		return fmt.Errorf("%w: it is for another index, cache or store.DB", ErrStaged)
	}
	return nil
}

// keep makes the value part of the store with the transaction, which must be one that
// writes.
func (s *Staged) keep(tx *store.Tx) error {
	if !s.spent.CompareAndSwap(false, true) {
		return fmt.Errorf("%w: it was stored or discarded before", ErrStaged)
	}
	if s.value.Blob != "" {
		tx.AfterFailure(func() { s.db.Discard(s.value) })
	}
	return tx.Keep(s.value)
}

// Stage prepares a value for [Index.PutStagedTx]. What the value refers to must not be
// changed until then. It returns ErrTooLarge, an error of the codec or of the store, and
// leaves nothing then.
func (ix *Index[K, V]) Stage(value V) (*Staged, error) {
	v, err := ix.values.Stage(value)
	if err != nil {
		return nil, err
	}
	return &Staged{db: ix.db, owner: ix.id, value: v}, nil
}

// PutStagedTx is [Index.PutTx] of a value that was staged. It also returns ErrStaged, and
// store.ErrBlobMissing if the value was staged more than an hour ago.
func (ix *Index[K, V]) PutStagedTx(tx *store.Tx, key K, s *Staged) (revision int64, err error) {
	if err := s.check(ix.db, ix.id); err != nil {
		return 0, fmt.Errorf("put into index %q: %w", ix.name, err)
	}
	return of(ix, ix.within(tx), key, func(tx *store.Tx, e entryRow) (int64, error) { return ix.put(tx, e, s) })
}

// Stage prepares a value for [Cache.SetStagedTx]. What the value refers to must not be
// changed until then. It returns ErrTooLarge above 1 GiB, an error of the codec or of the
// store, and leaves nothing then.
func (c *Cache[K, V]) Stage(value V) (*Staged, error) {
	v, err := c.values.Stage(value)
	if err != nil {
		return nil, err
	}
	return &Staged{db: c.db, owner: c.id, value: v}, nil
}

// StageReader is [Cache.Stage] of the bytes that r has left, as they are, without the
// codec. They are not held in memory. It also returns ErrTooLarge above the size limit,
// an error of r, and the context's cause.
func (c *Cache[K, V]) StageReader(ctx context.Context, r io.Reader) (*Staged, error) {
	limit, err := c.SizeLimit(ctx)
	if err != nil {
		return nil, err
	}
	return c.stageReader(ctx, r, limit)
}

func (c *Cache[K, V]) stageReader(ctx context.Context, r io.Reader, limit int64) (*Staged, error) {
	v, err := c.db.StageReader(ctx, r, limit)
	if err != nil {
		return nil, err
	}
	return &Staged{db: c.db, owner: c.id, value: v}, nil
}

// SetStagedTx is [Cache.SetTx] of a value that was staged. It also returns ErrStaged, and
// store.ErrBlobMissing if the value was staged more than an hour ago.
func (c *Cache[K, V]) SetStagedTx(tx *store.Tx, key K, s *Staged, opts SetOptions) error {
	if err := s.check(c.db, c.id); err != nil {
		return fmt.Errorf("set in cache %q: %w", c.name, err)
	}
	e, err := c.entry(key, opts)
	if err != nil {
		return err
	}
	e.value = s
	_, _, err = c.store(tx, e, opts.TTL, false)
	return err
}

package kv

import (
	"context"
	"fmt"

	"github.com/dcq-go/dcq/store"
)

// Get returns the value of a key. It returns ErrNotFound if it is not there, ErrKey,
// ErrDecode, or an error of the store.
func (ix *Index[K, V]) Get(ctx context.Context, key K) (V, error) {
	return ofRecent(ctx, ix, key, ix.value)
}

// GetTx is [Index.Get] as part of a transaction.
func (ix *Index[K, V]) GetTx(tx *store.Tx, key K) (V, error) {
	return of(ix, ix.within(tx), key, ix.value)
}

func (ix *Index[K, V]) value(_ *store.Tx, e entryRow) (v V, err error) {
	if !e.there() {
		return v, ix.notFound()
	}
	return ix.load(e.value)
}

func (ix *Index[K, V]) notFound() error {
	return fmt.Errorf("%w: no such key in index %q", ErrNotFound, ix.name)
}

// GetEntry returns the entry of a key, with its revision. Errors are as for Get.
func (ix *Index[K, V]) GetEntry(ctx context.Context, key K) (Entry[K, V], error) {
	return ofRecent(ctx, ix, key, ix.getEntry)
}

// GetEntryTx is [Index.GetEntry] as part of a transaction.
func (ix *Index[K, V]) GetEntryTx(tx *store.Tx, key K) (Entry[K, V], error) {
	return of(ix, ix.within(tx), key, ix.getEntry)
}

func (ix *Index[K, V]) getEntry(_ *store.Tx, e entryRow) (Entry[K, V], error) {
	if !e.there() {
		return Entry[K, V]{}, ix.notFound()
	}
	return ix.entry(e)
}

// Contains reports whether a key is there. It returns ErrKey or an error of the store.
func (ix *Index[K, V]) Contains(ctx context.Context, key K) (bool, error) {
	return ofRecent(ctx, ix, key, contains)
}

// ContainsTx is [Index.Contains] as part of a transaction.
func (ix *Index[K, V]) ContainsTx(tx *store.Tx, key K) (bool, error) {
	return of(ix, ix.within(tx), key, contains)
}

func contains(_ *store.Tx, e entryRow) (bool, error) { return e.there(), nil }

// GetMany returns the entries of keys as they are at one moment, in the order of the
// keys, with Revision 0 for one that is not there. It returns ErrKey, ErrDecode, or an
// error of the store.
func (ix *Index[K, V]) GetMany(ctx context.Context, keys ...K) ([]Entry[K, V], error) {
	return ix.getMany(ix.view(ctx), keys)
}

// GetManyTx is [Index.GetMany] as part of a transaction.
func (ix *Index[K, V]) GetManyTx(tx *store.Tx, keys ...K) ([]Entry[K, V], error) {
	return ix.getMany(ix.within(tx), keys)
}

func (ix *Index[K, V]) getMany(in run, keys []K) ([]Entry[K, V], error) {
	encoded, err := ix.encodeKeys(keys)
	if err != nil {
		return nil, err
	}
	list := make([]Entry[K, V], len(keys))
	err = in(func(tx *store.Tx) error {
		for i, key := range encoded {
			e, err := ix.find(tx, key)
			if err != nil {
				return err
			}
			if list[i], err = ix.entry(e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

func (ix *Index[K, V]) encodeKeys(keys []K) ([][]byte, error) {
	encoded := make([][]byte, len(keys))
	for i, key := range keys {
		var err error
		if encoded[i], err = encodeKey(ix.keys, key); err != nil {
			return nil, err
		}
	}
	return encoded, nil
}

// Len returns the number of entries, in the same time whatever it is. It returns an
// error of the store.
func (ix *Index[K, V]) Len(ctx context.Context) (n int, err error) {
	err = ix.db.View(ctx, func(tx *store.Tx) error {
		n, err = ix.LenTx(tx)
		return err
	})
	return n, err
}

// LenTx is [Index.Len] as part of a transaction.
func (ix *Index[K, V]) LenTx(tx *store.Tx) (n int, err error) {
	err = ix.within(tx)(func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT size FROM dcq_indexes WHERE id = ?`, ix.id).Scan(&n)
	})
	if err != nil || !tx.Writable() {
		return n, err
	}
	l, err := ix.ledger(tx)
	if err != nil {
		return 0, err
	}
	return n + int(l.size), nil
}

// Revision returns the revision that the store is at: all changes that have it or a
// smaller one are done, all others will come. A [Index.Watch] from it misses nothing that
// a later look does not show. It returns an error of the store.
func (ix *Index[K, V]) Revision(ctx context.Context) (rev int64, err error) {
	err = ix.db.View(ctx, func(tx *store.Tx) error {
		rev, err = ix.RevisionTx(tx)
		return err
	})
	return rev, err
}

// RevisionTx is [Index.Revision] as part of a transaction: a [Index.Watch] from it yields
// what changes after the moment that the transaction shows.
func (ix *Index[K, V]) RevisionTx(tx *store.Tx) (rev int64, err error) {
	err = ix.within(tx)(func(tx *store.Tx) error {
		rev, err = tx.Revision()
		return err
	})
	return rev, err
}

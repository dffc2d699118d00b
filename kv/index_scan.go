package kv

import (
	"context"
	"errors"
	"iter"
	"math"

	"github.com/dcq-go/dcq/store"
)

// ScanOptions say which entries, and in which order. The zero value is all of them, by
// key.
type ScanOptions[K any] struct {
	// From is the smallest key. Nil means that there is none.
	From *K

	// To is above the largest key. Nil means that there is none.
	To *K

	// Prefix is what the encoded keys begin with; see [StringPrefix] and [TuplePrefix].
	Prefix []byte

	// ByInsertion is the order in which the keys were put, not that of the keys. With
	// it, From, To and Prefix do not save the reading of other entries.
	ByInsertion bool

	// Reverse turns the order around.
	Reverse bool

	// Limit is how many entries at most. 0 means no limit.
	Limit int
}

// Scan yields entries. The first error ends it: ErrKey, ErrDecode, one of the store, or
// the context's cause.
//
// It reads in pages, so that a long loop does not keep the store from tidying up, and
// the loop may change the index. An entry that is there during the whole loop is yielded
// exactly once, with a value that it had meanwhile. What is put or deleted meanwhile may
// be yielded or not, but what is first put after the loop began is not in the order of
// insertion, so that a loop that puts comes to its end.
func (ix *Index[K, V]) Scan(ctx context.Context, opts ScanOptions[K]) iter.Seq2[Entry[K, V], error] {
	return ix.scan(ix.view(ctx), opts)
}

// ScanTx is [Index.Scan] on the snapshot of a transaction. The loop must end before the
// transaction does.
func (ix *Index[K, V]) ScanTx(tx *store.Tx, opts ScanOptions[K]) iter.Seq2[Entry[K, V], error] {
	return ix.scan(ix.within(tx), opts)
}

// All yields all entries by key; see [Index.Scan].
func (ix *Index[K, V]) All(ctx context.Context) iter.Seq2[Entry[K, V], error] {
	return ix.Scan(ctx, ScanOptions[K]{})
}

// AllTx is [Index.All] on the snapshot of a transaction, as [Index.ScanTx].
func (ix *Index[K, V]) AllTx(tx *store.Tx) iter.Seq2[Entry[K, V], error] {
	return ix.ScanTx(tx, ScanOptions[K]{})
}

// Keys yields the keys of entries without their values, else as [Index.Scan] does.
func (ix *Index[K, V]) Keys(ctx context.Context, opts ScanOptions[K]) iter.Seq2[K, error] {
	return ix.scanKeys(ix.view(ctx), opts)
}

// KeysTx is [Index.Keys] on the snapshot of a transaction, as [Index.ScanTx].
func (ix *Index[K, V]) KeysTx(tx *store.Tx, opts ScanOptions[K]) iter.Seq2[K, error] {
	return ix.scanKeys(ix.within(tx), opts)
}

func (ix *Index[K, V]) scan(in run, opts ScanOptions[K]) iter.Seq2[Entry[K, V], error] {
	return func(yield func(Entry[K, V], error) bool) {
		for e, err := range ix.rows(in, opts, ", value, blob") {
			var entry Entry[K, V]
			if err == nil {
				entry, err = ix.entry(e)
			}
			if errors.Is(err, store.ErrBlobMissing) {
				if entry, err = ix.again(in, e); err == nil && entry.Revision == 0 {
					continue // it was deleted since its page was read
				}
			}
			if !yield(entry, err) || err != nil {
				return
			}
		}
	}
}

// again returns the entry of a row that changed since it was read.
func (ix *Index[K, V]) again(in run, e entryRow) (entry Entry[K, V], err error) {
	err = in(func(tx *store.Tx) error {
		now, err := ix.find(tx, e.key)
		if err == nil {
			entry, err = ix.entry(now)
		}
		return err
	})
	return entry, err
}

func (ix *Index[K, V]) scanKeys(in run, opts ScanOptions[K]) iter.Seq2[K, error] {
	return func(yield func(K, error) bool) {
		for e, err := range ix.rows(in, opts, ", x'', NULL") {
			var key K
			if err == nil {
				key, err = decodeKey(ix.keys, e.key)
			}
			if !yield(key, err) || err != nil {
				return
			}
		}
	}
}

// First returns the entry that [Index.Scan] yields first. It returns ErrNotFound if there
// is none; other errors are as for Scan.
func (ix *Index[K, V]) First(ctx context.Context, opts ScanOptions[K]) (Entry[K, V], error) {
	return ix.first(ix.view(ctx), opts, ix.getEntry)
}

// FirstTx is [Index.First] as part of a transaction.
func (ix *Index[K, V]) FirstTx(tx *store.Tx, opts ScanOptions[K]) (Entry[K, V], error) {
	return ix.first(ix.within(tx), opts, ix.getEntry)
}

// Last is [Index.First] from the other end.
func (ix *Index[K, V]) Last(ctx context.Context, opts ScanOptions[K]) (Entry[K, V], error) {
	return ix.first(ix.view(ctx), opts.backward(), ix.getEntry)
}

// LastTx is [Index.Last] as part of a transaction.
func (ix *Index[K, V]) LastTx(tx *store.Tx, opts ScanOptions[K]) (Entry[K, V], error) {
	return ix.first(ix.within(tx), opts.backward(), ix.getEntry)
}

// PopFirst removes the entry that [Index.Scan] yields first, and returns it. It returns
// ErrNotFound if there is none; other errors are as for Scan. Then nothing was changed.
func (ix *Index[K, V]) PopFirst(ctx context.Context, opts ScanOptions[K]) (Entry[K, V], error) {
	return ix.first(ix.batch(ctx), opts, ix.popEntry)
}

// PopFirstTx is [Index.PopFirst] as part of a transaction.
func (ix *Index[K, V]) PopFirstTx(tx *store.Tx, opts ScanOptions[K]) (Entry[K, V], error) {
	return ix.first(ix.within(tx), opts, ix.popEntry)
}

// PopLast is [Index.PopFirst] from the other end.
func (ix *Index[K, V]) PopLast(ctx context.Context, opts ScanOptions[K]) (Entry[K, V], error) {
	return ix.first(ix.batch(ctx), opts.backward(), ix.popEntry)
}

// PopLastTx is [Index.PopLast] as part of a transaction.
func (ix *Index[K, V]) PopLastTx(tx *store.Tx, opts ScanOptions[K]) (Entry[K, V], error) {
	return ix.first(ix.within(tx), opts.backward(), ix.popEntry)
}

func (ix *Index[K, V]) popEntry(tx *store.Tx, e entryRow) (Entry[K, V], error) {
	entry, err := ix.getEntry(tx, e)
	if err != nil {
		return entry, err
	}
	return entry, ix.remove(tx, e)
}

func (o ScanOptions[K]) backward() ScanOptions[K] {
	o.Reverse = !o.Reverse
	return o
}

// first returns what fn makes of the first row, which is not there if there is none.
func (ix *Index[K, V]) first(in run, opts ScanOptions[K], fn func(*store.Tx, entryRow) (Entry[K, V], error)) (entry Entry[K, V], err error) {
	opts.Limit = 1
	err = in(func(tx *store.Tx) error {
		var found entryRow
		for e, err := range ix.rows(ix.within(tx), opts, ", value, blob") {
			if err != nil {
				return err
			}
			found = e
		}
		entry, err = fn(tx, found)
		return err
	})
	if err != nil {
		return Entry[K, V]{}, err
	}
	return entry, nil
}

// Equal reports whether the index has exactly the pairs, in the order of insertion, as
// the codec encodes the values. It looks at one snapshot. It returns ErrKey, an error of
// the codec or of the store.
func (ix *Index[K, V]) Equal(ctx context.Context, pairs iter.Seq2[K, V]) (bool, error) {
	return ix.equal(ix.view(ctx), pairs)
}

// EqualTx is [Index.Equal] as part of a transaction.
func (ix *Index[K, V]) EqualTx(tx *store.Tx, pairs iter.Seq2[K, V]) (bool, error) {
	return ix.equal(ix.within(tx), pairs)
}

func (ix *Index[K, V]) equal(in run, pairs iter.Seq2[K, V]) (equal bool, err error) {
	err = in(func(tx *store.Tx) error {
		next, stop := iter.Pull2(pairs)
		defer stop()
		for e, err := range ix.rows(ix.within(tx), ScanOptions[K]{ByInsertion: true}, ", value, blob") {
			key, value, more := next()
			equal = false
			if err != nil || !more {
				return err
			}
			if equal, err = ix.same(e, key, value); err != nil || !equal {
				return err
			}
		}
		_, _, more := next()
		equal = !more
		return nil
	})
	return equal && err == nil, err
}

// same reports whether a row is that of a key and a value.
func (ix *Index[K, V]) same(e entryRow, key K, value V) (bool, error) {
	b, err := encodeKey(ix.keys, key)
	if err != nil || string(b) != string(e.key) {
		return false, err
	}
	if b, err = ix.values.Encode(value); err != nil {
		return false, err
	}
	there, err := ix.db.Load(e.value)
	if errors.Is(err, store.ErrBlobMissing) {
		err = &missingError{e.value.Blob, err}
	}
	return string(b) == string(there), err
}

// rows yields rows with the columns of the value that are given.
func (ix *Index[K, V]) rows(in run, opts ScanOptions[K], value string) iter.Seq2[entryRow, error] {
	return func(yield func(entryRow, error) bool) {
		keys, err := ix.span(opts)
		if err != nil {
			yield(entryRow{}, err)
			return
		}
		left := opts.Limit
		if left <= 0 {
			left = math.MaxInt
		}
		p := newPage(ix.table, keys, opts.ByInsertion, opts.Reverse, value)
		for left > 0 && !p.last {
			if err := in(func(tx *store.Tx) error { return p.read(tx, left) }); err != nil {
				yield(entryRow{}, err)
				return
			}
			for _, e := range p.rows {
				if left--; !yield(e, nil) || left == 0 {
					return
				}
			}
		}
	}
}

// span returns the keys that opts want.
func (ix *Index[K, V]) span(opts ScanOptions[K]) (span, error) {
	s := prefixSpan(opts.Prefix)
	if opts.From != nil {
		from, err := encodeKey(ix.keys, *opts.From)
		if err != nil {
			return s, err
		}
		s = s.from(from)
	}
	if opts.To != nil {
		to, err := encodeKey(ix.keys, *opts.To)
		if err != nil {
			return s, err
		}
		s = s.to(to)
	}
	return s, nil
}

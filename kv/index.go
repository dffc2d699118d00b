package kv

import (
	"context"
	"errors"
	"fmt"

	"github.com/dcq-go/dcq/store"
)

// Index is a persistent map from keys of type K to values of type V, in two orders: that
// of the keys and that of insertion. Any number of processes use it at the same time.
// Nothing is ever evicted. Make one with [OpenIndex].
//
// # Entries
//
// A Put of a key that is there replaces the value and keeps the place in the order of
// insertion; a key that was deleted and put again comes last. Each change gives the
// entry a new revision, the next value of a counter of the whole store, so a greater
// revision is a later change, also between two indexes.
//
// # Guarantees
//
// Every change is one transaction, durable when it returns: it happens whole or not at
// all; also PutMany and DeleteMany, but not Clear, which takes many. Each method has a
// form that ends in Tx and makes it part of a larger one. A method that returns an
// error has changed nothing.
//
// CompareAndSwap changes what nobody else changed since the caller read it, Update and
// Add what is there at that moment: no change of another is lost. PutUnder writes only
// while a lock or a job is still held.
//
// You cannot assume that what Get returned is still there when it returns, nor that a
// loop over the entries shows one moment; join what belongs together in a transaction.
//
// # Cost
//
// Everything about one key costs the logarithm of the number of entries, Len nothing.
// A commit costs most: put many at once, or from many goroutines, which share commits.
//
// # Differences from DiskCache
//
// DiskCache's Index has the order of insertion only for loops; here a loop is in the
// order of the keys unless it asks otherwise. Keys have one type, so 1 and 1.0 and
// "1" never meet. Clear takes out what was there when it began. There is no push and
// pull: that is what a Deque is for.
type Index[K, V any] struct {
	table
	name   string
	keys   KeyCodec[K]
	values store.Values[V]
	recent *recent[entryRow]
}

// IndexOptions tune an index. The zero value is an index without history, with keys of
// a type that has an order by itself.
type IndexOptions[K, V any] struct {
	// Key turns keys into bytes in their order. Nil is for keys that are integers,
	// floats, bools, strings, []byte, arrays of bytes or time.Time (without its
	// location), types defined as one of these, and structs of these with exported
	// fields, as [Pair] and [Triple] are, ordered field by field. It is not stored,
	// but that there is one is.
	Key KeyCodec[K]

	// Codec turns values into bytes. Nil keeps []byte and string as they are, and
	// everything else as JSON: a type defined as []byte in base64, unless it has a
	// MarshalJSON or MarshalText. It is not stored.
	Codec store.Codec[V]

	// History is how many changes at least are kept for those who watch; see
	// [Index.Watch]. It is stored. 0 leaves it as it is: none for a new index.
	History int
}

// OpenIndex returns the index of that name, making it if there is none. It returns
// ErrName, ErrKey if K is no key by itself or the index has keys of another kind, a
// fault of opts, or an error of the store.
func OpenIndex[K, V any](ctx context.Context, db *store.DB, name string, opts IndexOptions[K, V]) (*Index[K, V], error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	if opts.History < 0 {
		return nil, fmt.Errorf("kv: IndexOptions.History: %d is negative", opts.History)
	}
	keys, form, err := newKeys(opts.Key)
	if err != nil {
		return nil, fmt.Errorf("open index %q: %w", name, err)
	}
	if err := db.Use(ctx, Package); err != nil {
		return nil, err
	}
	id, err := openIndexRow(ctx, db, name, form, int64(opts.History))
	if err != nil {
		return nil, fmt.Errorf("open index %q: %w", name, err)
	}
	return &Index[K, V]{
		table: table{db, id, ledgersOf(db)}, name: name, keys: keys, values: store.NewValues(db, opts.Codec),
		recent: recentOf[entryRow](db, Package.Name+"/index/recent"),
	}, nil
}

// openIndexRow reads first: most openings change nothing, and then need no commit.
func openIndexRow(ctx context.Context, db *store.DB, name, form string, history int64) (int64, error) {
	var r indexRow
	look := func(tx *store.Tx) (err error) {
		r, err = rowByName(tx, name)
		return err
	}
	err := db.View(ctx, look)
	if errors.Is(err, ErrNotFound) || err == nil && history != 0 && history != r.history {
		err = db.Update(ctx, func(tx *store.Tx) error {
			if err := look(tx); errors.Is(err, ErrNotFound) {
				r, err = newIndexRow(tx, name, form, history)
				return err
			} else if err != nil || history == 0 || r.form != form {
				return err
			}
			return keepHistory(tx, r.id, history)
		})
	}
	if err == nil && r.form != form {
		err = fmt.Errorf("%w: the index has keys of the form %s, not %s", ErrKey, r.form, form)
	}
	return r.id, err
}

// Name returns the index's name.
func (ix *Index[K, V]) Name() string { return ix.name }

// DB returns the store of the index.
func (ix *Index[K, V]) DB() *store.DB { return ix.db }

// run runs a function in a transaction.
type run func(func(*store.Tx) error) error

// within runs in a given transaction.
func (ix *Index[K, V]) within(tx *store.Tx) run {
	return func(fn func(*store.Tx) error) error {
		if tx.DB() != ix.db {
			return fmt.Errorf("kv: index %q was opened on another store.DB than that of the transaction", ix.name)
		}
		return fn(tx)
	}
}

// batch runs in a durable transaction that others may share.
func (ix *Index[K, V]) batch(ctx context.Context) run {
	return func(fn func(*store.Tx) error) error { return ix.db.Batch(ctx, true, fn) }
}

// alone runs in a durable transaction of its own, for functions of the user.
func (ix *Index[K, V]) alone(ctx context.Context) run {
	return func(fn func(*store.Tx) error) error { return ix.db.Update(ctx, fn) }
}

// missingError says that the file of a value is not there.
type missingError struct {
	blob string
	err  error
}

func (e *missingError) Error() string { return e.err.Error() }
func (e *missingError) Unwrap() error { return e.err }

// view runs on a snapshot.
func (ix *Index[K, V]) view(ctx context.Context) run {
	return again(func(fn func(*store.Tx) error) error { return ix.db.View(ctx, fn) })
}

// peek is view for functions that run one statement.
func (ix *Index[K, V]) peek(ctx context.Context) run {
	return again(func(fn func(*store.Tx) error) error { return ix.db.Peek(ctx, fn) })
}

// again runs a function that reads. A value may be dropped, and its file removed, before
// it was read; then the function runs again on a later snapshot. A file that is missing
// from two snapshots, the second taken after it was looked for, is really gone.
func again(in run) run {
	return func(fn func(*store.Tx) error) error {
		for last := ""; ; {
			err := in(fn)
			var missing *missingError
			if !errors.As(err, &missing) || missing.blob == last {
				return err
			}
			last = missing.blob
		}
	}
}

// load returns the value of a row.
func (ix *Index[K, V]) load(v store.Value) (V, error) {
	value, err := ix.values.Load(v)
	if errors.Is(err, store.ErrBlobMissing) {
		err = &missingError{v.Blob, err}
	}
	return value, err
}

// entry returns the entry of a row, the zero Entry but for the key if it is not there.
func (ix *Index[K, V]) entry(e entryRow) (entry Entry[K, V], err error) {
	if entry.Key, err = decodeKey(ix.keys, e.key); err != nil || !e.there() {
		return entry, err
	}
	entry.Value, err = ix.load(e.value)
	entry.Revision = e.rev
	return entry, err
}

// of runs fn on the entry of a key, and returns what it returns.
func of[K, V, R any](ix *Index[K, V], in run, key K, fn func(*store.Tx, entryRow) (R, error)) (r R, err error) {
	b, err := encodeKey(ix.keys, key)
	if err != nil {
		return r, err
	}
	err = in(func(tx *store.Tx) error {
		e, err := ix.find(tx, b)
		if err != nil {
			return err
		}
		r, err = fn(tx, e)
		return err
	})
	return r, err
}

// ofRecent is of outside a transaction. What the process has read before it takes as it
// was, if that still stands.
func ofRecent[K, V, R any](ctx context.Context, ix *Index[K, V], key K, fn func(*store.Tx, entryRow) (R, error)) (r R, err error) {
	b, err := encodeKey(ix.keys, key)
	if err != nil {
		return r, err
	}
	known := ix.recent.look(ix.id, b)
	if known.there && ctx.Err() == nil {
		known.row.key = b
		return fn(nil, known.row)
	}
	err = ix.peek(ctx)(func(tx *store.Tx) error {
		e, err := ix.find(tx, b)
		if err != nil {
			return err
		}
		if e.value.Blob == "" {
			kept := e
			kept.key = nil // it may be the caller's
			known.keep(kept, e.value.Size())
		}
		r, err = fn(tx, e)
		return err
	})
	return r, err
}

// with is of for a function that may give the key a value. The value is prepared before
// the transaction, so that a large one is not written while the gate is held.
func with[K, V, R any](ix *Index[K, V], in run, key K, value V, fn func(*store.Tx, entryRow, *Staged) (R, error)) (R, error) {
	s, err := ix.Stage(value)
	if err != nil {
		var none R
		return none, err
	}
	defer s.Discard()
	return of(ix, in, key, func(tx *store.Tx, e entryRow) (R, error) { return fn(tx, e, s) })
}

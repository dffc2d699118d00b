package kv

import (
	"context"
	"fmt"
	"iter"

	"github.com/dcq-go/dcq/store"
)

// Put gives a key a value, whether it is there or not, and returns the revision. It
// returns ErrKey, ErrTooLarge, an error of the codec or of the store; then nothing was
// changed.
func (ix *Index[K, V]) Put(ctx context.Context, key K, value V) (revision int64, err error) {
	return with(ix, ix.batch(ctx), key, value, ix.put)
}

// PutTx is [Index.Put] as part of a transaction. For a large value there is
// [Index.PutStagedTx].
func (ix *Index[K, V]) PutTx(tx *store.Tx, key K, value V) (revision int64, err error) {
	return with(ix, ix.within(tx), key, value, ix.put)
}

func (ix *Index[K, V]) put(tx *store.Tx, e entryRow, s *Staged) (int64, error) {
	return ix.set(tx, e, pair{e.key, s})
}

// PutUnder is [Index.Put] that returns ErrLost, and changes nothing, if the grant no
// longer stands: a lock, a permit or a job that the caller believes to hold.
func (ix *Index[K, V]) PutUnder(ctx context.Context, grant store.Grant, key K, value V) (revision int64, err error) {
	return with(ix, ix.batch(ctx), key, value, ix.putUnder(grant))
}

// PutUnderTx is [Index.PutUnder] as part of a transaction.
func (ix *Index[K, V]) PutUnderTx(tx *store.Tx, grant store.Grant, key K, value V) (revision int64, err error) {
	return with(ix, ix.within(tx), key, value, ix.putUnder(grant))
}

func (ix *Index[K, V]) putUnder(grant store.Grant) func(*store.Tx, entryRow, *Staged) (int64, error) {
	return func(tx *store.Tx, e entryRow, s *Staged) (int64, error) {
		if err := tx.Require(grant); err != nil {
			return 0, err
		}
		return ix.put(tx, e, s)
	}
}

// PutIfAbsent gives a key a value unless it is there. It returns the entry that is there
// now, and whether it is the new one: DiskCache's setdefault. Errors are as for Put, and
// ErrDecode.
func (ix *Index[K, V]) PutIfAbsent(ctx context.Context, key K, value V) (there Entry[K, V], put bool, err error) {
	return ix.putIfAbsent(ix.batch(ctx), key, value)
}

// PutIfAbsentTx is [Index.PutIfAbsent] as part of a transaction.
func (ix *Index[K, V]) PutIfAbsentTx(tx *store.Tx, key K, value V) (there Entry[K, V], put bool, err error) {
	return ix.putIfAbsent(ix.within(tx), key, value)
}

func (ix *Index[K, V]) putIfAbsent(in run, key K, value V) (there Entry[K, V], put bool, err error) {
	there, err = with(ix, in, key, value, func(tx *store.Tx, e entryRow, s *Staged) (Entry[K, V], error) {
		if put = !e.there(); !put {
			return ix.entry(e)
		}
		rev, err := ix.put(tx, e, s)
		return Entry[K, V]{key, value, rev}, err
	})
	return there, put && err == nil, err
}

// Swap gives a key a value and returns the entry that was there before, with Revision 0
// if there was none. Errors are as for Put, and ErrDecode.
func (ix *Index[K, V]) Swap(ctx context.Context, key K, value V) (old Entry[K, V], err error) {
	return with(ix, ix.batch(ctx), key, value, ix.swap)
}

// SwapTx is [Index.Swap] as part of a transaction.
func (ix *Index[K, V]) SwapTx(tx *store.Tx, key K, value V) (old Entry[K, V], err error) {
	return with(ix, ix.within(tx), key, value, ix.swap)
}

func (ix *Index[K, V]) swap(tx *store.Tx, e entryRow, s *Staged) (old Entry[K, V], err error) {
	if old, err = ix.entry(e); err != nil {
		return old, err // before the change: who cannot read it must not lose it
	}
	_, err = ix.put(tx, e, s)
	return old, err
}

// CompareAndSwap gives a key a value if its entry still has the revision, 0 meaning that
// it must not be there, and returns the new revision. Else it returns ErrConflict. Other
// errors are as for Put.
func (ix *Index[K, V]) CompareAndSwap(ctx context.Context, key K, revision int64, value V) (next int64, err error) {
	return with(ix, ix.batch(ctx), key, value, ix.compareAndSwap(revision))
}

// CompareAndSwapTx is [Index.CompareAndSwap] as part of a transaction.
func (ix *Index[K, V]) CompareAndSwapTx(tx *store.Tx, key K, revision int64, value V) (next int64, err error) {
	return with(ix, ix.within(tx), key, value, ix.compareAndSwap(revision))
}

func (ix *Index[K, V]) compareAndSwap(revision int64) func(*store.Tx, entryRow, *Staged) (int64, error) {
	return func(tx *store.Tx, e entryRow, s *Staged) (int64, error) {
		if err := compare(e, revision); err != nil {
			return 0, err
		}
		return ix.put(tx, e, s)
	}
}

func compare(e entryRow, revision int64) error {
	if e.rev == revision {
		return nil
	}
	return fmt.Errorf("%w: revision %d is there, not %d (0 means none)", ErrConflict, e.rev, revision)
}

// Update gives a key the value that fn makes of the one that is there, if any, and
// returns the new entry. fn runs once, while nobody else can change anything in the
// store: it must be quick, and not use the DB. It returns the error of fn and then has
// changed nothing; other errors are as for Swap.
func (ix *Index[K, V]) Update(ctx context.Context, key K, fn func(old V, had bool) (V, error)) (Entry[K, V], error) {
	return of(ix, ix.alone(ctx), key, ix.updater(fn))
}

// UpdateTx is [Index.Update] as part of a transaction.
func (ix *Index[K, V]) UpdateTx(tx *store.Tx, key K, fn func(old V, had bool) (V, error)) (Entry[K, V], error) {
	return of(ix, ix.within(tx), key, ix.updater(fn))
}

func (ix *Index[K, V]) updater(fn func(V, bool) (V, error)) func(*store.Tx, entryRow) (Entry[K, V], error) {
	return func(tx *store.Tx, e entryRow) (entry Entry[K, V], err error) {
		if entry, err = ix.entry(e); err != nil {
			return entry, err
		}
		if entry.Value, err = fn(entry.Value, e.there()); err != nil {
			return Entry[K, V]{}, err
		}
		s, err := ix.Stage(entry.Value)
		if err != nil {
			return Entry[K, V]{}, err
		}
		defer s.Discard()
		entry.Revision, err = ix.put(tx, e, s)
		return entry, err
	}
}

// Number is what [Add] can add.
type Number interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// Add adds delta to the value of a key, which is 0 if it is not there, and returns the
// sum. However many processes add, none of it is lost, and integers are exact. It
// returns ErrNumber if the sum does not fit N; other errors are as for Swap.
func Add[K any, N Number](ctx context.Context, ix *Index[K, N], key K, delta N) (sum N, err error) {
	return of(ix, ix.batch(ctx), key, adder(ix, delta))
}

// AddTx is [Add] as part of a transaction.
func AddTx[K any, N Number](tx *store.Tx, ix *Index[K, N], key K, delta N) (sum N, err error) {
	return of(ix, ix.within(tx), key, adder(ix, delta))
}

func adder[K any, N Number](ix *Index[K, N], delta N) func(*store.Tx, entryRow) (N, error) {
	update := ix.updater(func(old N, _ bool) (N, error) {
		sum := old + delta
		// Integers wrap around. What is infinite or not a number is not 0 less itself.
		if delta > 0 && sum < old || delta < 0 && sum > old || sum-sum != 0 {
			return 0, fmt.Errorf("%w: %v + %v in a %T", ErrNumber, old, delta, sum)
		}
		return sum, nil
	})
	return func(tx *store.Tx, e entryRow) (N, error) {
		entry, err := update(tx, e)
		return entry.Value, err
	}
}

// PutMany gives keys their values in one transaction, new keys in the order of pairs; of
// equal keys the last value counts. Errors are as for Put.
func (ix *Index[K, V]) PutMany(ctx context.Context, pairs iter.Seq2[K, V]) error {
	return ix.putMany(ix.batch(ctx), pairs)
}

// PutManyTx is [Index.PutMany] as part of a transaction.
func (ix *Index[K, V]) PutManyTx(tx *store.Tx, pairs iter.Seq2[K, V]) error {
	return ix.putMany(ix.within(tx), pairs)
}

func (ix *Index[K, V]) putMany(in run, pairs iter.Seq2[K, V]) error {
	list, err := ix.stageMany(pairs)
	defer func() {
		for _, p := range list {
			p.value.Discard()
		}
	}()
	if err != nil || len(list) == 0 {
		return err
	}
	return in(func(tx *store.Tx) error { return ix.setMany(tx, list) })
}

// stageMany prepares pairs, each key once. If it returns an error, those before it are
// prepared.
func (ix *Index[K, V]) stageMany(pairs iter.Seq2[K, V]) (list []pair, err error) {
	places := make(map[string]int)
	for key, value := range pairs {
		var p pair
		if p.key, err = encodeKey(ix.keys, key); err == nil {
			p.value, err = ix.Stage(value)
		}
		if err != nil {
			return list, err
		}
		if i, again := places[string(p.key)]; again {
			list[i].value.Discard()
			list[i] = p
			continue
		}
		places[string(p.key)] = len(list)
		list = append(list, p)
	}
	return list, nil
}

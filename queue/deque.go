package queue

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dcq-go/dcq/store"
)

// Deque is a persistent double-ended queue with elements of type T, as Python's
// collections.deque and DiskCache's Deque are. Any number of processes use it at the
// same time. Make one with [OpenDeque].
//
// # Elements
//
// An element is at an index from 0, on the left, to Len-1, on the right; a negative
// index counts from the right, so that -1 is the last. A Pop takes an element off for
// good. A leased pop ([Deque.PopLease]) hides it from everybody: it is out of Len, out
// of every index, and no other method finds it, until [Lease.Ack] removes it, or until
// it returns to its place between its neighbors because it was released, its lease
// ended, or its process died. An element whose lease ended returns with the next
// change of the deque by anyone.
//
// A maximum length bounds the elements that are there. Append drops from the left and
// AppendLeft from the right what is too much. An element that would return to a full
// deque is dropped, as it would have been by the appends meanwhile.
//
// # Guarantees
//
// Every change is one transaction: it happens whole or not at all, also Extend,
// Rotate, Reverse and Clear. Each has a form that ends in Tx and makes it part of a
// larger one. Changes are durable when they return, but for leases, which die with
// the host anyway. Those who wait in PopWait and its kin are served in the order in
// which they came, over all processes, by the commit that adds the element; a Pop that
// does not wait comes first only if it is part of that commit, or is the first to find
// that a lease is over.
//
// You cannot assume that what was popped was also worked on: a Pop is final even if the
// process dies a moment later. A leased pop hands an element out until it is
// acknowledged, at least once, however many holders die of it; a [Queue] has limits for
// that. Nor can you assume that an index means the same element in two calls while
// others use the deque; join them in one transaction.
//
// # Cost
//
// Len, Reverse and everything at the ends cost the same in a deque of any size. An
// index costs the same if no element between the ends was taken out, else a walk from
// the nearer end. Rotate moves at most half of the elements. Count, Remove, Clear,
// Copy and comparisons go through the deque; those of them that change it hold the
// gate meanwhile.
//
// # Differences from DiskCache
//
// The maximum length is stored. Copy makes a deque of its own, not another name for
// the same one. Extend, Rotate and Reverse are atomic. Elements are encoded by a
// [Codec], so Python's equality of 5 and 5.0 is the codec's and DequeOptions.Compare's
// affair. A maximum length of 0 means none.
type Deque[T any] struct {
	db      *store.DB
	id      int64
	name    string
	values  store.Values[T]
	compare func(a, b T) int
	lease   time.Duration
}

// DequeOptions tune a deque. The zero value is an unbounded deque.
type DequeOptions[T any] struct {
	// MaxLen is the maximum length of the deque. It is stored when the deque is
	// made; 0 means none for a new deque, and whatever is stored for another.
	MaxLen int

	// Codec turns elements into bytes. Nil keeps []byte and string as they are, and
	// everything else as JSON. It is not stored.
	Codec Codec[T]

	// Compare orders elements: negative if a is before b, 0 if they are equal. Count,
	// Remove and comparisons use it. Nil compares the bytes that the codec makes,
	// whose order means something for []byte and string only. It is not stored.
	Compare func(a, b T) int

	// Lease is how long a leased element is held unless it is extended. 0 means
	// 30 s. At least 10 ms. It is not stored.
	Lease time.Duration
}

func (o DequeOptions[T]) validate() error {
	var faults []error
	if o.MaxLen < 0 {
		faults = append(faults, fmt.Errorf("queue: DequeOptions.MaxLen: %d is negative", o.MaxLen))
	}
	if o.Lease != 0 && o.Lease < minLease {
		faults = append(faults, fmt.Errorf("queue: DequeOptions.Lease: %v is less than %v", o.Lease, minLease))
	}
	return errors.Join(faults...)
}

// OpenDeque returns the deque of that name, making it if there is none. It returns
// ErrName, the faults of opts, ErrMaxLen if the deque has another maximum length than
// opts asks for, or an error of the store.
func OpenDeque[T any](ctx context.Context, db *store.DB, name string, opts DequeOptions[T]) (*Deque[T], error) {
	if err := errors.Join(checkName("deque's name", name), opts.validate()); err != nil {
		return nil, err
	}
	if err := db.Use(ctx, Package); err != nil {
		return nil, err
	}
	r, err := openDequeRow(ctx, db, name, int64(opts.MaxLen))
	if err != nil {
		return nil, fmt.Errorf("open deque %q: %w", name, err)
	}
	lease := opts.Lease
	if lease == 0 {
		lease = DefaultLease
	}
	return &Deque[T]{
		db: db, id: r.id, name: name, values: store.NewValues(db, opts.Codec), compare: opts.Compare, lease: lease,
	}, nil
}

// openDequeRow reads first: most openings change nothing, and then need no commit.
func openDequeRow(ctx context.Context, db *store.DB, name string, maxLen int64) (r *dequeRow, err error) {
	err = db.View(ctx, func(tx *store.Tx) error {
		r, err = dequeByName(tx, name)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		err = db.Batch(ctx, true, func(tx *store.Tx) error {
			r, err = makeDeque(tx, name, maxLen)
			return err
		})
	}
	if err != nil {
		return nil, err
	}
	if maxLen != 0 && maxLen != r.maxLen {
		return nil, fmt.Errorf("%w: %d is stored (0 means none), not %d", ErrMaxLen, r.maxLen, maxLen)
	}
	return r, nil
}

// makeDeque returns the row of that name, which another process may have made since
// the caller looked.
func makeDeque(tx *store.Tx, name string, maxLen int64) (*dequeRow, error) {
	r, err := dequeByName(tx, name)
	if !errors.Is(err, ErrNotFound) {
		return r, err
	}
	return newDequeRow(tx, name, maxLen)
}

// Name returns the deque's name.
func (d *Deque[T]) Name() string { return d.name }

// DB returns the store of the deque.
func (d *Deque[T]) DB() *store.DB { return d.db }

// row returns the deque's row.
func (d *Deque[T]) row(tx *store.Tx) (*dequeRow, error) {
	if tx.DB() != d.db {
		return nil, fmt.Errorf("queue: deque %q was opened on another store.DB than that of the transaction", d.name)
	}
	return dequeByID(tx, d.id)
}

// change runs fn on the deque's row and writes the row back. An error of fn must
// leave the tables as they were: the caller of an XTx method may go on after it.
func (d *Deque[T]) change(tx *store.Tx, fn func(*dequeRow) error) error {
	r, err := d.row(tx)
	if err != nil {
		return err
	}
	if err := r.sweep(tx); err != nil {
		return err
	}
	if err := fn(r); err != nil {
		return err
	}
	return r.save(tx)
}

// batch returns what fn does in a durable transaction that it may share.
func (d *Deque[T]) batch(ctx context.Context, fn func(*store.Tx) error) error {
	return d.db.Batch(ctx, true, fn)
}

// missingError says that the file of an element is not there.
type missingError struct {
	blob string
	err  error
}

func (e *missingError) Error() string { return e.err.Error() }
func (e *missingError) Unwrap() error { return e.err }

// load returns the value of an element.
func (d *Deque[T]) load(v store.Value) (T, error) {
	value, err := d.values.Load(v)
	if errors.Is(err, store.ErrBlobMissing) {
		err = &missingError{v.Blob, err}
	}
	return value, err
}

// view runs fn on a snapshot. An element may be dropped, and its file removed, before
// fn has read it; then fn runs again on a later snapshot. A file that is missing from
// two snapshots, the second taken after it was looked for, is really gone.
func (d *Deque[T]) view(ctx context.Context, fn func(*store.Tx) error) error {
	for last := ""; ; {
		err := d.db.View(ctx, fn)
		var missing *missingError
		if !errors.As(err, &missing) || missing.blob == last {
			return err
		}
		last = missing.blob
	}
}

// order compares two values as DequeOptions.Compare says.
func (d *Deque[T]) order(a, b T) (int, error) {
	if d.compare != nil {
		return d.compare(a, b), nil
	}
	x, err := d.values.Encode(a)
	if err != nil {
		return 0, fmt.Errorf("queue: encode an element: %w", err)
	}
	y, err := d.values.Encode(b)
	if err != nil {
		return 0, fmt.Errorf("queue: encode an element: %w", err)
	}
	return bytes.Compare(x, y), nil
}

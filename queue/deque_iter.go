package queue

import (
	"context"
	"errors"
	"iter"
	"math"

	"github.com/dcq-go/dcq/store"
)

// All yields the elements from left to right. The first error ends it: one of the
// store, ErrDecode, or the context's cause.
//
// It reads in pages, so that a long loop does not keep the store from tidying up, and
// the loop may change the deque. An element that is there during the whole loop and is
// not moved by a Rotate is yielded exactly once, in its place; also after a Reverse,
// which does not turn the loop around. What others add, replace, take out or rotate
// meanwhile may be yielded or not.
func (d *Deque[T]) All(ctx context.Context) iter.Seq2[T, error] { return d.loop(d.reader(ctx), left) }

// AllTx is [Deque.All] on the snapshot of a transaction. The loop must end before the
// transaction does.
func (d *Deque[T]) AllTx(tx *store.Tx) iter.Seq2[T, error] { return d.loop(within(tx), left) }

// Backward yields the elements from right to left, else as [Deque.All] does.
func (d *Deque[T]) Backward(ctx context.Context) iter.Seq2[T, error] {
	return d.loop(d.reader(ctx), right)
}

// BackwardTx is [Deque.Backward] on the snapshot of a transaction. The loop must end
// before the transaction does.
func (d *Deque[T]) BackwardTx(tx *store.Tx) iter.Seq2[T, error] { return d.loop(within(tx), right) }

// reading runs a function that reads in a transaction.
type reading func(func(*store.Tx) error) error

// within reads in a given transaction.
func within(tx *store.Tx) reading {
	return func(fn func(*store.Tx) error) error { return fn(tx) }
}

// reader reads in a new snapshot each time.
func (d *Deque[T]) reader(ctx context.Context) reading {
	return func(fn func(*store.Tx) error) error { return d.db.View(ctx, fn) }
}

// loop yields the values from an end on.
func (d *Deque[T]) loop(read reading, from side) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for item, err := range d.items(read, from) {
			var v T
			if err == nil {
				v, err = d.load(item.value)
			}
			if errors.Is(err, store.ErrBlobMissing) && d.dropped(read, item) {
				continue
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}

// items yields the elements from an end on, still encoded. It ends at the first error.
func (d *Deque[T]) items(read reading, from side) iter.Seq2[dequeItem, error] {
	return func(yield func(dequeItem, error) bool) {
		p := page{end: from}
		for {
			if err := read(func(tx *store.Tx) error { return p.read(tx, d) }); err != nil {
				yield(dequeItem{}, err)
				return
			}
			if len(p.items) == 0 {
				return
			}
			for _, item := range p.items {
				if !yield(item, nil) {
					return
				}
			}
		}
	}
}

// dropped reports whether an element is no longer where it was, which explains that
// its file is not there.
func (d *Deque[T]) dropped(read reading, item dequeItem) bool {
	var there bool
	err := read(func(tx *store.Tx) error {
		return tx.QueryRow(`
			SELECT EXISTS (SELECT 1 FROM dcq_deque_items WHERE deque_id = ? AND pos = ? AND blob = ?)`,
			d.id, item.pos, item.value.Blob).Scan(&there)
	})
	return err == nil && !there
}

const (
	pageRows  = 128     // elements of a page, at most
	pageBytes = 1 << 20 // of them held in memory; one element more may be read
)

// page is a run of elements.
type page struct {
	end     side // where the first page begins
	started bool
	fromLow bool // fixed by the first page, so that a Reverse does not repeat elements
	after   int64
	items   []dequeItem
}

// errPageFull ends the reading of a page.
var errPageFull = errors.New("queue: page full")

const (
	sqlPageUp   = `SELECT pos, value, blob FROM dcq_deque_items WHERE deque_id = ? AND pos > ? ORDER BY pos LIMIT ?`
	sqlPageDown = `SELECT pos, value, blob FROM dcq_deque_items WHERE deque_id = ? AND pos < ? ORDER BY pos DESC LIMIT ?`
)

// rowReader gives a page the row of its deque.
type rowReader interface {
	row(tx *store.Tx) (*dequeRow, error)
}

// read turns to the next page, which is empty after the last.
func (p *page) read(tx *store.Tx, d rowReader) error {
	r, err := d.row(tx)
	if err != nil {
		return err
	}
	if !p.started {
		p.started, p.fromLow, p.after = true, r.atLow(p.end), math.MaxInt64
		if p.fromLow {
			p.after = math.MinInt64
		}
	}
	query := sqlPageDown
	if p.fromLow {
		query = sqlPageUp
	}
	p.items = p.items[:0]
	bytes := 0
	err = tx.Query(query, []any{r.id, p.after, pageRows}, func(scan store.Scan) error {
		item, err := scanItem(scan)
		if err != nil {
			return err
		}
		p.items = append(p.items, item)
		if bytes += len(item.value.Inline); bytes > pageBytes {
			return errPageFull
		}
		return nil
	})
	if n := len(p.items); n > 0 {
		p.after = p.items[n-1].pos
	}
	if errors.Is(err, errPageFull) {
		return nil
	}
	return err
}

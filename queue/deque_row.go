package queue

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/dcq-go/dcq/store"
)

// side is an end of a deque.
type side bool

const (
	left  side = false
	right side = true
)

func (s side) other() side { return !s }

// dequeRow is the row of a deque while a transaction works on it. What changes it
// must save it before another reads it.
type dequeRow struct {
	id        int64
	name      string
	maxLen    int64 // 0 means none
	size      int64
	leased    int64
	low, high int64 // all positions lie between, these included
	reversed  bool  // turns the deque around without moving an element
}

const dequeColumns = `id, name, max_len, size, leased, low, high, reversed`

func scanDeque(row store.Row) (*dequeRow, error) {
	var r dequeRow
	err := row.Scan(&r.id, &r.name, &r.maxLen, &r.size, &r.leased, &r.low, &r.high, &r.reversed)
	if errors.Is(err, store.ErrNoRows) {
		return nil, fmt.Errorf("%w: no such deque", ErrNotFound)
	}
	return &r, err
}

func dequeByID(tx *store.Tx, id int64) (*dequeRow, error) {
	return scanDeque(tx.QueryRow(`SELECT `+dequeColumns+` FROM dcq_deques WHERE id = ?`, id))
}

func dequeByName(tx *store.Tx, name string) (*dequeRow, error) {
	return scanDeque(tx.QueryRow(`SELECT `+dequeColumns+` FROM dcq_deques WHERE name = ?`, name))
}

func newDequeRow(tx *store.Tx, name string, maxLen int64) (*dequeRow, error) {
	id, err := tx.Next()
	if err != nil {
		return nil, err
	}
	r := &dequeRow{id: id, name: name, maxLen: maxLen, low: 0, high: -1}
	_, err = tx.Exec(`
		INSERT INTO dcq_deques (id, name, max_len, size, leased, low, high, reversed)
		VALUES (?, ?, ?, 0, 0, ?, ?, 0)`, r.id, r.name, r.maxLen, r.low, r.high)
	return r, err
}

func (r *dequeRow) save(tx *store.Tx) error {
	_, err := tx.Exec(`
		UPDATE dcq_deques SET max_len = ?, size = ?, leased = ?, low = ?, high = ?, reversed = ?
		WHERE id = ?`, r.maxLen, r.size, r.leased, r.low, r.high, r.reversed, r.id)
	return err
}

// atLow reports whether an end is the one of the low positions.
func (r *dequeRow) atLow(end side) bool { return (end == left) != r.reversed }

// dequeItem is an element with its place.
type dequeItem struct {
	pos   int64
	value store.Value
}

func scanItem(scan store.Scan) (item dequeItem, err error) {
	var blob sql.NullString
	err = scan(&item.pos, &item.value.Inline, &blob)
	item.value.Blob = blob.String
	return item, err
}

const (
	sqlFromLow  = `SELECT pos, value, blob FROM dcq_deque_items WHERE deque_id = ? ORDER BY pos LIMIT 1 OFFSET ?`
	sqlFromHigh = `SELECT pos, value, blob FROM dcq_deque_items WHERE deque_id = ? ORDER BY pos DESC LIMIT 1 OFFSET ?`
	sqlAt       = `SELECT pos, value, blob FROM dcq_deque_items WHERE deque_id = ? AND pos = ?`
)

// nth returns the n-th element from an end, 0 being the first. Precondition: it
// exists, that is n < size.
func (r *dequeRow) nth(tx *store.Tx, end side, n int64) (dequeItem, error) {
	if n > r.size/2 {
		end, n = end.other(), r.size-1-n
	}
	query, at := sqlFromHigh, n
	if r.atLow(end) {
		query = sqlFromLow
	}
	if n > 0 {
		pos, dense, err := r.densePos(tx, end, n)
		if err != nil {
			return dequeItem{}, err
		}
		if dense {
			query, at = sqlAt, pos
		}
	}
	item, err := scanItem(tx.QueryRow(query, r.id, at).Scan)
	if errors.Is(err, store.ErrNoRows) {
		err = fmt.Errorf("%w: deque %q has fewer than its %d elements", store.ErrCorrupt, r.name, r.size)
	}
	return item, err
}

// densePos returns the position of the n-th element from an end if no position
// between the ends is free, so that it need not be counted out.
func (r *dequeRow) densePos(tx *store.Tx, end side, n int64) (pos int64, dense bool, err error) {
	var low, high int64
	err = tx.QueryRow(`
		SELECT (SELECT pos FROM dcq_deque_items WHERE deque_id = ? ORDER BY pos LIMIT 1),
			(SELECT pos FROM dcq_deque_items WHERE deque_id = ? ORDER BY pos DESC LIMIT 1)`, r.id, r.id).Scan(&low, &high)
	if r.atLow(end) {
		return low + n, high-low+1 == r.size, err
	}
	return high - n, high-low+1 == r.size, err
}

const (
	sqlInsertItem = `INSERT INTO dcq_deque_items (deque_id, pos, value, blob) VALUES (?, ?, ?, ?)`
	insertRows    = 50 // in one statement; measured, more gain nothing
)

var sqlInsertItems = sqlInsertItem + strings.Repeat(`, (?, ?, ?, ?)`, insertRows-1)

// put adds values at an end, one after the other, so that the last is outermost.
func (r *dequeRow) put(tx *store.Tx, end side, values []store.Value) error {
	args := make([]any, 0, 4*min(len(values), insertRows))
	for len(values) > 0 {
		n, query := 1, sqlInsertItem
		if len(values) >= insertRows {
			n, query = insertRows, sqlInsertItems
		}
		args = args[:0]
		for _, v := range values[:n] {
			if err := tx.Keep(v); err != nil {
				return err
			}
			args = append(args, r.id, r.nextPos(end), payloadColumn(v), orNullText(v.Blob))
		}
		if _, err := tx.Exec(query, args...); err != nil {
			return err
		}
		values = values[n:]
		r.size += int64(n)
	}
	deferDequeDispatch(tx, r)
	return nil
}

// nextPos takes a position beyond all others at an end.
func (r *dequeRow) nextPos(end side) int64 {
	if r.atLow(end) {
		r.low--
		return r.low
	}
	r.high++
	return r.high
}

// remove takes an element out and drops its value.
func (r *dequeRow) remove(tx *store.Tx, item dequeItem) error {
	if _, err := tx.Exec(`DELETE FROM dcq_deque_items WHERE deque_id = ? AND pos = ?`, r.id, item.pos); err != nil {
		return err
	}
	r.size--
	return tx.Drop(item.value.Blob)
}

const (
	sqlCutLow = `
		DELETE FROM dcq_deque_items WHERE deque_id = ? AND pos <= (
			SELECT pos FROM dcq_deque_items WHERE deque_id = ? ORDER BY pos LIMIT 1 OFFSET ?)
		RETURNING blob`
	sqlCutHigh = `
		DELETE FROM dcq_deque_items WHERE deque_id = ? AND pos >= (
			SELECT pos FROM dcq_deque_items WHERE deque_id = ? ORDER BY pos DESC LIMIT 1 OFFSET ?)
		RETURNING blob`
)

// cut takes n elements off an end and drops their values. Precondition: n <= size.
func (r *dequeRow) cut(tx *store.Tx, end side, n int64) error {
	if n <= 0 {
		return nil
	}
	query := sqlCutHigh
	if r.atLow(end) {
		query = sqlCutLow
	}
	var blobs []string
	err := tx.Query(query, []any{r.id, r.id, n - 1}, func(scan store.Scan) error {
		var blob sql.NullString
		err := scan(&blob)
		if blob.Valid {
			blobs = append(blobs, blob.String)
		}
		return err
	})
	if err != nil {
		return err
	}
	r.size -= n
	return tx.Drop(blobs...)
}

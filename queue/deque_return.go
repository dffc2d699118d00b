package queue

import (
	"database/sql"
	"errors"
	"time"

	"github.com/dcq-go/dcq/store"
)

// sweep gives back the elements whose lease has ended, by the index
// dcq_deque_leases_until.
func (r *dequeRow) sweep(tx *store.Tx) error {
	if r.leased == 0 {
		return nil
	}
	var tokens []int64
	err := tx.Query(`
		SELECT token FROM dcq_deque_leases
		WHERE deque_id = ? AND lease_until <= ?
		ORDER BY lease_until LIMIT ?`, []any{r.id, int64(tx.Monotonic()), sweepBatch}, func(scan store.Scan) error {
		var token int64
		err := scan(&token)
		tokens = append(tokens, token)
		return err
	})
	if err != nil || len(tokens) == 0 {
		return err
	}
	return r.giveBack(tx, tokens...)
}

// giveBack returns leased elements to their places, as long as there is room, and
// saves the row.
func (r *dequeRow) giveBack(tx *store.Tx, tokens ...int64) error {
	for _, token := range tokens {
		if r.maxLen == 0 || r.size < r.maxLen {
			_, err := tx.Exec(`
				INSERT INTO dcq_deque_items (deque_id, pos, value, blob)
				SELECT deque_id, pos, value, blob FROM dcq_deque_leases WHERE token = ?`, token)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(`DELETE FROM dcq_deque_leases WHERE token = ?`, token); err != nil {
				return err
			}
			r.size++
		} else if err := dropLease(tx, token); err != nil {
			return err
		}
		r.leased--
	}
	deferDequeDispatch(tx, r)
	return r.save(tx)
}

// dropLease removes a leased element for good.
func dropLease(tx *store.Tx, token int64) error {
	var blob sql.NullString
	err := tx.QueryRow(`DELETE FROM dcq_deque_leases WHERE token = ? RETURNING blob`, token).Scan(&blob)
	if err != nil {
		return err
	}
	return tx.Drop(blob.String)
}

// endDequeLeases gives back the elements that a session had leased, by the index
// dcq_deque_leases_session.
func endDequeLeases(tx *store.Tx, session int64) error {
	held := make(map[int64][]int64) // by deque
	var deques []int64
	err := tx.Query(`
		SELECT deque_id, token FROM dcq_deque_leases
		WHERE session_id = ? ORDER BY deque_id, token`, []any{session}, func(scan store.Scan) error {
		var deque, token int64
		err := scan(&deque, &token)
		if len(held[deque]) == 0 {
			deques = append(deques, deque)
		}
		held[deque] = append(held[deque], token)
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range deques {
		r, err := dequeByID(tx, id)
		if err != nil {
			return err
		}
		if err := r.giveBack(tx, held[id]...); err != nil {
			return err
		}
	}
	return nil
}

// nextEnd is when the next lease of the deque ends, on the wall clock. The zero time
// means never.
func (r *dequeRow) nextEnd(tx *store.Tx) (time.Time, error) {
	if r.leased == 0 {
		return time.Time{}, nil
	}
	var until int64
	err := tx.QueryRow(`
		SELECT lease_until FROM dcq_deque_leases
		WHERE deque_id = ? ORDER BY lease_until LIMIT 1`, r.id).Scan(&until)
	if errors.Is(err, store.ErrNoRows) {
		return time.Time{}, nil
	}
	return tx.Now().Add(time.Duration(until) - tx.Monotonic()), err
}

package sync

import (
	"context"
	"errors"
	"fmt"

	"github.com/dcq-go/dcq/store"
)

const (
	kindBarrier kind = "barrier"
	kindDouble  kind = "double barrier"
)

// rendezvous is where a number of parties meet: a barrier, or a double barrier.
//
// Who waits is a row in dcq_arrivals. The transaction that lets it go on deletes the
// row, or moves it to the next stage, and wakes its process, which needs only to read:
// a row that is gone has gone on, whatever the barrier has done since. So the hot path
// writes once for each arrival, and leaves nothing behind.
type rendezvous struct {
	db   *store.DB
	kind kind
	name string
}

func (r rendezvous) String() string { return fmt.Sprintf("%s %q", r.kind, r.name) }

// topic is what those who wait are in line for. They are served by ticket, never by
// topic.
func (r rendezvous) topic() string { return "sync/" + string(r.kind) + "/" + r.name }

// maxParties bounds the parties of a barrier: to arrive costs time in proportion to
// those who wait.
const maxParties = 1 << 16

// openRendezvous checks the name, makes the tables ready, and compares the number of
// parties with the stored one, or stores it.
func openRendezvous(ctx context.Context, db *store.DB, k kind, name string, parties int) (rendezvous, error) {
	r := rendezvous{db, k, name}
	if err := checkName(name); err != nil {
		return r, err
	}
	if parties < 0 || parties > maxParties {
		return r, fmt.Errorf("sync: %d parties are not between 1 and %d", parties, maxParties)
	}
	if err := db.Use(ctx, Package); err != nil {
		return r, err
	}
	return r, r.agree(ctx, parties)
}

func (r rendezvous) agree(ctx context.Context, parties int) error {
	var m meeting
	read := func(tx *store.Tx) (err error) {
		m, err = r.read(tx)
		return err
	}
	err := r.db.View(ctx, read)
	if errors.Is(err, errRemoved) && parties != 0 {
		err = r.db.Batch(ctx, true, func(tx *store.Tx) error {
			_, err := tx.Exec(`
				INSERT INTO dcq_barriers (kind, name, parties, generation, broken, open) VALUES (?, ?, ?, 1, 0, 0)
				ON CONFLICT DO NOTHING`, r.kind, r.name, parties)
			return errors.Join(err, read(tx))
		})
	}
	switch {
	case errors.Is(err, errRemoved):
		return fmt.Errorf("%w: it does not exist; say how many parties it has", ErrConflict)
	case err == nil && parties != 0 && parties != m.parties:
		return fmt.Errorf("%w: it has %d parties, not %d; name another", ErrConflict, m.parties, parties)
	}
	return err
}

// errRemoved tells that a rendezvous is not on record. It is an ErrConflict.
var errRemoved = fmt.Errorf("%w: it was removed; open it again", ErrConflict)

// meeting is a rendezvous as its row is.
type meeting struct {
	parties      int
	generation   int64
	broken, open bool
}

func (r rendezvous) read(tx *store.Tx) (m meeting, err error) {
	err = tx.QueryRow(`SELECT parties, generation, broken, open FROM dcq_barriers WHERE kind = ? AND name = ?`, r.kind, r.name).
		Scan(&m.parties, &m.generation, &m.broken, &m.open)
	if errors.Is(err, store.ErrNoRows) {
		return m, fmt.Errorf("%s: %w", r, errRemoved)
	}
	return m, err
}

// change updates the row of the rendezvous. set is a piece of SQL.
func (r rendezvous) change(tx *store.Tx, set string) error {
	n, err := tx.Exec(`UPDATE dcq_barriers SET `+set+` WHERE kind = ? AND name = ?`, r.kind, r.name)
	if err == nil && n == 0 {
		return fmt.Errorf("%s: %w", r, errRemoved)
	}
	return err
}

// count returns how many arrivals are in a stage.
func (r rendezvous) count(tx *store.Tx, s stage) (n int, err error) {
	err = tx.QueryRow(`SELECT count(*) FROM dcq_arrivals WHERE kind = ? AND name = ? AND stage = ?`, r.kind, r.name, s).Scan(&n)
	return n, err
}

// record writes down an arrival.
func (r rendezvous) record(tx *store.Tx, id, session int64, s stage) error {
	_, err := tx.Exec(`
		INSERT INTO dcq_arrivals (kind, name, id, session_id, stage, since) VALUES (?, ?, ?, ?, ?, ?)`,
		r.kind, r.name, id, session, s, tx.Now().UnixNano())
	return err
}

// erase removes the record of an arrival.
func (r rendezvous) erase(tx *store.Tx, id int64) error {
	_, err := tx.Exec(`DELETE FROM dcq_arrivals WHERE kind = ? AND name = ? AND id = ?`, r.kind, r.name, id)
	return err
}

// moveOn lets all who wait in a stage go on to another, and wakes them.
func (r rendezvous) moveOn(tx *store.Tx, from, to stage) error {
	query, args := `UPDATE dcq_arrivals SET stage = ?, since = ?`, []any{to, tx.Now().UnixNano()}
	if to == stageGone {
		query, args = `DELETE FROM dcq_arrivals`, nil
	}
	var all []store.Waiting
	query += ` WHERE kind = ? AND name = ? AND stage = ? RETURNING id, session_id`
	err := tx.Query(query, append(args, r.kind, r.name, from), func(scan store.Scan) error {
		w := store.Waiting{Topic: r.topic()}
		err := scan(&w.Ticket, &w.Session)
		all = append(all, w)
		return err
	})
	if err != nil {
		return err
	}
	for _, w := range all {
		if err := tx.Serve(w); err != nil {
			return err
		}
	}
	return nil
}

// without does what follows when an arrival in a stage is taken back.
func (r rendezvous) without(tx *store.Tx, s stage) error {
	switch {
	case r.kind == kindBarrier && s == stageWaits:
		return r.breakUp(tx)
	case s == stageInside:
		_, err := r.closeIfEmpty(tx)
		return err
	}
	return nil
}

// remove forgets the rendezvous. It returns ErrConflict if somebody waits there, or is
// inside.
func (r rendezvous) remove(ctx context.Context) error {
	return r.db.Batch(ctx, true, func(tx *store.Tx) error {
		var used bool
		err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM dcq_arrivals WHERE kind = ? AND name = ? AND stage <> ?)`,
			r.kind, r.name, stageBroken).Scan(&used)
		if err != nil {
			return err
		}
		if used {
			return fmt.Errorf("%w: %s is in use", ErrConflict, r)
		}
		_, err = tx.Exec(`DELETE FROM dcq_barriers WHERE kind = ? AND name = ?`, r.kind, r.name)
		return err
	})
}

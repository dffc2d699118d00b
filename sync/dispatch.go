package sync

import (
	"time"

	"github.com/dcq-go/dcq/store"
)

// dispatchKey makes the dispatch of a resource happen once a commit.
type dispatchKey struct {
	kind kind
	name string
}

// deferDispatch grants what has become free when the transaction commits. Everything
// that makes room, or takes a request out of the line, calls it.
func (r resource) deferDispatch(tx *store.Tx) {
	tx.AtCommit(dispatchKey{r.kind, r.name}, r.dispatch)
}

// dispatch grants the requests at the head of the line that there is room for.
func (r resource) dispatch(tx *store.Tx) error {
	if tx.Quiet(r.topic()) {
		return nil
	}
	for {
		line, s, err := r.head(tx)
		if err != nil {
			return err
		}
		if len(line) == 0 { // asked for the next time
			_, _, err := tx.NextWaiter(r.topic())
			return err
		}
		all, err := r.capacity(tx)
		if err != nil {
			return err
		}
		for _, w := range line {
			if s.used+w.weight > all {
				return r.rearm(tx, s)
			}
			if err := r.grant(tx, w, &s); err != nil {
				return err
			}
		}
		if len(line) < headOfLine {
			return nil
		}
	}
}

// rearm makes the first in the line look when the first lease ends.
func (r resource) rearm(tx *store.Tx, s state) error {
	if s.ends == 0 {
		return nil
	}
	return tx.Rearm(r.topic(), s.next(tx))
}

// waiting is a request in the line.
type waiting struct {
	id, session, weight, lease int64
}

// headOfLine is how many of the line a dispatch reads at once: the one who is next, and
// the one after, who must know when to look.
const headOfLine = 2

// head returns the first in the line, and the state if there are any.
func (r resource) head(tx *store.Tx) (line []waiting, s state, err error) {
	err = tx.Query(`
		WITH held AS (SELECT weight, lease_until FROM dcq_grants WHERE kind = ? AND name = ? AND waits = 0)
		SELECT id, session_id, weight, lease,
			(SELECT coalesce(sum(weight), 0) FROM held), (SELECT coalesce(min(lease_until), 0) FROM held)
		FROM dcq_grants WHERE kind = ? AND name = ? AND waits = 1 ORDER BY id LIMIT ?`,
		[]any{r.kind, r.name, r.kind, r.name, headOfLine}, func(scan store.Scan) error {
			var w waiting
			err := scan(&w.id, &w.session, &w.weight, &w.lease, &s.used, &s.ends)
			line = append(line, w)
			return err
		})
	return line, s, err
}

// grant gives a request of the line what it waits for, and wakes its process.
func (r resource) grant(tx *store.Tx, w waiting, s *state) error {
	g := granted{until: tx.Monotonic() + time.Duration(w.lease)}
	var err error
	if g.token, err = tx.Next(); err != nil {
		return err
	}
	if g.slot, err = r.freeSlot(tx); err != nil {
		return err
	}
	_, err = tx.Exec(`
		UPDATE dcq_grants SET waits = 0, token = ?, slot = ?, lease_until = ?
		WHERE kind = ? AND name = ? AND waits = 1 AND id = ?`,
		g.token, g.slot, int64(g.until), r.kind, r.name, w.id)
	if err != nil {
		return err
	}
	s.add(w.weight, g.until)
	if err := r.changed(tx); err != nil {
		return err
	}
	served := store.Waiting{Topic: r.topic(), Ticket: w.id, Session: w.session}
	tx.Note(served, g.note())
	return tx.Serve(served)
}

package sync

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/dcq-go/dcq/store"
)

// kind is what a grant is on. The names are stored.
type kind string

const (
	kindLock      kind = "lock"
	kindRLock     kind = "rlock"
	kindRWLock    kind = "rwlock"
	kindSemaphore kind = "semaphore"
	kindElection  kind = "election"
)

// resource is something with a capacity of which requests take a part, first come
// first served. A lock has a capacity of 1; a semaphore one of its permits; a
// reader-writer lock one so large that a writer, who takes all, leaves nothing.
//
// The rule of the line: a request is granted if nobody waits and there is room for it;
// otherwise it waits. Whatever makes room grants it to the first in the line, and the
// next, as long as there is room for the first. So no committed state has a request
// that waits and could be granted, and no wake-up can be lost.
type resource struct {
	db   *store.DB
	kind kind
	name string
}

// everything is the capacity of a reader-writer lock.
const everything = 1 << 30

func (r resource) String() string { return fmt.Sprintf("%s %q", r.kind, r.name) }

// topic is what those in the line wait for.
func (r resource) topic() string { return "sync/" + string(r.kind) + "/" + r.name }

// request is what somebody wants of a resource.
type request struct {
	weight int
	lease  time.Duration
	value  any // of a candidate: its string
}

// granted is a grant as its row is.
type granted struct {
	id, token int64
	slot      int
	until     time.Duration // monotonic
}

// note is what a waiter is told of its grant.
func (g *granted) note() []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(g.token))
	b = binary.LittleEndian.AppendUint64(b, uint64(g.slot))
	return binary.LittleEndian.AppendUint64(b, uint64(g.until))
}

// noted returns the grant that a waiter was told of, nil if that is not known.
func noted(w *store.Waiter) *granted {
	b, ok := w.Note()
	if !ok || len(b) != 24 {
		return nil
	}
	word := func(i int) int64 { return int64(binary.LittleEndian.Uint64(b[8*i:])) }
	return &granted{id: w.Ticket(), token: word(0), slot: int(word(1)), until: time.Duration(word(2))}
}

// state is what a request must know of the others.
type state struct {
	used int64
	line bool          // somebody waits
	ends time.Duration // when the first lease of a holder does, monotonic; 0 without holders
}

func (r resource) state(tx *store.Tx) (s state, err error) {
	err = tx.QueryRow(`
		SELECT coalesce(sum(weight), 0), coalesce(min(lease_until), 0),
			EXISTS (SELECT 1 FROM dcq_grants WHERE kind = ? AND name = ? AND waits = 1)
		FROM dcq_grants WHERE kind = ? AND name = ? AND waits = 0`, r.kind, r.name, r.kind, r.name).
		Scan(&s.used, &s.ends, &s.line)
	return s, err
}

// ended reports whether the lease of a holder is over.
func (s state) ended(tx *store.Tx) bool { return s.ends != 0 && s.ends <= tx.Monotonic() }

// add counts another holder.
func (s *state) add(weight int64, until time.Duration) {
	s.used += weight
	if s.ends == 0 || until < s.ends {
		s.ends = until
	}
}

// next is when the first lease of a holder ends by the wall clock, for a timer.
func (s state) next(tx *store.Tx) time.Time {
	if s.ends == 0 {
		return time.Time{}
	}
	return tx.Now().Add(s.ends - tx.Monotonic())
}

// capacity is how much there is of the resource.
func (r resource) capacity(tx *store.Tx) (n int64, err error) {
	switch r.kind {
	case kindRWLock:
		return everything, nil
	case kindSemaphore:
		err = tx.QueryRow(`SELECT capacity FROM dcq_semaphores WHERE name = ?`, r.name).Scan(&n)
		if errors.Is(err, store.ErrNoRows) {
			return 0, fmt.Errorf("%w: %s was removed; open it again", ErrConflict, r)
		}
		return n, err
	}
	return 1, nil
}

// take grants the request at once, or returns nil and the state that is against it.
func (r resource) take(tx *store.Tx, q request) (*granted, state, error) {
	if r.exclusive() && tx.Quiet(r.topic()) { // most times: nobody has it
		free, err := r.free(tx)
		if err != nil {
			return nil, state{}, err
		}
		if free {
			g, err := r.hold(tx, q)
			return g, state{}, err
		}
	}
	s, err := r.sweep(tx)
	if err != nil {
		return nil, s, err
	}
	all, err := r.capacity(tx)
	if err != nil {
		return nil, s, err
	}
	if int64(q.weight) > all {
		return nil, s, fmt.Errorf("%w: %d of %d of %s", ErrTooMany, q.weight, all, r)
	}
	if s.line || s.used+int64(q.weight) > all {
		return nil, s, nil
	}
	g, err := r.hold(tx, q)
	return g, s, err
}

// exclusive reports whether one at a time holds the resource.
func (r resource) exclusive() bool { return r.kind != kindSemaphore && r.kind != kindRWLock }

// free reports whether nobody holds the resource or waits for it.
func (r resource) free(tx *store.Tx) (bool, error) {
	err := tx.QueryRow(`SELECT 1 FROM dcq_grants WHERE kind = ? AND name = ? LIMIT 1`, r.kind, r.name).Scan(new(int))
	if errors.Is(err, store.ErrNoRows) {
		return true, nil
	}
	return false, err
}

// hold grants the request. Precondition: there is room.
func (r resource) hold(tx *store.Tx, q request) (*granted, error) {
	session, err := tx.Session(Package.Name)
	if err != nil {
		return nil, err
	}
	g := &granted{until: tx.Monotonic() + q.lease}
	if g.token, err = tx.Next(); err != nil {
		return nil, err
	}
	g.id = g.token
	if g.slot, err = r.freeSlot(tx); err != nil {
		return nil, err
	}
	_, err = tx.Exec(`
		INSERT INTO dcq_grants (kind, name, waits, id, session_id, weight, lease, since, value, token, slot, lease_until)
		VALUES (?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		r.kind, r.name, g.id, session, q.weight, int64(q.lease), tx.Now().UnixNano(), q.value, g.token, g.slot, int64(g.until))
	if err != nil {
		return nil, err
	}
	return g, r.changed(tx)
}

// freeSlot returns the lowest number that no holder of a semaphore has.
func (r resource) freeSlot(tx *store.Tx) (slot int, err error) {
	if r.kind != kindSemaphore {
		return 0, nil
	}
	err = tx.QueryRow(`
		WITH held AS (SELECT slot FROM dcq_grants WHERE kind = ? AND name = ? AND waits = 0)
		SELECT min(free) FROM (SELECT 0 AS free UNION ALL SELECT slot + 1 FROM held)
		WHERE free NOT IN (SELECT slot FROM held)`, r.kind, r.name).Scan(&slot)
	return slot, err
}

// sweep ends the grants whose lease is over, and returns the state after that.
func (r resource) sweep(tx *store.Tx) (state, error) {
	s, err := r.state(tx)
	if err != nil || !s.ended(tx) {
		return s, err
	}
	_, err = tx.Exec(`DELETE FROM dcq_grants WHERE kind = ? AND name = ? AND waits = 0 AND lease_until <= ?`,
		r.kind, r.name, int64(tx.Monotonic()))
	if err != nil {
		return s, err
	}
	if err := r.tookAway(tx); err != nil {
		return s, err
	}
	return r.state(tx)
}

// end ends a grant that still stands and lets the next in.
func (r resource) end(tx *store.Tx, id int64) error {
	n, err := tx.Exec(`DELETE FROM dcq_grants WHERE kind = ? AND name = ? AND waits = 0 AND id = ? AND lease_until > ?`,
		r.kind, r.name, id, int64(tx.Monotonic()))
	if err != nil {
		return err
	}
	if n == 0 {
		return r.lost()
	}
	r.deferDispatch(tx)
	return r.changed(tx)
}

// revoke takes everything back from the holders, and lets the next in.
func (r resource) revoke(tx *store.Tx) error {
	n, err := tx.Exec(`DELETE FROM dcq_grants WHERE kind = ? AND name = ? AND waits = 0`, r.kind, r.name)
	if err != nil || n == 0 {
		return err
	}
	return r.tookAway(tx)
}

// tookAway lets the next in after grants were taken from their holders. One of them may
// have been told of its grant by the same transaction.
func (r resource) tookAway(tx *store.Tx) error {
	tx.DropNotes()
	r.deferDispatch(tx)
	return r.changed(tx)
}

// update changes a grant that still stands. set is a piece of SQL.
func (r resource) update(tx *store.Tx, id int64, set string, value any) error {
	n, err := tx.Exec(`UPDATE dcq_grants SET `+set+` = ? WHERE kind = ? AND name = ? AND waits = 0 AND id = ? AND lease_until > ?`,
		value, r.kind, r.name, id, int64(tx.Monotonic()))
	if err == nil && n == 0 {
		return r.lost()
	}
	return err
}

// find returns a request, with token 0 while it waits, or nil if there is none, or no
// more: it was granted to a process that was stopped, and its lease is over.
func (r resource) find(tx *store.Tx, id, session int64) (*granted, error) {
	g := granted{id: id}
	err := tx.QueryRow(`
		SELECT token, slot, lease_until FROM dcq_grants
		WHERE kind = ? AND name = ? AND waits = 0 AND id = ? AND session_id = ? AND lease_until > ?`,
		r.kind, r.name, id, session, int64(tx.Monotonic())).Scan(&g.token, &g.slot, &g.until)
	if !errors.Is(err, store.ErrNoRows) {
		return &g, err
	}
	err = tx.QueryRow(`SELECT 1 FROM dcq_grants WHERE kind = ? AND name = ? AND waits = 1 AND id = ? AND session_id = ?`,
		r.kind, r.name, id, session).Scan(new(int))
	if errors.Is(err, store.ErrNoRows) {
		return nil, nil
	}
	return &g, err
}

// changed wakes those who observe who leads.
func (r resource) changed(tx *store.Tx) error {
	if r.kind != kindElection {
		return nil
	}
	return tx.Wake(r.observed(), math.MaxInt32)
}

// observed is what the observers of an election wait for.
func (r resource) observed() string { return "observe/" + r.name }

func (r resource) lost() error { return lostError{r} }

// lostError is ErrLost with what was lost, put into words only when somebody reads it:
// each grant has one as the cause of its end.
type lostError struct{ of resource }

func (e lostError) Error() string { return fmt.Sprintf("%v: %s", ErrLost, e.of) }
func (e lostError) Unwrap() error { return ErrLost }

// endGrants takes back what a session held or waited for.
func endGrants(tx *store.Tx, session int64) error {
	db := tx.DB()
	var all []resource
	err := tx.Query(`SELECT DISTINCT kind, name FROM dcq_grants WHERE session_id = ?`, []any{session}, func(scan store.Scan) error {
		r := resource{db: db}
		err := scan(&r.kind, &r.name)
		all = append(all, r)
		return err
	})
	if err != nil || len(all) == 0 {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM dcq_grants WHERE session_id = ?`, session); err != nil {
		return err
	}
	for _, r := range all {
		if err := r.tookAway(tx); err != nil {
			return err
		}
	}
	return nil
}

package store

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"
)

// backstop is how long a waiter trusts that it will be woken before it looks by
// itself: a committer may have died between its COMMIT and the pulse.
const backstop = 2 * time.Second

// Horizon is how far ahead a new timer must be told to the waiters at once;
// later ones they find by themselves when they look next.
const Horizon = 2 * backstop

// Waiter is one goroutine's wait for something that another transaction makes
// possible. It is used like this, each step leaving a state that a crash at any
// moment does not spoil:
//
//	in one transaction: take what is there, else JoinTx
//	Wait
//	in one transaction: take what is there and LeaveTx, else JoinTx again
//	...
//	giving up: LeaveTx, and pass on what it was woken for
//	always: Close
//
// A Waiter belongs to one goroutine.
type Waiter struct {
	db      *DB
	ready   chan struct{}
	ticket  int64
	session int64
	topics  []string     // that it joined with this ticket
	timer   atomic.Int64 // when it will look by itself, as its rows say
}

// WaitSpec says what a waiter wants.
type WaitSpec struct {
	Package string    // whose hook gives back what the waiter is handed
	Topics  []string  // what it waits for: any of them
	Want    int       // how much it can take at once
	Param   int64     // for the use of the topic's package
	Timer   time.Time // when it will look by itself; zero means never
}

// Waiting is a waiter as the transaction sees it that can make it runnable.
type Waiting struct {
	Topic   string
	Ticket  int64
	Session int64
	Want    int
	Param   int64
	Timer   time.Time // when it would have looked by itself
}

// NewWaiter returns a waiter that has not joined anything.
func (db *DB) NewWaiter() *Waiter {
	return &Waiter{db: db, ready: make(chan struct{}, 1)}
}

// Ticket is the waiter's place in the order of all waiters, 0 before JoinTx.
func (w *Waiter) Ticket() int64 { return w.ticket }

// Session is the session under which the waiter has its ticket, 0 before JoinTx.
func (w *Waiter) Session() int64 { return w.session }

// Joined reports whether the waiter has a ticket of the living session.
func (w *Waiter) Joined() bool {
	s := w.db.currentSession()
	return w.ticket != 0 && s != nil && s.id == w.session
}

// InLineTx reports whether the waiter still stands in a line: it joined, and nobody
// has served it, taken its session for dead, or made it leave.
func (w *Waiter) InLineTx(tx *Tx) (in bool, err error) {
	if !w.Joined() || len(w.topics) == 0 {
		return false, nil
	}
	err = tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM dcq_waiters WHERE topic = ? AND ticket = ?)`, w.topics[0], w.ticket).Scan(&in)
	return in, err
}

// JoinTx puts the waiter in the line of each topic, or keeps its place there.
func (w *Waiter) JoinTx(tx *Tx, spec WaitSpec) error {
	session, err := tx.Session(spec.Package)
	if err != nil {
		return err
	}
	if w.ticket == 0 || w.session != session {
		if err := w.newTicket(tx, session); err != nil {
			return err
		}
	}
	// Also of a new ticket: after a power cut, or with a backup in place, its number may
	// have been another's, who was told something that is still in the file.
	w.db.memory.forget(w.ticket)
	timer := int64(1<<63 - 1)
	if !spec.Timer.IsZero() {
		timer = spec.Timer.UnixNano()
	}
	w.timer.Store(timer)
	for _, topic := range spec.Topics {
		if !slices.Contains(w.topics, topic) {
			w.topics = append(w.topics, topic)
		}
	}
	for _, topic := range spec.Topics {
		tx.forget(quiet(topic))
		_, err := tx.Exec(`
			INSERT INTO dcq_waiters (topic, ticket, session_id, want, param, timer, woken, many)
			VALUES (?, ?, ?, ?, ?, ?, 0, ?)
			ON CONFLICT (topic, ticket) DO UPDATE SET
				want = excluded.want, param = excluded.param, timer = excluded.timer, woken = 0, many = excluded.many`,
			topic, w.ticket, session, max(spec.Want, 1), spec.Param, timer, len(w.topics) > 1)
		if err != nil {
			return err
		}
	}
	return w.markFirst(tx)
}

// markFirst marks the row that was alone as one of many.
func (w *Waiter) markFirst(tx *Tx) error {
	if len(w.topics) < 2 {
		return nil
	}
	_, err := tx.Exec(`UPDATE dcq_waiters SET many = 1 WHERE topic = ? AND ticket = ? AND many = 0`, w.topics[0], w.ticket)
	return err
}

// newTicket takes a place in the line and lets pulses find the waiter, which may
// come as soon as the transaction has committed.
func (w *Waiter) newTicket(tx *Tx, session int64) error {
	ticket, err := tx.Next()
	if err != nil {
		return err
	}
	old := w.ticket
	w.db.wakeups.replace(old, ticket, w)
	tx.AfterCommit(w.db.wakeups.ensure)
	w.ticket, w.session, w.topics = ticket, session, nil
	tx.AfterFailure(func() {
		w.db.wakeups.replace(ticket, 0, w)
		w.ticket = 0
	})
	return nil
}

// LeaveTx takes the waiter out of every line and returns the topics for which it
// had been woken: unless it took what it was woken for, it must pass that on with
// [Tx.Wake].
func (w *Waiter) LeaveTx(tx *Tx) (woken []string, err error) {
	if w.ticket == 0 {
		return nil, nil
	}
	w.db.memory.forget(w.ticket)
	for _, topic := range w.topics {
		err := tx.Query(`
			DELETE FROM dcq_waiters WHERE topic = ? AND ticket = ?
			RETURNING topic, woken`, []any{topic, w.ticket}, collectWoken(&woken))
		if err != nil {
			return nil, err
		}
	}
	return woken, nil
}

func collectWoken(woken *[]string) func(Scan) error {
	return func(scan Scan) error {
		var topic string
		var isWoken bool
		if err := scan(&topic, &isWoken); err != nil {
			return err
		}
		if isWoken {
			*woken = append(*woken, topic)
		}
		return nil
	}
}

// Close lets go of the waiter in this process. It must have left its lines.
func (w *Waiter) Close() {
	if w.ticket != 0 {
		w.db.wakeups.replace(w.ticket, 0, w)
	}
}

// Wakeup is why a wait ended.
type Wakeup int

// The reasons, in the order of preference.
const (
	Pulsed   Wakeup = iota // somebody made the waiter look
	TimerDue               // the time it asked for has come
	Backstop               // it looks to be on the safe side
)

// Wait blocks until there is reason to look again: a pulse, the time until (zero
// means none), or a time-out to be on the safe side. It returns the context's
// cause if ctx ends, and ErrClosed if the store is closed.
func (w *Waiter) Wait(ctx context.Context, until time.Time) (Wakeup, error) {
	pause, reason := backstop+rand.N(backstop/2), Backstop
	if !until.IsZero() {
		if d := until.Sub(w.db.clock.Now()); d < pause {
			pause, reason = max(d, 0), TimerDue
		}
	}
	timer := w.db.clock.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-w.ready:
		return Pulsed, nil
	case <-timer.C():
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	case <-w.db.closing:
		return 0, ErrClosed
	}
	select {
	case <-w.ready: // at the same moment
		return Pulsed, nil
	default:
		return reason, nil
	}
}

// quiet is the fact that nobody waits for a topic who has not been woken.
func quiet(topic string) fact { return factOf("quiet", topic) }

// Quiet reports that nobody waits for a topic, without asking the database; false means
// that this is not known.
func (tx *Tx) Quiet(topic string) bool { return tx.known(quiet(topic)) }

// Wake makes up to n waiters of a topic look, first come first served, and pulses
// their processes after the commit. A waiter that is woken keeps its place until
// it leaves; if its process dies, the next is woken instead.
func (tx *Tx) Wake(topic string, n int) error {
	if tx.Quiet(topic) {
		return nil
	}
	return tx.Query(`
		UPDATE dcq_waiters SET woken = 1
		WHERE topic = ? AND ticket IN (
			SELECT ticket FROM dcq_waiters WHERE topic = ? AND woken = 0 ORDER BY ticket LIMIT ?)
		RETURNING session_id`, []any{topic, topic, n}, func(scan Scan) error {
		var session int64
		if err := scan(&session); err != nil {
			return err
		}
		tx.pulse(session)
		return nil
	})
}

// NextWaiter returns the first waiter of a topic, and false if there is none.
func (tx *Tx) NextWaiter(topic string) (Waiting, bool, error) {
	if tx.Quiet(topic) {
		return Waiting{}, false, nil
	}
	w := Waiting{Topic: topic}
	var timer int64
	err := tx.QueryRow(`
		SELECT ticket, session_id, want, param, timer FROM dcq_waiters
		WHERE topic = ? AND woken = 0 ORDER BY ticket LIMIT 1`, topic).
		Scan(&w.Ticket, &w.Session, &w.Want, &w.Param, &timer)
	w.Timer = time.Unix(0, timer)
	if errors.Is(err, ErrNoRows) {
		tx.learn(quiet(topic))
		return Waiting{}, false, nil
	}
	return w, err == nil, err
}

// Serve takes a waiter, which the transaction has handed something, out of every
// line and pulses its process after the commit.
func (tx *Tx) Serve(w Waiting) error {
	tx.pulse(w.Session)
	n, err := tx.Exec(`DELETE FROM dcq_waiters WHERE topic = ? AND ticket = ? AND many = 0`, w.Topic, w.Ticket)
	if err == nil && n == 0 { // it waits for other topics too, or has left
		_, err = tx.Exec(`DELETE FROM dcq_waiters WHERE ticket = ? AND many = 1`, w.Ticket)
	}
	return err
}

// Rearm makes the first waiter of a topic look at the given time, if it would not
// look by itself before. One whose time has passed may have looked already.
func (tx *Tx) Rearm(topic string, at time.Time) error {
	if at.After(tx.now.Add(Horizon)) || tx.Quiet(topic) {
		return nil
	}
	return tx.Query(`
		UPDATE dcq_waiters SET timer = ?
		WHERE topic = ? AND (timer > ? OR timer <= ?) AND ticket = (SELECT min(ticket) FROM dcq_waiters WHERE topic = ?)
		RETURNING session_id`, []any{at.UnixNano(), topic, at.UnixNano(), tx.now.UnixNano(), topic}, func(scan Scan) error {
		var session int64
		if err := scan(&session); err != nil {
			return err
		}
		tx.pulse(session)
		return nil
	})
}

// dropWaiters removes the waiters of a session that ended and passes on what they
// had been woken for.
func (tx *Tx) dropWaiters(session int64) error {
	var woken []string
	err := tx.Query(`DELETE FROM dcq_waiters WHERE session_id = ? RETURNING topic, woken`, []any{session}, collectWoken(&woken))
	if err != nil {
		return err
	}
	for _, topic := range woken {
		if err := tx.Wake(topic, 1); err != nil {
			return err
		}
	}
	return nil
}

// pulse wakes the waiters of a session after the commit.
func (tx *Tx) pulse(session int64) { tx.tell(session, tx.pulses[session]) }

// tell wakes a session after the commit; unless news is 0, which it then was not
// before, the session looks at the other sessions too.
func (tx *Tx) tell(session, news int64) {
	if tx.pulses == nil {
		tx.pulses = make(map[int64]int64)
	}
	tx.pulses[session] = news
}

package queue

import (
	"time"

	"github.com/dcq-go/dcq/store"
)

// topic is what those wait for who wait for an element.
func (r *dequeRow) topic() string { return "deque/" + r.name }

// dequeDispatchKey makes the dispatch of a deque happen once a commit.
type dequeDispatchKey struct{ deque int64 }

// deferDequeDispatch hands elements to those who wait when the transaction commits.
// Everything that adds an element, changes when a lease ends, or frees a waiter's
// place calls it. So no committed state has an element and somebody who waits for it,
// and no wake-up can be lost.
func deferDequeDispatch(tx *store.Tx, r *dequeRow) {
	id, topic := r.id, r.topic()
	tx.AtCommit(dequeDispatchKey{id}, func(tx *store.Tx) error {
		_, waiting, err := tx.NextWaiter(topic)
		if err != nil || !waiting {
			return err
		}
		r, err := dequeByID(tx, id)
		if err != nil {
			return err
		}
		if err := r.serve(tx); err != nil {
			return err
		}
		return r.save(tx)
	})
}

// serve hands elements to the waiters, first come first served, while there are both,
// and tells the next waiter when the next lease ends.
func (r *dequeRow) serve(tx *store.Tx) error {
	for r.size > 0 {
		w, waiting, err := tx.NextWaiter(r.topic())
		if err != nil || !waiting {
			return err
		}
		if err := r.handOver(tx, w); err != nil {
			return err
		}
	}
	next, err := r.nextEnd(tx)
	if err != nil || next.IsZero() {
		return err
	}
	return tx.Rearm(r.topic(), next)
}

// handOver leases an element to the session of a waiter, which finds it by its ticket.
// So it returns if the waiter dies before it has taken it.
func (r *dequeRow) handOver(tx *store.Tx, w store.Waiting) error {
	end, lease := wishOf(w.Param)
	item, err := r.nth(tx, end, 0)
	if err != nil {
		return err
	}
	_, err = r.hold(tx, item, dequeHolder{session: w.Session, ticket: w.Ticket, until: tx.Monotonic() + lease})
	if err != nil {
		return err
	}
	return tx.Serve(w)
}

// wish packs what a waiter wants into the number that a waiter can leave: the lease,
// negative for the right end.
func wish(end side, lease time.Duration) int64 {
	if end == right {
		return -int64(lease)
	}
	return int64(lease)
}

func wishOf(param int64) (side, time.Duration) {
	if param < 0 {
		return right, time.Duration(-param)
	}
	return left, time.Duration(param)
}

package queue

import (
	"time"

	"github.com/dcq-go/dcq/store"
)

// dispatchKey makes the dispatch of a queue happen once a commit.
type dispatchKey struct{ queue int64 }

// deferDispatch hands ready jobs of the queue to its waiters when the transaction
// commits. Everything that makes a job ready or due, or frees a waiter's place,
// calls it. So no committed state has a ready job and a waiter that could take it,
// and no wake-up can be lost.
func deferDispatch(tx *store.Tx, queue int64) {
	tx.AtCommit(dispatchKey{queue}, func(tx *store.Tx) error { return dispatch(tx, queue) })
}

// dispatch does not sweep: what is due by the time is the business of those whose
// timers fire.
func dispatch(tx *store.Tx, queue int64) error {
	topic := topicOf(queue)
	w, waiting, err := tx.NextWaiter(topic)
	if err != nil || !waiting {
		return err
	}
	o, err := lookAhead(tx, queue)
	if err != nil {
		return err
	}
	for more := o.ready && !o.paused; more && waiting; {
		n, err := hand(tx, queue, holder{w.Session, w.Ticket, time.Duration(w.Param)}, w.Want)
		if err != nil {
			return err
		}
		if more = n > 0; !more {
			break
		}
		if err := tx.Serve(w); err != nil {
			return err
		}
		if w, waiting, err = tx.NextWaiter(topic); err != nil {
			return err
		}
	}
	switch {
	case !waiting:
		return nil
	case o.due || o.expired: // whose timer it was may just have been served
		return tx.Rearm(topic, tx.Now())
	case !o.next.IsZero():
		return tx.Rearm(topic, o.next)
	}
	return nil
}

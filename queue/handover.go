package queue

import (
	"time"

	"github.com/dcq-go/dcq/store"
)

// handOver hands new jobs to those who wait for them, in the transaction of the push:
// they only need to read then. That a waiter stands in line means that no job is
// ready (see deferDispatch), so a new one is next.
type handOver struct {
	tx    *store.Tx
	queue int64

	asked  bool          // whether somebody waits is known
	waiter store.Waiting // who gets the next jobs
	left   int           // how many it still takes
	given  []*claimed    // those it got
}

// lease is the columns of a leased job; without a token they are those of another.
type lease struct {
	attempt                       int
	token, session, ticket, until int64
}

// next returns the lease under which the next job is handed over, or none if nobody
// waits.
func (h *handOver) next() (lease, error) {
	if some, err := h.some(); !some || err != nil {
		return lease{}, err
	}
	h.left--
	token, err := h.tx.Next()
	if err != nil {
		return lease{}, err
	}
	until := h.tx.Monotonic() + time.Duration(h.waiter.Param)
	return lease{1, token, h.waiter.Session, h.waiter.Ticket, int64(until)}, nil
}

// gave notes a job that was handed over.
func (h *handOver) gave(c *claimed) { h.given = append(h.given, c) }

// tell leaves the waiter a note of the jobs it got.
func (h *handOver) tell() {
	if note := noteOf(h.given); note != nil {
		h.tx.Note(h.waiter, note)
	}
	h.given = nil
}

// some reports whether somebody waits for the next job.
func (h *handOver) some() (bool, error) {
	if h.left == 0 {
		if err := h.nextWaiter(); err != nil {
			return false, err
		}
	}
	return h.left > 0, nil
}

// nextWaiter takes the first waiter out of the line, unless the queue is paused or
// has jobs that come first: those that this transaction made ready before.
func (h *handOver) nextWaiter() error {
	if h.asked && h.waiter.Ticket == 0 {
		return nil
	}
	h.asked = true
	h.tell()
	h.waiter = store.Waiting{}
	if h.tx.Deferred(dispatchKey{h.queue}) {
		return nil
	}
	w, waiting, err := h.tx.NextWaiter(topicOf(h.queue))
	if err != nil || !waiting {
		return err
	}
	var paused bool
	err = h.tx.QueryRow(`SELECT paused FROM dcq_queues WHERE id = ?`, h.queue).Scan(&paused)
	if err != nil || paused {
		return err
	}
	h.waiter, h.left = w, w.Want
	if err := h.tx.Serve(w); err != nil {
		return err
	}
	if w.Timer.Before(h.tx.Now().Add(store.Horizon)) {
		deferDispatch(h.tx, h.queue) // it may have been the only one who knew what is due
	}
	return nil
}

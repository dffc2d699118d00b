package queue

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/dcq-go/dcq/store"
)

// idle reports whether nothing is left to do in a queue: no job is ready, delayed,
// blocked or leased. Dead ones do not count.
func idle(tx *store.Tx, queue int64) (bool, error) {
	var busy bool
	err := tx.QueryRow(`
		SELECT EXISTS (SELECT 1 FROM dcq_jobs WHERE queue_id = ? AND state = 0)
			OR EXISTS (SELECT 1 FROM dcq_jobs WHERE queue_id = ? AND state = 1)
			OR EXISTS (SELECT 1 FROM dcq_jobs WHERE queue_id = ? AND state = 2)
			OR EXISTS (SELECT 1 FROM dcq_jobs WHERE queue_id = ? AND state = 3)`,
		queue, queue, queue, queue).Scan(&busy)
	return !busy, err
}

// idleKey makes the look for idleness happen once a commit.
type idleKey struct{ queue int64 }

// deferIdle wakes those who wait for the queue to be idle, if the transaction makes
// it so.
func deferIdle(tx *store.Tx, queue int64) {
	tx.AtCommit(idleKey{queue}, func(tx *store.Tx) error {
		_, waiting, err := tx.NextWaiter(idleTopicOf(queue))
		if err != nil || !waiting {
			return err
		}
		if is, err := idle(tx, queue); !is || err != nil {
			return err
		}
		return tx.Wake(idleTopicOf(queue), math.MaxInt32)
	})
}

// Idle reports, from one snapshot, whether nothing is left to do in all of the
// queues: no job is ready, delayed, blocked or leased. A queue that does not exist
// is idle.
func Idle(ctx context.Context, db *store.DB, names ...string) (is bool, err error) {
	if err := db.Use(ctx, Package); err != nil {
		return false, err
	}
	err = db.View(ctx, func(tx *store.Tx) error {
		is, _, err = allIdle(tx, names)
		return err
	})
	return is, err
}

// allIdle reports whether the queues are idle, and returns the topics of those that
// exist.
func allIdle(tx *store.Tx, names []string) (is bool, topics []string, err error) {
	is = true
	for _, name := range names {
		l, err := lineByName(tx, name)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return false, nil, err
		}
		topics = append(topics, idleTopicOf(l.id))
		one, err := idle(tx, l.id)
		if err != nil {
			return false, nil, err
		}
		is = is && one
	}
	return is, topics, nil
}

// WaitIdle waits until nothing is left to do in all of the queues at one moment,
// whichever process does it. It returns the context's cause if ctx ends first.
func WaitIdle(ctx context.Context, db *store.DB, names ...string) error {
	if err := db.Use(ctx, Package); err != nil {
		return err
	}
	w := db.NewWaiter()
	defer w.Close()
	for {
		is := false
		err := db.Batch(ctx, false, func(tx *store.Tx) (err error) {
			spec := store.WaitSpec{Package: Package.Name, Want: 1}
			if is, spec.Topics, err = allIdle(tx, names); err != nil {
				return err
			}
			if is {
				_, err = w.LeaveTx(tx)
				return err
			}
			return w.JoinTx(tx, spec)
		})
		if is || err != nil {
			return err
		}
		if err := waitWhileBusy(ctx, db, w, names); err != nil {
			return errors.Join(err, leave(ctx, db, w))
		}
	}
}

// waitWhileBusy waits until a look shows the queues idle, without writing.
func waitWhileBusy(ctx context.Context, db *store.DB, w *store.Waiter, names []string) error {
	for {
		reason, err := w.Wait(ctx, time.Time{})
		if err != nil {
			return err
		}
		is, err := Idle(ctx, db, names...)
		if is && reason == store.Backstop {
			db.CountMissed()
		}
		if is || err != nil || reason == store.Pulsed {
			return err
		}
	}
}

// leave takes a waiter out of its lines although the caller's context has ended.
func leave(ctx context.Context, db *store.DB, w *store.Waiter) error {
	err := db.Batch(context.WithoutCancel(ctx), false, func(tx *store.Tx) error {
		_, err := w.LeaveTx(tx)
		return err
	})
	if err != nil && !errors.Is(err, store.ErrClosed) {
		return fmt.Errorf("leave the line: %w", err)
	}
	return nil
}

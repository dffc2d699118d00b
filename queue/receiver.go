package queue

import (
	"context"
	"errors"
	"time"

	"github.com/dcq-go/dcq/store"
)

// receiver is one blocked receive.
type receiver struct {
	db     *store.DB
	from   []Source
	opts   ReceiveOptions
	waiter *store.Waiter
	next   time.Time // when something will be due by itself
}

// receive takes what is ready, else gets in line and waits to be handed jobs by the
// transaction that makes them ready; then it needs only to read.
func (r *receiver) receive(ctx context.Context) ([]*claimed, error) {
	rows, err := r.takeOrJoin(ctx)
	for len(rows) == 0 && err == nil {
		var reason store.Wakeup
		if reason, err = r.waiter.Wait(ctx, r.next); err != nil {
			break
		}
		rows, err = r.look(ctx)
		if len(rows) > 0 && reason == store.Backstop {
			r.db.CountMissed()
		}
	}
	if err != nil {
		return nil, errors.Join(err, r.giveUp(ctx))
	}
	return rows, nil
}

func (r *receiver) takeOrJoin(ctx context.Context) (rows []*claimed, err error) {
	err = r.db.Batch(ctx, false, func(tx *store.Tx) error {
		if r.waiter.Ticket() != 0 {
			if rows, err = handed(tx, r.waiter); len(rows) > 0 || err != nil {
				return err
			}
		}
		if rows, r.next, err = takeAny(tx, r.from, r.opts); err != nil {
			return err
		}
		if len(rows) > 0 {
			_, err = r.waiter.LeaveTx(tx)
			return err
		}
		return r.join(tx)
	})
	return rows, err
}

// join gets in the lines of all queues with one ticket.
func (r *receiver) join(tx *store.Tx) error {
	for _, s := range r.from {
		err := r.waiter.JoinTx(tx, store.WaitSpec{
			Package: Package.Name, Topics: []string{topicOf(s.line())},
			Want: max(r.opts.Max, 1), Param: int64(r.opts.lease(s)), Timer: r.next,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// look finds what the receiver was woken for. It writes only if there is something
// to take or to sweep, or if its place in the line is gone.
func (r *receiver) look(ctx context.Context) (rows []*claimed, err error) {
	if rows = r.told(); len(rows) > 0 {
		return rows, nil
	}
	act := false
	err = r.db.View(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		if rows, err = handed(tx, r.waiter); len(rows) > 0 || err != nil {
			return err
		}
		// What it was handed may have been taken away before it could look.
		inLine, err := r.waiter.InLineTx(tx)
		if err != nil {
			return err
		}
		act = !inLine
		r.next = time.Time{}
		for _, s := range r.from {
			o, err := lookAhead(tx, s.line())
			if err != nil {
				return err
			}
			act = act || o.work()
			r.next = earlier(r.next, o.next)
		}
		return nil
	})
	if err != nil || len(rows) > 0 || !act {
		return rows, err
	}
	return r.takeOrJoin(context.WithoutCancel(ctx))
}

// giveUp leaves the line. What the receiver was handed meanwhile goes to the next.
func (r *receiver) giveUp(ctx context.Context) error {
	if r.waiter.Ticket() == 0 {
		return nil
	}
	err := r.db.Batch(context.WithoutCancel(ctx), false, func(tx *store.Tx) error {
		if _, err := r.waiter.LeaveTx(tx); err != nil {
			return err
		}
		rows, err := handed(tx, r.waiter)
		if err != nil {
			return err
		}
		for _, c := range rows {
			if err := giveUpAttempt(tx, c, 0); err != nil {
				return err
			}
		}
		for _, s := range r.from {
			deferDispatch(tx, s.line()) // the next in line must know when to look
		}
		return nil
	})
	if errors.Is(err, store.ErrClosed) {
		return nil // Close gives everything back
	}
	return err
}

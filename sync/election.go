package sync

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/dcq-go/dcq/store"
)

// Election gives the lead to one candidate at a time, first come first served, and
// tells everybody who leads. Each term has the token of its grant as its number.
type Election struct {
	resource
	opts Options
}

// Leader is who leads.
type Leader struct {
	Value   string // what the leader proclaimed, such as its address
	Term    int64  // the token of the leader's grant
	Session int64  // of the leader's process
}

// OpenElection returns the election of that name. Errors are as for [OpenLock].
func OpenElection(ctx context.Context, db *store.DB, name string, opts Options) (*Election, error) {
	r, err := open(ctx, db, kindElection, name, opts)
	if err != nil {
		return nil, fmt.Errorf("open election %q: %w", name, err)
	}
	return &Election{r, opts}, nil
}

// maxValue bounds the value of a candidate, in bytes.
const maxValue = 64 << 10

func checkValue(v string) error {
	if len(v) > maxValue {
		return fmt.Errorf("%w: a value of %d bytes, at most %d are allowed", ErrTooMany, len(v), maxValue)
	}
	return nil
}

// Campaign waits until the candidate leads; value is what everybody can then read. The
// lead ends with [Grant.Release]: the candidate resigns. It returns the context's cause
// if ctx ends first, ErrTooMany if value is above 64 KiB, and ErrDeadlock if ctx is the
// context of a grant of the same election; then it leads not, and does not stand.
func (e *Election) Campaign(ctx context.Context, value string) (*Grant, error) {
	if err := checkValue(value); err != nil {
		return nil, err
	}
	return e.acquire(ctx, request{weight: 1, lease: e.opts.lease(), value: value})
}

// TryCampaign is [Election.Campaign] without waiting: it returns ErrNotAcquired if
// somebody leads, or waits to.
func (e *Election) TryCampaign(ctx context.Context, value string) (*Grant, error) {
	if err := checkValue(value); err != nil {
		return nil, err
	}
	return e.tryAcquire(ctx, request{weight: 1, lease: e.opts.lease(), value: value})
}

// Proclaim changes the leader's value within its term. It returns ErrLost if the grant
// does not stand, ErrConflict if it is not of this election, or an error of the store;
// the value is as before then.
func (e *Election) Proclaim(ctx context.Context, lead *Grant, value string) error {
	return e.db.Batch(ctx, false, func(tx *store.Tx) error { return e.ProclaimTx(tx, lead, value) })
}

// ProclaimTx is [Election.Proclaim] as part of a transaction.
func (e *Election) ProclaimTx(tx *store.Tx, lead *Grant, value string) error {
	if err := checkValue(value); err != nil {
		return err
	}
	if lead.of != e.resource {
		return fmt.Errorf("%w: a grant of %s, not of %s", ErrConflict, lead.of, e.resource)
	}
	if err := e.update(tx, lead.id, "value", value); err != nil {
		return err
	}
	return e.changed(tx)
}

// Resign ends the lead. It is [Grant.Release].
func (e *Election) Resign(ctx context.Context, lead *Grant) error { return lead.Release(ctx) }

// Leader returns who leads now, or ErrNoLeader.
func (e *Election) Leader(ctx context.Context) (l Leader, err error) {
	err = e.db.View(ctx, func(tx *store.Tx) error {
		l, _, err = e.leader(tx)
		return err
	})
	return l, err
}

// leader returns who leads, and when its lease ends.
func (e *Election) leader(tx *store.Tx) (l Leader, ends time.Time, err error) {
	var until int64
	err = tx.QueryRow(`
		SELECT coalesce(value, ''), token, session_id, lease_until FROM dcq_grants
		WHERE kind = ? AND name = ? AND waits = 0 AND lease_until > ?`, e.kind, e.name, int64(tx.Monotonic())).
		Scan(&l.Value, &l.Term, &l.Session, &until)
	if errors.Is(err, store.ErrNoRows) {
		return l, ends, fmt.Errorf("%w: %s", ErrNoLeader, e.resource)
	}
	return l, tx.Now().Add(time.Duration(until) - tx.Monotonic()), err
}

// Observe yields who leads, at once and then at every change, until ctx ends or the
// loop does. While nobody leads, it yields the zero Leader with ErrNoLeader. One who is
// slow misses what changed in between, never the last state. It ends with an error: the
// context's cause, or one of the store.
func (e *Election) Observe(ctx context.Context) iter.Seq2[Leader, error] {
	return func(yield func(Leader, error) bool) {
		o := observer{Election: e, waiter: e.db.NewWaiter()}
		defer o.close(ctx)
		for {
			l, err := o.next(ctx)
			if !yield(l, err) || err != nil && !errors.Is(err, ErrNoLeader) {
				return
			}
		}
	}
}

// observer is one loop over the changes of an election.
type observer struct {
	*Election
	waiter *store.Waiter
	told   bool
	last   Leader
	ends   time.Time // when the leader's lease does
}

// next waits until the state is another than the last.
func (o *observer) next(ctx context.Context) (Leader, error) {
	for {
		now, err := o.read(ctx)
		if err != nil && !errors.Is(err, ErrNoLeader) {
			return Leader{}, err
		}
		if !o.told || now != o.last {
			o.told, o.last = true, now
			return now, err
		}
		if _, err := o.waiter.Wait(ctx, o.ends); err != nil {
			return Leader{}, err
		}
	}
}

// read returns the state after getting in line for its next change.
func (o *observer) read(ctx context.Context) (now Leader, state error) {
	err := o.db.Batch(ctx, false, func(tx *store.Tx) error {
		now, o.ends, state = o.leader(tx)
		if state != nil && !errors.Is(state, ErrNoLeader) {
			return state
		}
		return o.waiter.JoinTx(tx, store.WaitSpec{
			Package: Package.Name, Topics: []string{o.observed()}, Want: 1, Timer: o.ends,
		})
	})
	if err != nil {
		return now, err
	}
	return now, state
}

func (o *observer) close(ctx context.Context) {
	defer o.waiter.Close()
	err := o.db.Batch(context.WithoutCancel(ctx), false, func(tx *store.Tx) error {
		_, err := o.waiter.LeaveTx(tx)
		return err
	})
	if err != nil && !errors.Is(err, store.ErrClosed) {
		o.db.Logger().Warn("an observer could not leave", "of", o.resource.String(), "error", err)
	}
}

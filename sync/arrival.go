package sync

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/dcq-go/dcq/store"
)

// stage is how far an arrival has come. The names are stored.
type stage string

const (
	stageWaits  stage = "waits"  // for the others to arrive
	stageInside stage = "inside" // a double barrier
	stageLeaves stage = "leaves" // a double barrier: waits for the others to leave
	stageBroken stage = "broken" // it must be told so
	stageGone   stage = ""       // not on record: it went on
)

// arrival is one call that may have to wait for the others.
type arrival struct {
	rendezvous
	waiter *store.Waiter
	stage  stage // in which it waits
}

func (r rendezvous) newArrival() *arrival {
	return &arrival{rendezvous: r, waiter: r.db.NewWaiter()}
}

// join makes the arrival wait in the given stage.
func (a *arrival) join(tx *store.Tx, s stage) error {
	err := a.waiter.JoinTx(tx, store.WaitSpec{Package: Package.Name, Topics: []string{a.topic()}})
	if err != nil {
		return err
	}
	a.stage = s
	return a.record(tx, a.waiter.Ticket(), a.waiter.Session(), s)
}

// wait blocks until the arrival has left the stage in which it waits, and returns the
// next. If ctx ends first, it is withdrawn, and the context's cause returned.
func (a *arrival) wait(ctx context.Context) (stage, error) {
	for {
		reason, err := a.waiter.Wait(ctx, time.Time{})
		if err != nil {
			return a.withdraw(ctx, err)
		}
		var now stage
		err = a.db.View(context.WithoutCancel(ctx), func(tx *store.Tx) error {
			now, err = a.look(tx)
			return err
		})
		if err != nil {
			return a.withdraw(ctx, err)
		}
		if now == a.stage {
			continue
		}
		if reason == store.Backstop {
			a.db.CountMissed()
		}
		return now, nil
	}
}

// look reads the stage of the arrival. It returns ErrLost if the package gave back what
// the session held: then that the arrival is gone does not mean that it went on.
func (a *arrival) look(tx *store.Tx) (stage, error) {
	var now sql.NullString
	var stands bool
	err := tx.QueryRow(`
		SELECT (SELECT stage FROM dcq_arrivals WHERE kind = ? AND name = ? AND id = ?),
			EXISTS (SELECT 1 FROM dcq_session_uses WHERE session_id = ? AND package = ?)`,
		a.kind, a.name, a.waiter.Ticket(), a.waiter.Session(), Package.Name).Scan(&now, &stands)
	if err == nil && !stands {
		err = fmt.Errorf("%w: %s: the session was taken for dead", ErrLost, a.rendezvous)
	}
	return stage(now.String), err
}

// withdraw takes the arrival back because of the cause, which it returns. One that has
// gone on, or whose barrier broke, before that, is told so instead. Close, when it is the
// cause, takes back all of them at once.
func (a *arrival) withdraw(ctx context.Context, cause error) (now stage, err error) {
	if errors.Is(cause, store.ErrClosed) {
		return a.stage, cause
	}
	err = a.db.Batch(context.WithoutCancel(ctx), false, func(tx *store.Tx) error {
		if now, err = a.look(tx); errors.Is(err, ErrLost) {
			_, closed := tx.Session(Package.Name) // was it Close that gave back what it held?
			return cmp.Or(closed, err)
		}
		if err != nil || now != a.stage {
			return err
		}
		if _, err := a.waiter.LeaveTx(tx); err != nil {
			return err
		}
		if err := a.erase(tx, a.waiter.Ticket()); err != nil {
			return err
		}
		return a.without(tx, a.stage)
	})
	switch {
	case errors.Is(err, store.ErrClosed), errors.Is(err, ErrLost):
		return now, err
	case err != nil:
		return now, errors.Join(cause, err)
	case now == a.stage:
		return now, cause
	}
	return now, nil
}

// forget removes the record of an arrival that has seen that its barrier broke.
func (a *arrival) forget(ctx context.Context) error {
	err := a.db.Batch(context.WithoutCancel(ctx), false, func(tx *store.Tx) error {
		return a.erase(tx, a.waiter.Ticket())
	})
	if errors.Is(err, store.ErrClosed) {
		return nil // Close forgets it
	}
	return err
}

// endArrivals takes back the arrivals of a session.
func endArrivals(tx *store.Tx, session int64) error {
	type at struct {
		rendezvous
		stage stage
	}
	db := tx.DB()
	ended := make(map[at]struct{})
	err := tx.Query(`DELETE FROM dcq_arrivals WHERE session_id = ? RETURNING kind, name, stage`, []any{session}, func(scan store.Scan) error {
		a := at{rendezvous: rendezvous{db: db}}
		err := scan(&a.kind, &a.name, &a.stage)
		ended[a] = struct{}{}
		return err
	})
	if err != nil {
		return err
	}
	for a := range ended {
		if err := a.without(tx, a.stage); err != nil {
			return err
		}
	}
	return nil
}

package sync

import (
	"context"
	"errors"
	"fmt"

	"github.com/dcq-go/dcq/store"
)

// OpenThrottle returns the throttle of that name, making it, with the whole burst free,
// if there is none. It returns ErrConflict if another rate or burst is stored (see
// [Throttle.SetRate]), or if none is and opts has no rate; ErrName, a fault of opts, or
// an error of the store.
func OpenThrottle(ctx context.Context, db *store.DB, name string, opts ThrottleOptions) (*Throttle, error) {
	t, err := newThrottle(db, name, opts)
	if err == nil {
		err = db.Use(ctx, Package)
	}
	if err == nil {
		err = db.View(ctx, t.compare)
	}
	if errors.Is(err, errNoThrottle) && opts.Rate != (Rate{}) {
		err = db.Batch(ctx, true, t.agree)
	}
	return t.opened(err)
}

// OpenThrottleTx is [OpenThrottle] as part of a transaction, for which the store must
// know the [Package] already (see [store.DB.Use]): for throttles that come and go with
// what they are for.
func OpenThrottleTx(tx *store.Tx, name string, opts ThrottleOptions) (*Throttle, error) {
	t, err := newThrottle(tx.DB(), name, opts)
	if err == nil {
		err = t.agree(tx)
	}
	return t.opened(err)
}

func newThrottle(db *store.DB, name string, opts ThrottleOptions) (*Throttle, error) {
	return &Throttle{db, name, opts}, errors.Join(checkName(name), opts.validate())
}

func (t *Throttle) opened(err error) (*Throttle, error) {
	if err != nil {
		return nil, fmt.Errorf("open throttle %q: %w", t.name, err)
	}
	return t, nil
}

// agree compares the settings with the stored ones, or stores them.
func (t *Throttle) agree(tx *store.Tx) error {
	err := t.compare(tx)
	if errors.Is(err, errNoThrottle) && t.opts.Rate != (Rate{}) {
		return t.makeTx(tx, t.opts)
	}
	return err
}

// compare returns ErrConflict if the stored settings are others.
func (t *Throttle) compare(tx *store.Tx) error {
	row, err := t.load(tx)
	if err != nil {
		return err
	}
	rated := t.opts.Rate != (Rate{})
	if rated && t.opts.Rate.interval() != row.interval || (rated || t.opts.Burst != 0) && t.opts.burst() != row.burst {
		return fmt.Errorf("%w: %s has one unit in %v and a burst of %d; set its rate, or name another",
			ErrConflict, t, row.interval, row.burst)
	}
	return nil
}

// makeTx makes the throttle anew, with the whole burst free.
func (t *Throttle) makeTx(tx *store.Tx, opts ThrottleOptions) error {
	generation, err := tx.Next()
	if err != nil {
		return err
	}
	return t.save(tx, throttleRow{gcra{opts.Rate.interval(), opts.burst(), tx.Monotonic()}, generation})
}

// SetRate changes the rate and burst for all processes, making the throttle if it is
// missing. Slots that were given stand, and so does what of the burst is left, up to
// the new one: a larger burst has to be saved up. MaxWait is not used. It returns a
// fault of opts, whose Rate must be set, or an error of the store.
func (t *Throttle) SetRate(ctx context.Context, opts ThrottleOptions) error {
	return t.db.Batch(ctx, true, func(tx *store.Tx) error { return t.SetRateTx(tx, opts) })
}

// SetRateTx is [Throttle.SetRate] as part of a transaction.
func (t *Throttle) SetRateTx(tx *store.Tx, opts ThrottleOptions) error {
	if err := opts.validate(); err != nil {
		return err
	}
	if opts.Rate == (Rate{}) {
		return fmt.Errorf("sync: ThrottleOptions.Rate: it must be set to change that of %s", t)
	}
	row, err := t.load(tx)
	if errors.Is(err, errNoThrottle) {
		return t.makeTx(tx, opts)
	}
	if err != nil {
		return err
	}
	row.gcra = row.with(opts.Rate.interval(), opts.burst())
	return t.save(tx, row)
}

// Reset makes the whole burst free, as if nothing had ever passed. Those who sleep for
// their slots go on doing so. It returns ErrConflict if the throttle was removed, or an
// error of the store.
func (t *Throttle) Reset(ctx context.Context) error {
	return t.db.Batch(ctx, false, func(tx *store.Tx) error {
		row, err := t.load(tx)
		if err != nil {
			return err
		}
		if row.generation, err = tx.Next(); err != nil { // no older reservation is refunded to this
			return err
		}
		row.tat = tx.Monotonic()
		return t.save(tx, row)
	})
}

// Remove forgets the throttle; there may be none. Those who sleep for their slots go on
// doing so, all others find it missing.
func (t *Throttle) Remove(ctx context.Context) error {
	return t.db.Batch(ctx, true, func(tx *store.Tx) error {
		_, err := tx.Exec(`DELETE FROM dcq_throttles WHERE name = ?`, t.name)
		return err
	})
}

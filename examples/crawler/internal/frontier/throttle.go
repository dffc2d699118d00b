package frontier

import (
	"errors"
	"time"

	"github.com/dcq-go/dcq/store"
	dsync "github.com/dcq-go/dcq/sync"
)

// throttleTx returns the throttle of a host, which has the host's name and lets one
// request pass in delay. There is one for each host with a record, and it stays as long.
func throttleTx(tx *store.Tx, host string, delay time.Duration) (*dsync.Throttle, error) {
	opts := dsync.ThrottleOptions{Rate: dsync.Rate{Count: 1, Per: max(delay, 1)}}
	t, err := dsync.OpenThrottleTx(tx, host, opts)
	if !errors.Is(err, dsync.ErrConflict) {
		return t, err
	}
	// The delay has changed: by the host's robots.txt, or the settings.
	if t, err = dsync.OpenThrottleTx(tx, host, dsync.ThrottleOptions{}); err != nil {
		return nil, err
	}
	return t, t.SetRateTx(tx, opts)
}

// holdTx lets no request to a host pass before its next start. The rate comes first: a
// later change of it would count from there.
func holdTx(tx *store.Tx, h Host) error {
	t, err := throttleTx(tx, h.Name, h.Delay)
	if err != nil {
		return err
	}
	return t.HoldTx(tx, h.NextStart.Sub(tx.Now()))
}

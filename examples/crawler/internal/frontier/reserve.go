package frontier

import (
	"context"
	"errors"
	"time"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
	dsync "github.com/dcq-go/dcq/sync"
)

// Linger is how long a host is left alone, beyond its delay, when a request may
// still go on there: its process died, or the answer broke off.
const Linger = 250 * time.Millisecond

// lookAgain is how long a host waits for the answer of another.
const lookAgain = time.Second

// Reserve asks for the right to send a request to the job's host now; see ReserveTx. If
// it is too early it gives the job back and returns false.
func (f *Frontier) Reserve(ctx context.Context, job *queue.Job[Job], delay time.Duration) (h Host, granted bool, err error) {
	err = f.db.Batch(ctx, false, func(tx *store.Tx) error {
		granted = false
		if err := job.CheckTx(tx); err != nil {
			return err
		}
		var early time.Duration
		if h, early, err = f.ReserveTx(tx, job.Payload.Host(), delay); err != nil {
			return err
		}
		if early > 0 {
			return f.StepBackTx(tx, job, tx.Now().Add(early))
		}
		granted = true
		return nil
	})
	return h, granted, err
}

// ReserveTx takes the host's throttle, whose rate is one request in delay, and moves the
// host's next start forward, before a request goes out. Or it returns how much too early
// that is, and changes nothing. The caller has a job of the host.
func (f *Frontier) ReserveTx(tx *store.Tx, name string, delay time.Duration) (h Host, early time.Duration, err error) {
	if h, err = f.HostTx(tx, name); err != nil {
		return h, 0, err
	}
	// The next start outlives a reboot, after which a throttle holds for a delay at most.
	if early := h.NextStart.Sub(tx.Now()); early > 0 {
		return h, early, nil
	}
	t, err := throttleTx(tx, name, delay)
	if err != nil {
		return h, 0, err
	}
	d, err := t.AllowTx(tx, 1)
	if err != nil || d.RetryAfter > 0 {
		return h, d.RetryAfter, err
	}
	h.NextStart = tx.Now().Add(delay + Linger)
	if err := f.saveHostTx(tx, h); err != nil {
		return h, 0, err
	}
	return h, 0, f.queue.HoldGroupTx(tx, name, h.NextStart)
}

// SettleTx records what a request has shown about a host, and lets its next one
// start at h.NextStart, and further ones h.Delay apart.
func (f *Frontier) SettleTx(tx *store.Tx, h Host) error {
	_, err := f.hosts.UpdateTx(tx, h.Name, func(now Host, _ bool) (Host, error) {
		h.Known, h.Sitemaps, h.ClosedWhy = now.Known, now.Sitemaps, text(h.ClosedWhy)
		return h, nil
	})
	if err != nil {
		return err
	}
	if err := holdTx(tx, h); err != nil {
		return err
	}
	return f.queue.HoldGroupTx(tx, h.Name, h.NextStart)
}

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

// StepBackTx gives a job back until its host may be asked.
func (f *Frontier) StepBackTx(tx *store.Tx, job *queue.Job[Job], until time.Time) error {
	if err := job.ReleaseTx(tx, 0); err != nil {
		return err
	}
	return f.queue.HoldGroupTx(tx, job.Payload.Host(), until)
}

// AwaitTx gives a job back until another host may have answered, and has that asked by a
// job of its own: it is as busy as any.
func (f *Frontier) AwaitTx(tx *store.Tx, job *queue.Job[Job], url string) error {
	if err := f.PushTx(tx, Job{Kind: RobotsJob, URL: url}); err != nil {
		return err
	}
	return f.StepBackTx(tx, job, tx.Now().Add(lookAgain))
}

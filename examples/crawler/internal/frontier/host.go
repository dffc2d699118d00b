package frontier

import (
	"context"
	"errors"
	"time"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

// Linger is how long a host is left alone, beyond its delay, when a request may
// still go on there: its process died, or the answer broke off.
const Linger = 250 * time.Millisecond

// Host is what is known of a host. While a job of the host's group is in flight,
// only that job changes it, but for Known and Sitemaps.
type Host struct {
	Name        string        `json:"name"`            // scheme, host and port
	Known       int           `json:"known,omitempty"` // URLs
	Sitemaps    int           `json:"sitemaps,omitempty"`
	NextStart   time.Time     `json:"next_start,omitzero"`
	Delay       time.Duration `json:"-"`                      // between two requests; only for SettleTx, as the throttle keeps it
	CrawlDelay  time.Duration `json:"crawl_delay,omitempty"`  // of its robots.txt, ns
	Rules       time.Time     `json:"rules,omitzero"`         // when the robots.txt was had that it goes by
	RobotsTries int           `json:"robots_tries,omitempty"` // to have it, in vain, in succession
	Failures    int           `json:"failures,omitempty"`     // requests without an answer, in succession
	Refusals    int           `json:"refusals,omitempty"`     // answers 429, in succession
	ClosedUntil time.Time     `json:"closed_until,omitzero"`  // until when its pages are skipped
	ClosedWhy   string        `json:"closed_why,omitempty"`
	Requests    int64         `json:"requests,omitempty"`
	Bytes       int64         `json:"bytes,omitempty"`
}

// Host returns what is known of a host; nothing but its name if it is new.
func (f *Frontier) Host(ctx context.Context, name string) (h Host, err error) {
	err = f.db.View(ctx, func(tx *store.Tx) error {
		h, err = f.HostTx(tx, name)
		return err
	})
	return h, err
}

// HostTx is [Frontier.Host] as part of a transaction.
func (f *Frontier) HostTx(tx *store.Tx, name string) (Host, error) {
	h, err := f.hosts.GetTx(tx, name)
	if errors.Is(err, kv.ErrNotFound) {
		return Host{Name: name}, nil
	}
	return h, err
}

func (f *Frontier) saveHostTx(tx *store.Tx, h Host) error {
	_, err := f.hosts.PutTx(tx, h.Name, h)
	return err
}

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

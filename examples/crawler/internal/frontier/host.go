package frontier

import (
	"context"
	"errors"
	"time"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

// Linger is how long a host is left alone, beyond its delay, when a request may
// still go on there: its process died, or the answer broke off.
const Linger = 250 * time.Millisecond

// Host is what is known of a host. While a job of the host's group is in flight,
// only that job changes it, but for Known and what concerns robots.txt.
type Host struct {
	Name        string // scheme, host and port
	Known       int    // URLs
	NextStart   time.Time
	Delay       time.Duration // between two requests; only for SettleTx, as the throttle keeps it
	CrawlDelay  time.Duration // of its robots.txt
	RobotsUntil time.Time     // until when its robots.txt need not be asked for
	RobotsAsked time.Time     // until when a job is busy with that
	Failures    int           // requests without an answer, in succession
	Refusals    int           // answers 429, in succession
	ClosedUntil time.Time     // until when its pages are skipped
	ClosedWhy   string
	Requests    int64
	Bytes       int64
}

const hostColumns = `name, known, next_start, crawl_delay, robots_until, robots_asked, failures, refusals,
	closed_until, closed_why, requests, bytes`

func scanHost(scan store.Scan) (h Host, err error) {
	var next, delay, until, asked, closed int64
	err = scan(&h.Name, &h.Known, &next, &delay, &until, &asked, &h.Failures, &h.Refusals,
		&closed, &h.ClosedWhy, &h.Requests, &h.Bytes)
	h.NextStart, h.CrawlDelay = timeOf(next), time.Duration(delay)
	h.RobotsUntil, h.RobotsAsked, h.ClosedUntil = timeOf(until), timeOf(asked), timeOf(closed)
	return h, err
}

// Host returns what is known of a host; nothing but its name if it is new.
func (f *Frontier) Host(ctx context.Context, name string) (h Host, err error) {
	err = f.db.View(ctx, func(tx *store.Tx) error {
		h, err = hostTx(tx, name)
		return err
	})
	return h, err
}

func hostTx(tx *store.Tx, name string) (Host, error) {
	h, err := scanHost(tx.QueryRow(`SELECT `+hostColumns+` FROM dcq_crawl_hosts WHERE name = ?`, name).Scan)
	if errors.Is(err, store.ErrNoRows) {
		return Host{Name: name}, nil
	}
	return h, err
}

// ensureHost makes the row of a host if there is none, and returns how many of its
// URLs are known.
func ensureHost(tx *store.Tx, name string) (known int, err error) {
	_, err = tx.Exec(`INSERT INTO dcq_crawl_hosts (name) VALUES (?) ON CONFLICT (name) DO NOTHING`, name)
	if err != nil {
		return 0, err
	}
	err = tx.QueryRow(`SELECT known FROM dcq_crawl_hosts WHERE name = ?`, name).Scan(&known)
	return known, err
}

// Reserve asks for the right to send a request to the job's host now. It takes the
// host's throttle, whose rate is one request in delay, and moves the host's next start
// forward, before the request goes out. If it is too early it gives the job back and
// returns false.
func (f *Frontier) Reserve(ctx context.Context, job *queue.Job[Job], delay time.Duration) (granted bool, err error) {
	host := job.Payload.Host()
	err = f.db.Batch(ctx, false, func(tx *store.Tx) error {
		granted = false
		if err := job.CheckTx(tx); err != nil {
			return err
		}
		if _, err := ensureHost(tx, host); err != nil {
			return err
		}
		early, err := passTx(tx, host, delay)
		if err != nil {
			return err
		}
		if early > 0 {
			return f.stepBack(tx, job, host, tx.Now().Add(early))
		}
		until := tx.Now().Add(delay + Linger)
		if _, err := tx.Exec(`UPDATE dcq_crawl_hosts SET next_start = ? WHERE name = ?`, nanos(until), host); err != nil {
			return err
		}
		granted = true
		return f.queue.HoldGroupTx(tx, host, until)
	})
	return granted, err
}

// passTx takes the host's throttle, or returns how much too early it is. The next start
// counts too: it outlives a reboot, after which a throttle holds for a delay at most.
func passTx(tx *store.Tx, host string, delay time.Duration) (early time.Duration, err error) {
	h, err := hostTx(tx, host)
	if err != nil {
		return 0, err
	}
	if early := h.NextStart.Sub(tx.Now()); early > 0 {
		return early, nil
	}
	t, err := throttleTx(tx, host, delay)
	if err != nil {
		return 0, err
	}
	d, err := t.AllowTx(tx, 1)
	return d.RetryAfter, err
}

// stepBack gives a job back until its host may be asked.
func (f *Frontier) stepBack(tx *store.Tx, job *queue.Job[Job], host string, until time.Time) error {
	if err := job.ReleaseTx(tx, 0); err != nil {
		return err
	}
	return f.queue.HoldGroupTx(tx, host, until)
}

// SettleTx records what a request has shown about a host, and lets its next one
// start at h.NextStart, and further ones h.Delay apart. Bytes are those of the body.
func (f *Frontier) SettleTx(tx *store.Tx, h Host, bytes int64) error {
	_, err := tx.Exec(`
		UPDATE dcq_crawl_hosts SET next_start = ?, failures = ?, refusals = ?, closed_until = ?, closed_why = ?,
			requests = requests + 1, bytes = bytes + ?
		WHERE name = ?`,
		nanos(h.NextStart), h.Failures, h.Refusals, nanos(h.ClosedUntil), text(h.ClosedWhy), bytes, h.Name)
	if err != nil {
		return err
	}
	if err := holdTx(tx, h); err != nil {
		return err
	}
	return f.queue.HoldGroupTx(tx, h.Name, h.NextStart)
}

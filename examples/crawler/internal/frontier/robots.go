package frontier

import (
	"context"
	"errors"
	"time"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

const (
	// askTime is how long a job may be busy with a robots.txt before another one
	// is pushed: it may be waiting for its turn at another host.
	askTime = 5 * time.Minute

	// moment is the delay that makes a job let others of its group go first.
	moment = time.Millisecond
)

// Robots is the answer to the question for a host's robots.txt.
type Robots struct {
	Host    string
	Status  int    // HTTP, 0 for no answer
	Why     string // there was none
	Body    []byte
	Fetched time.Time
}

// Robots returns the answer that is kept for a host. It returns ErrUnknown if there
// is none.
func (f *Frontier) Robots(ctx context.Context, host string) (r Robots, err error) {
	err = f.db.View(ctx, func(tx *store.Tx) error {
		var fetched int64
		err := tx.QueryRow(`SELECT host, status, why, body, fetched FROM dcq_crawl_robots WHERE host = ?`, host).
			Scan(&r.Host, &r.Status, &r.Why, &r.Body, &fetched)
		r.Fetched = timeOf(fetched)
		if errors.Is(err, store.ErrNoRows) {
			return ErrUnknown
		}
		return err
	})
	return r, err
}

// AskRobots gives a page's or sitemap's job back until the robots.txt of its host
// is known, and pushes the job that asks for it, unless somebody has.
func (f *Frontier) AskRobots(ctx context.Context, job *queue.Job[Job]) error {
	host := job.Payload.Host()
	return f.db.Batch(ctx, true, func(tx *store.Tx) error {
		if _, err := ensureHost(tx, host); err != nil {
			return err
		}
		h, err := hostTx(tx, host)
		if err != nil {
			return err
		}
		switch now := tx.Now(); {
		case h.RobotsUntil.After(now):
			return job.ReleaseTx(tx, 0) // the answer has just come
		case h.RobotsAsked.After(now):
			if err := job.ReleaseTx(tx, 0); err != nil {
				return err
			}
			return f.queue.HoldGroupTx(tx, host, h.RobotsAsked)
		}
		if err := f.askRobotsTx(tx, host); err != nil {
			return err
		}
		return job.ReleaseTx(tx, moment)
	})
}

// askRobotsTx pushes the job that asks for a host's robots.txt, unless it is known
// or somebody has. The host has a row.
func (f *Frontier) askRobotsTx(tx *store.Tx, host string) error {
	h, err := hostTx(tx, host)
	if err != nil || h.RobotsUntil.After(tx.Now()) || h.RobotsAsked.After(tx.Now()) {
		return err
	}
	if err := f.PushTx(tx, Job{Kind: RobotsJob, URL: host + "/robots.txt", For: host}); err != nil {
		return err
	}
	return f.awaitRobotsTx(tx, host)
}

// awaitRobotsTx records that a job is busy with a host's robots.txt.
func (f *Frontier) awaitRobotsTx(tx *store.Tx, host string) error {
	_, err := tx.Exec(`UPDATE dcq_crawl_hosts SET robots_asked = ? WHERE name = ?`, nanos(tx.Now().Add(askTime)), host)
	return err
}

// MoveRobotsTx pushes a job that continues at another URL, where a redirect leads,
// and lets the host wait for it.
func (f *Frontier) MoveRobotsTx(tx *store.Tx, j Job) error {
	if _, err := ensureHost(tx, j.Host()); err != nil {
		return err
	}
	if err := f.PushTx(tx, j); err != nil {
		return err
	}
	if err := f.awaitRobotsTx(tx, j.For); err != nil {
		return err
	}
	if j.Host() == j.For {
		return nil // the job itself is next in the group
	}
	return f.queue.HoldGroupTx(tx, j.For, tx.Now().Add(askTime))
}

// SetRobotsTx keeps the answer for a host until the given time and ends the wait
// for it.
func (f *Frontier) SetRobotsTx(tx *store.Tx, r Robots, crawlDelay time.Duration, until time.Time) error {
	if r.Body == nil {
		r.Body = []byte{}
	}
	_, err := tx.Exec(`
		INSERT INTO dcq_crawl_robots (host, status, why, body, fetched) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (host) DO UPDATE SET
			status = excluded.status, why = excluded.why, body = excluded.body, fetched = excluded.fetched`,
		r.Host, r.Status, text(r.Why), r.Body, nanos(r.Fetched))
	if err != nil {
		return err
	}
	_, err = tx.Exec(`
		UPDATE dcq_crawl_hosts SET robots_until = ?, robots_asked = 0, crawl_delay = ? WHERE name = ?`,
		nanos(until), int64(crawlDelay), r.Host)
	if err != nil {
		return err
	}
	h, err := hostTx(tx, r.Host)
	if err != nil {
		return err
	}
	return f.queue.HoldGroupTx(tx, r.Host, h.NextStart)
}

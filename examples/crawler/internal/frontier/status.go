package frontier

import (
	"context"
	"time"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

// Status is the state of the crawl, of all processes together.
type Status struct {
	At    time.Time   `json:"at"`
	Run   Run         `json:"run"`
	Known int         `json:"known"` // URLs
	Queue queue.Stats `json:"queue"`
	Hosts Hosts       `json:"hosts"`

	// Processes is how many processes work or wait.
	Processes int `json:"processes"`
}

// Hosts counts hosts by their state.
type Hosts struct {
	Known   int `json:"known"`
	Snoozed int `json:"snoozed"` // left alone for a while: they do not answer, or asked for it
	Closed  int `json:"closed"`  // their pages are skipped
}

// Status returns the state of the crawl. It returns ErrNoCrawl if there is none.
func (f *Frontier) Status(ctx context.Context) (s Status, err error) {
	err = f.db.View(ctx, func(tx *store.Tx) error {
		s.At = tx.Now()
		if s.Run, err = lastRun(tx); err != nil {
			return err
		}
		if s.Known, _, err = stateTx(tx); err != nil {
			return err
		}
		now := nanos(tx.Now())
		return tx.QueryRow(`
			SELECT count(*),
				COALESCE(sum(CASE WHEN next_start > ? AND failures + refusals > 0 AND closed_until <= ? THEN 1 ELSE 0 END), 0),
				COALESCE(sum(CASE WHEN closed_until > ? THEN 1 ELSE 0 END), 0)
			FROM dcq_crawl_hosts`, now, now, now).Scan(&s.Hosts.Known, &s.Hosts.Snoozed, &s.Hosts.Closed)
	})
	if err != nil {
		return s, err
	}
	if s.Queue, err = f.queue.Stats(ctx); err != nil {
		return s, err
	}
	sessions, err := f.db.Sessions(ctx)
	for _, one := range sessions {
		if one.Alive {
			s.Processes++
		}
	}
	return s, err
}

// HostList returns all hosts, those with the most URLs first, up to a limit.
func (f *Frontier) HostList(ctx context.Context, limit int) (list []Host, err error) {
	err = f.db.View(ctx, func(tx *store.Tx) error {
		list = nil
		return tx.Query(`SELECT `+hostColumns+` FROM dcq_crawl_hosts ORDER BY known DESC, name LIMIT ?`, []any{limit}, func(scan store.Scan) error {
			h, err := scanHost(scan)
			list = append(list, h)
			return err
		})
	})
	return list, err
}

// Runs returns all runs, the first one first.
func (f *Frontier) Runs(ctx context.Context) (list []Run, err error) {
	err = f.db.View(ctx, func(tx *store.Tx) error {
		list = nil
		return tx.Query(sqlRuns+` ORDER BY run`, nil, func(scan store.Scan) error {
			r, err := scanRun(scan)
			list = append(list, r)
			return err
		})
	})
	return list, err
}

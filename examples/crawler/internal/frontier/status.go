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
		s = Status{At: tx.Now()}
		if s.Run, err = f.runTx(tx); err != nil {
			return err
		}
		if s.Known, err = f.pages.LenTx(tx); err != nil {
			return err
		}
		for e, err := range f.hosts.AllTx(tx) {
			if err != nil {
				return err
			}
			s.Hosts.count(e.Value, tx.Now())
		}
		return nil
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

func (n *Hosts) count(h Host, now time.Time) {
	n.Known++
	switch {
	case h.ClosedUntil.After(now):
		n.Closed++
	case h.NextStart.After(now) && h.Failures+h.Refusals > 0:
		n.Snoozed++
	}
}

// Runs returns all runs, the first one first.
func (f *Frontier) Runs(ctx context.Context) (list []Run, err error) {
	for e, err := range f.runs.All(ctx) {
		if err != nil {
			return nil, err
		}
		list = append(list, e.Value)
	}
	return list, nil
}

package frontier

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
)

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

// HostList returns hosts, those with the most URLs first, up to a limit.
func (f *Frontier) HostList(ctx context.Context, limit int) (list []Host, err error) {
	for e, err := range f.hosts.All(ctx) {
		if err != nil {
			return nil, err
		}
		at, _ := slices.BinarySearchFunc(list, e.Value, func(a, b Host) int {
			return cmp.Or(b.Known-a.Known, cmp.Compare(a.Name, b.Name))
		})
		list = slices.Insert(list, at, e.Value)
		list = list[:min(len(list), limit)]
	}
	return list, nil
}

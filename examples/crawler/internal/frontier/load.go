package frontier

import (
	"context"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

// load queues everything that is known and that the run has not queued yet. What
// died in an earlier run gets a new job like the rest.
func (f *Frontier) load(ctx context.Context, run int64) error {
	if err := f.discardDead(ctx); err != nil {
		return err
	}
	err := loadAll(ctx, f, f.sitemaps, func(m *Sitemap) (Job, bool) {
		due := m.Run < run
		m.Run = run
		return Job{Kind: SitemapJob, URL: m.URL, For: m.Host}, due
	})
	if err != nil {
		return err
	}
	err = loadAll(ctx, f, f.pages, func(p *Page) (Job, bool) {
		due := p.Run < run
		p.Run, p.Pending = run, true
		return Job{URL: p.URL, Depth: p.Depth, Redirects: p.Redirects}, due
	})
	if err != nil {
		return err
	}
	return f.db.Batch(ctx, true, func(tx *store.Tx) error {
		r, err := f.runTx(tx)
		if err != nil {
			return err
		}
		r.Loaded = tx.Now()
		return f.saveRunTx(tx, r)
	})
}

// loadAll queues the jobs of those records that mark says are due, and keeps the records
// as it marks them, in steps.
func loadAll[V any](ctx context.Context, f *Frontier, ix *kv.Index[string, V], mark func(*V) (Job, bool)) error {
	from, n := "", AdmitBatch
	for n == AdmitBatch {
		last := from
		err := f.db.Batch(ctx, true, func(tx *store.Tx) error {
			n = 0
			for e, err := range ix.ScanTx(tx, kv.ScanOptions[string]{From: &from, Limit: AdmitBatch}) {
				if err != nil {
					return err
				}
				last, n = e.Key, n+1 // the next step begins with it, and finds it marked
				job, due := mark(&e.Value)
				if !due {
					continue
				}
				if _, err := ix.PutTx(tx, e.Key, e.Value); err != nil {
					return err
				}
				if err := f.PushTx(tx, job); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		from = last
	}
	return nil
}

// discardDead removes the jobs that died in earlier runs.
func (f *Frontier) discardDead(ctx context.Context) error {
	for {
		dead, err := queue.Jobs(ctx, f.db, queue.Filter{Queue: QueueName, State: []queue.State{queue.Dead}})
		if err != nil || len(dead) == 0 {
			return err
		}
		err = f.db.Batch(ctx, true, func(tx *store.Tx) error {
			for _, r := range dead {
				if err := queue.DiscardTx(tx, r.ID); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

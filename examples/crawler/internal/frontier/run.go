package frontier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/settings"
	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

// Run is one run of the crawl.
type Run struct {
	Number  int64     `json:"run"`
	Refresh bool      `json:"refresh"`
	Started time.Time `json:"started"`
	Loaded  time.Time `json:"loaded,omitzero"` // when all jobs of a refresh were queued
	Ended   time.Time `json:"ended,omitzero"`
	Counts  Counts    `json:"counts"`
}

// StartRun starts a run, or goes on with the one that has not ended, and queues
// what it has to visit: the seeds that are not known, and for a refresh
// everything that is. It returns ErrBusy for a refresh while another run is not
// finished. Interrupted, it is done by the next StartRun.
func (f *Frontier) StartRun(ctx context.Context, refresh bool) (Run, error) {
	s, seeds, err := f.Settings(ctx)
	if err != nil {
		return Run{}, err
	}
	if refresh { // the last run may have come to its end with nobody there to say so
		if err := f.EndRun(ctx); err != nil && !errors.Is(err, ErrBusy) {
			return Run{}, err
		}
	}
	run, err := f.openRun(ctx, refresh)
	if err != nil {
		return run, err
	}
	if run.Refresh && run.Loaded.IsZero() {
		if err := f.load(ctx, run.Number); err != nil {
			return run, fmt.Errorf("queue what is known: %w", err)
		}
	}
	return run, f.admitSeeds(ctx, s, seeds)
}

// openRun returns the run that has not ended, or begins one.
func (f *Frontier) openRun(ctx context.Context, refresh bool) (run Run, err error) {
	err = f.db.Update(ctx, func(tx *store.Tx) error {
		run, err = lastRun(tx)
		if err != nil && !errors.Is(err, ErrNoCrawl) {
			return err
		}
		if run.Number != 0 && run.Ended.IsZero() {
			if refresh && !run.Refresh {
				return ErrBusy
			}
			return nil
		}
		run = Run{Number: run.Number + 1, Refresh: refresh, Started: tx.Now()}
		_, err := tx.Exec(`INSERT INTO dcq_crawl_runs (run, refresh, started) VALUES (?, ?, ?)`,
			run.Number, run.Refresh, nanos(run.Started))
		if err != nil {
			return err
		}
		_, err = tx.Exec(`UPDATE dcq_crawl_state SET run = ? WHERE one = 1`, run.Number)
		return err
	})
	return run, err
}

// EndRun records that the run is finished. It returns ErrBusy if jobs are left,
// dead ones excepted.
func (f *Frontier) EndRun(ctx context.Context) error {
	idle, err := queue.Idle(ctx, f.db, QueueName)
	if err != nil {
		return err
	}
	if !idle {
		return ErrBusy
	}
	return f.db.Batch(ctx, true, func(tx *store.Tx) error {
		_, err := tx.Exec(`
			UPDATE dcq_crawl_runs SET ended = ?
			WHERE run = (SELECT run FROM dcq_crawl_state WHERE one = 1) AND ended = 0 AND (refresh = 0 OR loaded > 0)`,
			nanos(tx.Now()))
		return err
	})
}

func (f *Frontier) admitSeeds(ctx context.Context, s settings.Settings, seeds []string) error {
	unknown, err := f.Unknown(ctx, seeds)
	if err != nil {
		return err
	}
	for len(unknown) > 0 {
		n := min(len(unknown), AdmitBatch)
		var jobs []Job
		for _, u := range unknown[:n] {
			jobs = append(jobs, Job{URL: u})
		}
		unknown = unknown[n:]
		err := f.db.Batch(ctx, true, func(tx *store.Tx) error {
			_, err := f.AdmitTx(tx, s, jobs)
			return err
		})
		if err != nil {
			return fmt.Errorf("admit the seeds: %w", err)
		}
	}
	return nil
}

// load queues everything that is known and that the run has not queued yet. What
// died in an earlier run gets a new job like the rest.
func (f *Frontier) load(ctx context.Context, run int64) error {
	if err := f.discardDead(ctx); err != nil {
		return err
	}
	if err := f.loadSitemaps(ctx, run); err != nil {
		return err
	}
	after, more := []byte{}, true
	for more {
		err := f.db.Batch(ctx, true, func(tx *store.Tx) (err error) {
			after, more, err = f.loadBatch(tx, run, after)
			return err
		})
		if err != nil {
			return err
		}
	}
	return f.db.Batch(ctx, true, func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE dcq_crawl_runs SET loaded = ? WHERE run = ?`, nanos(tx.Now()), run)
		return err
	})
}

// loadBatch queues the next pages after a fingerprint.
func (f *Frontier) loadBatch(tx *store.Tx, run int64, after []byte) (last []byte, more bool, err error) {
	var jobs []Job
	err = tx.Query(`
		SELECT fp, url, depth FROM dcq_crawl_pages
		WHERE fp > ? AND run < ? AND pending = 0
		ORDER BY fp LIMIT ?`, []any{after, run, AdmitBatch}, func(scan store.Scan) error {
		var j Job
		err := scan(&last, &j.URL, &j.Depth)
		jobs = append(jobs, j)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	for _, j := range jobs {
		_, err := tx.Exec(`UPDATE dcq_crawl_pages SET run = ?, pending = 1 WHERE fp = ?`, run, fingerprint(j.URL))
		if err != nil {
			return nil, false, err
		}
		if err := f.PushTx(tx, j); err != nil {
			return nil, false, err
		}
	}
	return last, len(jobs) == AdmitBatch, nil
}

func (f *Frontier) loadSitemaps(ctx context.Context, run int64) error {
	return f.db.Batch(ctx, true, func(tx *store.Tx) error {
		var jobs []Job
		err := tx.Query(`
			UPDATE dcq_crawl_sitemaps SET run = ?, pending = 1 WHERE run < ? AND pending = 0
			RETURNING url, host`, []any{run, run}, func(scan store.Scan) error {
			j := Job{Kind: SitemapJob}
			err := scan(&j.URL, &j.For)
			jobs = append(jobs, j)
			return err
		})
		if err != nil {
			return err
		}
		for _, j := range jobs {
			if err := f.PushTx(tx, j); err != nil {
				return err
			}
		}
		return nil
	})
}

// discardDead removes the jobs that died in earlier runs.
func (f *Frontier) discardDead(ctx context.Context) error {
	for {
		dead, err := queue.Jobs(ctx, f.db, queue.Filter{Queue: QueueName, State: []queue.State{queue.Dead}})
		if err != nil || len(dead) == 0 {
			return err
		}
		for _, r := range dead {
			if err := f.discard(ctx, r); err != nil {
				return err
			}
		}
	}
}

func (f *Frontier) discard(ctx context.Context, r queue.Record) error {
	payload, err := r.Payload()
	if err != nil {
		return err
	}
	var j Job
	if err := json.Unmarshal(payload, &j); err != nil {
		return fmt.Errorf("%w: job %d: %w", queue.ErrDecode, r.ID, err)
	}
	return f.db.Batch(ctx, true, func(tx *store.Tx) error {
		switch j.Kind {
		case PageJob:
			_, err = tx.Exec(`
				UPDATE dcq_crawl_pages SET pending = 0, outcome = COALESCE(outcome, 'gave-up')
				WHERE fp = ?`, fingerprint(j.URL))
		case SitemapJob:
			_, err = tx.Exec(`UPDATE dcq_crawl_sitemaps SET pending = 0 WHERE fp = ?`, fingerprint(j.URL))
		}
		if err != nil {
			return err
		}
		return queue.DiscardTx(tx, r.ID)
	})
}

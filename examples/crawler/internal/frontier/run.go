package frontier

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/settings"
	"github.com/dcq-go/dcq/kv"
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
// finished, or jobs of one are left that were retried. Interrupted, it is done by the
// next StartRun.
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

// runTx returns the latest run, or ErrNoCrawl.
func (f *Frontier) runTx(tx *store.Tx) (Run, error) {
	e, err := f.runs.LastTx(tx, kv.ScanOptions[int64]{})
	return e.Value, orNoCrawl(err)
}

func (f *Frontier) saveRunTx(tx *store.Tx, r Run) error {
	_, err := f.runs.PutTx(tx, r.Number, r)
	return err
}

// openRun returns the run that has not ended, or begins one.
func (f *Frontier) openRun(ctx context.Context, refresh bool) (run Run, err error) {
	err = f.db.Batch(ctx, true, func(tx *store.Tx) error {
		run, err = f.runTx(tx)
		if err != nil && !errors.Is(err, ErrNoCrawl) {
			return err
		}
		if run.Number != 0 && run.Ended.IsZero() {
			if refresh && !run.Refresh {
				return ErrBusy
			}
			return nil
		}
		if refresh { // a page with a job would get another one
			if err := f.idleTx(tx); err != nil {
				return err
			}
		}
		run = Run{Number: run.Number + 1, Refresh: refresh, Started: tx.Now()}
		return f.saveRunTx(tx, run)
	})
	return run, err
}

// EndRun records that the run is finished. It returns ErrBusy if jobs are left,
// dead ones excepted.
func (f *Frontier) EndRun(ctx context.Context) error {
	idle, err := queue.Idle(ctx, f.db, QueueName) // to count many jobs takes long
	if err != nil {
		return err
	}
	if !idle {
		return ErrBusy
	}
	return f.db.Batch(ctx, true, func(tx *store.Tx) error {
		if err := f.idleTx(tx); err != nil {
			return err
		}
		run, err := f.runTx(tx)
		switch {
		case errors.Is(err, ErrNoCrawl):
			return nil
		case err != nil:
			return err
		case !run.Ended.IsZero(), run.Refresh && run.Loaded.IsZero():
			return nil
		}
		run.Ended = tx.Now()
		return f.saveRunTx(tx, run)
	})
}

// idleTx returns ErrBusy if jobs are left, dead ones excepted.
func (f *Frontier) idleTx(tx *store.Tx) error {
	s, err := f.queue.StatsTx(tx)
	if err == nil && s.Live() > 0 {
		return ErrBusy
	}
	return err
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

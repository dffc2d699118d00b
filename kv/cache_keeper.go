package kv

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dcq-go/dcq/store"
)

const (
	// sweepEvery is how often a DB looks for expired items of the caches that it has
	// open, and sweepSoon when it goes on if a step did not remove all.
	sweepEvery = time.Minute
	sweepSoon  = time.Second
)

// keeper does for all caches of a DB what no caller waits for: it writes what was
// counted, and sweeps what is expired.
type keeper struct {
	db      *store.DB
	flushed atomic.Bool // nothing was counted since a flush was armed
	running sync.WaitGroup

	mu      sync.Mutex // protects the fields below
	tallies map[int64]*tally
	flush   store.Timer
	sweep   store.Timer
	closed  bool
}

// tallyOf returns the tally of a cache, and begins to sweep it if so wanted.
func tallyOf(db *store.DB, r *cacheRow, sweeps bool) *tally {
	k := db.Attach("kv caches", func() any {
		k := &keeper{db: db, tallies: make(map[int64]*tally)}
		k.flushed.Store(true)
		return k
	}).(*keeper)
	k.mu.Lock()
	defer k.mu.Unlock()
	t := k.tallies[r.id]
	if t == nil {
		t = &tally{keeper: k, cache: r.id, reads: make(map[int64]itemReads)}
		k.tallies[r.id] = t
	}
	t.policy.Store(int64(r.policy))
	if sweeps {
		t.sweeps.Store(true)
	}
	if k.sweep == nil && sweeps && !k.closed {
		k.sweep = db.Clock().AfterFunc(sweepEvery, k.sweepAll)
	}
	return t
}

// wantFlush makes sure that what was just counted is written before long.
func (k *keeper) wantFlush() {
	if !k.flushed.CompareAndSwap(true, false) {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.closed {
		k.flush = k.db.Clock().AfterFunc(flushDelay, k.flushAll)
	}
}

// begin returns the tallies to work on, and false if the DB closes.
func (k *keeper) begin() (list []*tally, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return nil, false
	}
	k.running.Add(1)
	for _, t := range k.tallies {
		list = append(list, t)
	}
	return list, true
}

func (k *keeper) flushAll() {
	k.flushed.Store(true) // before it takes: what is counted from now on wants another
	list, ok := k.begin()
	if !ok {
		return
	}
	defer k.running.Done()
	for _, t := range list {
		if err := t.flush(context.Background()); err != nil {
			k.db.Logger().Debug("the reads of a cache could not be written", "error", err)
		}
	}
}

func (k *keeper) sweepAll() {
	list, ok := k.begin()
	if !ok {
		return
	}
	defer k.running.Done()
	next := sweepEvery
	for _, t := range list {
		more, err := t.sweepStep(context.Background())
		if err != nil {
			k.db.Logger().Debug("a cache could not be swept", "error", err)
		}
		if more {
			next = sweepSoon
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.closed {
		k.sweep = k.db.Clock().AfterFunc(next, k.sweepAll)
	}
}

// sweepStep removes some of what is expired or too much, if there is any, and reports
// whether there may be more. It looks first: most sweeps need no transaction that keeps
// others from writing.
func (t *tally) sweepStep(ctx context.Context) (more bool, err error) {
	wanted := false
	err = t.keeper.db.View(ctx, func(tx *store.Tx) error {
		r, err := cacheByID(tx, t.cache)
		if err != nil {
			return err
		}
		t.policy.Store(int64(r.policy))
		expired := false
		err = tx.QueryRow(`
			SELECT EXISTS (SELECT 1 FROM dcq_cache_items WHERE cache_id = ? AND expires < ?)`,
			t.cache, tx.Now().UnixNano()).Scan(&expired)
		wanted = expired || r.over()
		return err
	})
	if err != nil || !wanted || !t.sweeps.Load() {
		return false, err
	}
	err = t.keeper.db.Batch(ctx, true, func(tx *store.Tx) error {
		r, err := cacheByID(tx, t.cache)
		if err != nil {
			return err
		}
		n, err := r.tidy(tx, 0, bulkStep)
		if err != nil {
			return err
		}
		more = n > 0
		return r.save(tx)
	})
	return more, err
}

// Close writes what is counted, for the last time. The DB calls it when it closes.
func (k *keeper) Close() {
	k.mu.Lock()
	k.closed = true
	for _, t := range []store.Timer{k.flush, k.sweep} {
		if t != nil {
			t.Stop()
		}
	}
	k.mu.Unlock()
	k.running.Wait()
	for _, t := range k.tallies {
		if err := t.flush(context.Background()); err != nil {
			k.db.Logger().Debug("the reads of a cache could not be written", "error", err)
		}
	}
}

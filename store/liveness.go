package store

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"github.com/dcq-go/dcq/internal/crashpoint"
)

const (
	// wardens is how many sessions, the oldest, watch all others. The rest watch
	// only the wardens, so that a death wakes few. One may be hung, so there are two.
	wardens = 2

	// sweepEvery bounds how late a death is noticed when nothing tells of it.
	sweepEvery = 2 * time.Second

	// sweepBlind is the same where sessions have no pipe to watch.
	sweepBlind = 100 * time.Millisecond

	// fullSweep is how many sweeps pass until a session that is no warden probes
	// all others too, should both wardens hang.
	fullSweep = 15

	// settleTime gathers the pulses of newcomers into one look at the sessions.
	settleTime = 20 * time.Millisecond
)

// liveness notices the deaths of other sessions and gives back what they held. It
// runs while this DB has a session.
type liveness struct {
	db      *DB
	kicks   chan struct{}
	ended   chan int64
	stopped chan struct{}
	done    sync.WaitGroup

	mu      sync.Mutex // protects the fields below
	started bool
	closed  bool

	// Used by the goroutine alone.
	watches map[int64]io.Closer
	blind   bool
	rounds  int
}

func newLiveness(db *DB) *liveness {
	return &liveness{
		db:      db,
		kicks:   make(chan struct{}, 1),
		ended:   make(chan int64, 16),
		stopped: make(chan struct{}),
		watches: make(map[int64]io.Closer),
	}
}

// start begins to watch, once for each DB.
func (l *liveness) start(*session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.started || l.closed {
		l.kick()
		return
	}
	l.started = true
	l.done.Go(l.run)
}

func (l *liveness) stop() {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		close(l.stopped)
	}
	l.mu.Unlock()
	l.done.Wait()
}

// kick asks for a look at the sessions.
func (l *liveness) kick() {
	select {
	case l.kicks <- struct{}{}:
	default:
	}
}

func (l *liveness) run() {
	defer func() {
		for _, w := range l.watches {
			w.Close()
		}
	}()
	for {
		if err := l.round(); err != nil && !errors.Is(err, ErrClosed) {
			l.db.log.Warn("the sessions could not be swept", "error", err)
		}
		sweep := time.NewTimer(l.pause())
		select {
		case <-l.stopped:
			sweep.Stop()
			return
		case id := <-l.ended:
			l.unwatch(id)
		case <-l.kicks:
			l.settle()
		case <-sweep.C:
		}
		sweep.Stop()
	}
}

// settle waits a little for more newcomers, but not when somebody died.
func (l *liveness) settle() {
	t := time.NewTimer(settleTime)
	defer t.Stop()
	select {
	case <-t.C:
	case <-l.stopped:
	case id := <-l.ended:
		l.unwatch(id)
	}
}

func (l *liveness) pause() time.Duration {
	base := sweepEvery
	if l.blind {
		base = sweepBlind
	}
	return base + rand.N(base/4) // so that processes started together do not sweep together
}

// round looks at the sessions once: watches those it must, gives back the dead.
func (l *liveness) round() error {
	own := l.db.currentSession()
	if own == nil {
		return nil
	}
	ids, dead, err := l.db.sessionIDs()
	if err != nil {
		return err
	}
	l.rounds++
	targets := watchTargets(ids, own.id, l.rounds%fullSweep == 0)
	l.keepOnly(targets)
	for _, id := range targets {
		l.watch(id)
	}
	var errs []error
	for _, id := range append(targets, dead...) {
		errs = append(errs, l.db.reapIfDead(id))
	}
	return errors.Join(errs...)
}

// watchTargets returns whom the session own watches: a warden everybody, the
// others the wardens. ids are in ascending order.
func watchTargets(ids []int64, own int64, all bool) []int64 {
	watched := ids
	if n := min(wardens, len(ids)); !all && own > ids[n-1] {
		watched = ids[:n]
	}
	targets := make([]int64, 0, len(watched))
	for _, id := range watched {
		if id != own {
			targets = append(targets, id)
		}
	}
	return targets
}

func (l *liveness) watch(id int64) {
	if _, ok := l.watches[id]; ok {
		return
	}
	w, err := watchLife(lifePath(l.db.sessionPath(id)), func() {
		select {
		case l.ended <- id:
		case <-l.stopped:
		}
	})
	if err != nil {
		l.blind = !errors.Is(err, os.ErrNotExist)
		return
	}
	l.watches[id] = w
}

func (l *liveness) unwatch(id int64) {
	if w, ok := l.watches[id]; ok {
		w.Close()
		delete(l.watches, id)
	}
}

func (l *liveness) keepOnly(targets []int64) {
	keep := make(map[int64]bool, len(targets))
	for _, id := range targets {
		keep[id] = true
	}
	for id := range l.watches {
		if !keep[id] {
			l.unwatch(id)
		}
	}
}

// sessionIDs returns the ids of all sessions in ascending order, and of those that
// are known to be dead but hold things of a package that had not been asked.
func (db *DB) sessionIDs() (ids, dead []int64, err error) {
	err = db.View(context.Background(), func(tx *Tx) error {
		ids, dead = nil, nil
		return tx.Query(`SELECT id, dead FROM dcq_sessions ORDER BY id`, nil, func(scan Scan) error {
			var id int64
			var isDead bool
			if err := scan(&id, &isDead); err != nil {
				return err
			}
			if isDead {
				dead = append(dead, id)
				return nil
			}
			ids = append(ids, id)
			return nil
		})
	})
	return ids, dead, err
}

// reapIfDead gives back what a session held if its process is dead.
func (db *DB) reapIfDead(id int64) error {
	alive, err := db.sessionAlive(id)
	if alive || err != nil {
		return err
	}
	return db.Batch(context.Background(), false, func(tx *Tx) error {
		crashpoint.Hit(crashpoint.Reap)
		return tx.endSession(id, true)
	})
}

// Reap gives back, now, what dead processes held, and removes files that a process
// left in the sessions directory when it died at a bad moment. Open calls it;
// processes with a session do the first part all the time. Errors are those of
// [DB.Batch].
func (db *DB) Reap(ctx context.Context) error {
	ids, dead, err := db.sessionIDs()
	if err != nil {
		return err
	}
	own := db.currentSession()
	for _, id := range append(ids, dead...) {
		if own != nil && id == own.id {
			continue
		}
		if err := db.reapIfDead(id); err != nil {
			return err
		}
	}
	return db.sweepSessionFiles(ctx)
}

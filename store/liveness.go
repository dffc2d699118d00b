package store

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
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

	// sweepCalm is the same for a session that is no warden: it watches two others.
	sweepCalm = 10 * time.Second

	// sweepBlind is the same where sessions have no pipe to watch.
	sweepBlind = 100 * time.Millisecond

	// fullSweep is how many sweeps pass until a session that is no warden probes
	// all others too, should both wardens hang.
	fullSweep = 3

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
	watches map[int64]io.Closer // nil if the pipe has ended, and the session has not
	warden  bool
	blind   bool          // a session is watched that has no pipe
	hurry   time.Duration // until the next sweep, while blind
	rounds  int
	looked  time.Time // when the last round began
}

func newLiveness(db *DB) *liveness {
	return &liveness{
		db:      db,
		kicks:   make(chan struct{}, 1),
		ended:   make(chan int64, 16),
		stopped: make(chan struct{}),
		watches: make(map[int64]io.Closer),
		hurry:   sweepBlind,
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
		l.keepOnly(nil)
	}()
	for {
		found, err := l.round()
		if err != nil && !errors.Is(err, ErrClosed) {
			l.db.log.Warn("the sessions could not be swept", "error", err)
		}
		if found {
			l.kick() // that was a warden, perhaps: somebody else is one now
		}
		sweep := time.NewTimer(l.pause())
		select {
		case <-l.stopped:
			sweep.Stop()
			return
		case id := <-l.ended:
			l.markEnded(id)
		case <-l.kicks:
			if !found {
				l.settle()
			}
		case <-sweep.C:
		}
		sweep.Stop()
	}
}

// settle waits a little for more newcomers if the last look was just now, but not
// when somebody died.
func (l *liveness) settle() {
	t := time.NewTimer(settleTime - time.Since(l.looked))
	defer t.Stop()
	select {
	case <-t.C:
	case <-l.stopped:
	case id := <-l.ended:
		l.markEnded(id)
	}
}

func (l *liveness) pause() time.Duration {
	base := sweepEvery
	if !l.warden {
		base = sweepCalm
	}
	if l.blind {
		base = l.hurry
		l.hurry = min(2*l.hurry, sweepBlind)
	}
	return base + rand.N(base/4) // so that processes started together do not sweep together
}

// round looks at the sessions once: watches those it must, gives back what the dead
// held. It reports whether there were any.
func (l *liveness) round() (found bool, err error) {
	own := l.db.currentSession()
	if own == nil {
		return false, nil
	}
	ids, dead, err := l.db.sessionIDs()
	if err != nil {
		return false, err
	}
	if !slices.Contains(ids, own.id) || !own.inPlace() {
		l.db.loseSession(own)
		return l.db.reapIfDead(own.id)
	}
	l.rounds++
	l.looked = time.Now()
	l.warden = isWarden(ids, own.id)
	targets := watchTargets(ids, own.id, l.rounds%fullSweep == 0)
	l.keepOnly(targets)
	l.blind = false
	var errs []error
	for _, id := range slices.Concat(targets, dead) {
		watched := l.watch(id)
		reaped, err := l.db.reapIfDead(id)
		errs = append(errs, err)
		found = found || reaped
		l.blind = l.blind || !watched && !reaped
	}
	return found, errors.Join(errs...)
}

// isWarden reports whether the session own is one of the oldest. ids are in ascending
// order.
func isWarden(ids []int64, own int64) bool { return own <= ids[min(wardens, len(ids))-1] }

// watchTargets returns whom the session own watches: a warden everybody, the
// others the wardens. ids are in ascending order.
func watchTargets(ids []int64, own int64, all bool) []int64 {
	watched := ids
	if !all && !isWarden(ids, own) {
		watched = ids[:wardens]
	}
	targets := make([]int64, 0, len(watched))
	for _, id := range watched {
		if id != own {
			targets = append(targets, id)
		}
	}
	return targets
}

// watch watches the pipe of a session and reports whether that will tell of its end.
func (l *liveness) watch(id int64) bool {
	if w, ok := l.watches[id]; ok {
		return w != nil
	}
	w, err := watchLife(lifePath(l.db.sessionPath(id)), func() {
		select {
		case l.ended <- id:
		case <-l.stopped:
		}
	})
	if err != nil {
		return false
	}
	l.watches[id] = w
	return true
}

// markEnded notes that a pipe has ended. The lock of its session, which says whether
// the process lives, may be let go a moment later: look again soon.
func (l *liveness) markEnded(id int64) {
	if w := l.watches[id]; w != nil {
		w.Close()
		l.watches[id] = nil
		l.hurry = time.Millisecond
	}
}

func (l *liveness) keepOnly(targets []int64) {
	for id, w := range l.watches {
		if slices.Contains(targets, id) {
			continue
		}
		if w != nil {
			w.Close()
		}
		delete(l.watches, id)
	}
}

// sessionIDs returns the ids of all sessions in ascending order, and of those that
// are known to be dead but hold things of a package that had not been asked and is
// known here.
func (db *DB) sessionIDs() (ids, dead []int64, err error) {
	known := make(map[string]bool)
	for _, p := range db.usedPackages() {
		known[p.Name] = true
	}
	err = db.View(context.Background(), func(tx *Tx) error {
		ids, dead = nil, nil
		return tx.Query(`
			SELECT id, dead, COALESCE((
				SELECT group_concat(package) FROM dcq_session_uses WHERE session_id = s.id AND s.dead = 1), '')
			FROM dcq_sessions AS s
			ORDER BY id`, nil, func(scan Scan) error {
			var id int64
			var isDead bool
			var packages string
			if err := scan(&id, &isDead, &packages); err != nil {
				return err
			}
			isKnown := func(name string) bool { return known[name] }
			switch {
			case !isDead:
				ids = append(ids, id)
			case packages == "" || slices.ContainsFunc(strings.Split(packages, ","), isKnown):
				dead = append(dead, id)
			}
			return nil
		})
	})
	return ids, dead, err
}

// reapIfDead gives back what a session held if its process is dead, and reports
// whether it is.
func (db *DB) reapIfDead(id int64) (bool, error) {
	alive, err := db.sessionAlive(id)
	if alive || err != nil {
		return false, err
	}
	err = db.Batch(context.Background(), false, func(tx *Tx) error {
		crashpoint.Hit(crashpoint.Reap)
		return tx.endSession(id, true)
	})
	return err == nil, err
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
	for _, id := range slices.Concat(ids, dead) {
		if own != nil && id == own.id {
			continue
		}
		if _, err := db.reapIfDead(id); err != nil {
			return err
		}
	}
	return db.sweepSessionFiles(ctx)
}

// reapKnownDead gives back what sessions held that are known to be dead, and were
// left for a process that knows their packages.
func (db *DB) reapKnownDead() error {
	_, dead, err := db.sessionIDs()
	if err != nil {
		return err
	}
	for _, id := range dead {
		if _, err := db.reapIfDead(id); err != nil {
			return err
		}
	}
	return nil
}

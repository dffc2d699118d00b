package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

// wakeups delivers pulses to the waiters of this DB. Other processes write a byte
// to the session's file, which fsnotify reports; where it cannot (no inotify
// instances left, an overflow), the DB polls for commits instead.
type wakeups struct {
	db   *DB
	calm time.Duration // how long a session may last without listening
	self chan struct{} // a pulse from this process
	done sync.WaitGroup

	mu      sync.Mutex // protects the fields below
	waiters map[int64]*Waiter
	closed  bool
	session *session           // the last one
	later   *time.Timer        // begins to listen for it
	cancel  context.CancelFunc // ends its listener; nil if there is none yet
	polling error              // why pulses are not used, nil if they are
	missed  int64              // waits that only the backstop ended
}

func newWakeups(db *DB) *wakeups {
	w := &wakeups{
		db:      db,
		calm:    listenAfter,
		self:    make(chan struct{}, 1),
		waiters: make(map[int64]*Waiter),
	}
	if db.opts.PollWakeups {
		w.polling = errPollWanted
	}
	return w
}

// replace changes the ticket under which a waiter is known; 0 means none.
func (w *wakeups) replace(old, ticket int64, waiter *Waiter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.waiters, old)
	if ticket != 0 {
		w.waiters[ticket] = waiter
	}
}

// listenAfter is how long a session that waits for nothing may last until it listens.
// Linux takes some 10 ms to close what listens, and a short command is over by then.
const listenAfter = 50 * time.Millisecond

// start makes a session the one to listen for: when somebody waits (see ensure), else
// after a while, for news of other sessions.
func (w *wakeups) start(s *session) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	if w.cancel != nil {
		w.cancel()
	}
	w.session, w.cancel = s, nil
	w.later = time.AfterFunc(w.calm, w.ensure)
}

// ensure begins to listen for the pulses of the session, if there is one and nobody does.
// Each commit by which a waiter gets in line calls it. What came before is made up for by
// a look of every waiter, and one at the sessions.
func (w *wakeups) ensure() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.session == nil || w.cancel != nil || w.closed {
		return
	}
	var ctx context.Context
	ctx, w.cancel = context.WithCancel(context.Background())
	watcher, err := w.watch(w.session)
	w.polling = err
	if err != nil {
		w.db.log.Warn("wake-ups poll for commits, since files cannot be watched", "error", err)
		w.done.Go(func() { w.poll(ctx) })
	} else {
		s := w.session
		w.done.Go(func() { w.listen(ctx, s, watcher) })
	}
	w.pulseSelf()
	w.db.liveness.kick()
}

func (w *wakeups) watch(s *session) (*fsnotify.Watcher, error) {
	if w.db.opts.PollWakeups {
		return nil, errPollWanted
	}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("make a watcher: %w", err)
	}
	if err := watcher.Add(s.file.Name()); err != nil {
		watcher.Close()
		return nil, fmt.Errorf("watch the session's file: %w", err)
	}
	return watcher, nil
}

// listen turns events into deliveries until the session or the DB ends.
func (w *wakeups) listen(ctx context.Context, s *session, watcher *fsnotify.Watcher) {
	defer watcher.Close()
	news := int64(0)
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.self:
			w.deliver()
		case event := <-watcher.Events:
			w.deliver()
			if now := s.readNews(); now != news || !event.Has(fsnotify.Write) {
				news = now
				w.db.liveness.kick() // a newcomer, or the session's own file was removed
			}
		case err := <-watcher.Errors:
			w.db.log.Warn("a watch failed; every waiter looks", "error", err)
			w.kickAll()
			w.db.liveness.kick()
		}
	}
}

const (
	pollFast = time.Millisecond
	pollSlow = 250 * time.Millisecond
)

// poll looks for commits of others, often while there are some. A pulse to itself
// ends a pause.
func (w *wakeups) poll(ctx context.Context) {
	version, closeVersion := w.db.versions()
	defer closeVersion()
	pause := pollFast
	var last int64
	for {
		t := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-w.self:
		case <-t.C:
		}
		t.Stop()
		now, err := version(ctx)
		if err == nil && now == last {
			pause = min(pause*3/2, pollSlow)
			continue
		}
		last, pause = now, pollFast
		if err != nil {
			pause = pollSlow // what is wrong, the waiters will find
		}
		w.kickAll()
		w.db.liveness.kick()
	}
}

// deliver makes those waiters look that a commit picked, or whose timer it changed.
func (w *wakeups) deliver() {
	w.mu.Lock()
	n := len(w.waiters)
	w.mu.Unlock()
	if n <= 1 {
		w.kickAll()
		return
	}
	quiet, err := w.db.quietTickets()
	if err != nil {
		w.kickAll()
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for ticket, waiter := range w.waiters {
		if timer, ok := quiet[ticket]; !ok || timer != waiter.timer.Load() {
			waiter.kick()
		}
	}
}

// quietTickets returns the tickets of this DB's session that nobody has picked, with
// their timers.
func (db *DB) quietTickets() (map[int64]int64, error) {
	quiet := make(map[int64]int64)
	s := db.currentSession()
	if s == nil {
		return quiet, nil
	}
	err := db.View(context.Background(), func(tx *Tx) error {
		// A waiter has a row for each topic; what is new in one of them counts.
		return tx.Query(`
			SELECT ticket, min(timer) FROM dcq_waiters
			WHERE session_id = ?
			GROUP BY ticket
			HAVING max(woken) = 0`, []any{s.id}, func(scan Scan) error {
			var ticket, timer int64
			err := scan(&ticket, &timer)
			quiet[ticket] = timer
			return err
		})
	})
	return quiet, err
}

func (w *wakeups) kickAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, waiter := range w.waiters {
		waiter.kick()
	}
}

func (w *Waiter) kick() {
	select {
	case w.ready <- struct{}{}:
	default:
	}
}

func (w *wakeups) pulseSelf() {
	select {
	case w.self <- struct{}{}:
	default:
	}
}

// stop ends the listener. Waiters end by the closing of the DB.
func (w *wakeups) stop() {
	w.mu.Lock()
	w.closed = true
	if w.later != nil {
		w.later.Stop()
	}
	if w.cancel != nil {
		w.cancel()
	}
	w.mu.Unlock()
	w.done.Wait()
}

// readNews returns the last news in the session's file.
func (s *session) readNews() int64 {
	var b [8]byte
	_, _ = s.file.ReadAt(b[:], newsAt) // a file without news reads as 0
	return int64(binary.LittleEndian.Uint64(b[:]))
}

// CountMissed records that only the backstop found what a waiter waits for. Tests
// require that it never happens unless a process died between commit and pulse.
func (db *DB) CountMissed() {
	db.wakeups.mu.Lock()
	defer db.wakeups.mu.Unlock()
	db.wakeups.missed++
}

// WakeupStatus says how this DB is woken.
type WakeupStatus struct {
	Polling string `json:"polling,omitempty"` // why it polls; empty if files are watched
	Waiters int    `json:"waiters"`           // goroutines of this DB that wait
	Missed  int64  `json:"missed"`            // waits that only the backstop ended
}

// Wakeups returns the state of this DB's wake-ups.
func (db *DB) Wakeups() WakeupStatus {
	w := db.wakeups
	w.mu.Lock()
	defer w.mu.Unlock()
	s := WakeupStatus{Waiters: len(w.waiters), Missed: w.missed}
	if w.polling != nil {
		s.Polling = w.polling.Error()
	}
	return s
}

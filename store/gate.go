package store

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"
)

const (
	// burst is how long one process may take the gate again and again, since that
	// costs no switch between processes, while others wait for it.
	burst = time.Millisecond

	// standBack is how long it then leaves the gate alone: the kernel does not hand
	// a lock over, the first in line must wake up and take it.
	standBack = 50 * time.Microsecond
)

// gate is the OS lock that lets one process commit at a time. The kernel queues
// the waiters, which is fairer than SQLite's sleep ladder by two orders of
// magnitude in the worst case, and frees the lock of a process that dies.
//
// One goroutine of a DB uses it at a time (the leader of its committer).
type gate struct {
	file    *os.File
	waiting *os.File  // a shared lock on it says: somebody waits
	began   time.Time // of the burst
	freed   time.Time // when this process released the gate last

	mu   sync.Mutex // protects the fields below
	left *attempt   // one that a canceled caller left behind
}

// attempt is a goroutine's blocking wait for the lock.
type attempt struct {
	done   chan error // capacity 1
	wanted bool       // protected by gate.mu
}

// acquire takes the gate. If ctx ends first, it returns the context's cause, and
// the wait goes on for the next caller, since a thread blocked on a lock cannot
// be called back. The next caller must take it over, not start its own: the lock
// belongs to the open file, so both would be granted it.
func (g *gate) acquire(ctx context.Context) error {
	a, err := g.attempt()
	if a == nil {
		return err
	}
	select {
	case err := <-a.done:
		g.mu.Lock()
		g.left = nil
		g.mu.Unlock()
		g.began = time.Now()
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// attempt takes the gate and returns nil, or returns what will take it.
func (g *gate) attempt() (*attempt, error) {
	g.mu.Lock()
	if g.left != nil {
		g.left.wanted = true
		defer g.mu.Unlock()
		return g.left, nil
	}
	g.mu.Unlock()
	g.letOthers()
	if ok, err := tryLockFile(g.file); ok || err != nil {
		return nil, err
	}
	a := &attempt{done: make(chan error, 1), wanted: true}
	g.mu.Lock()
	g.left = a
	g.mu.Unlock()
	go g.block(a)
	return a, nil
}

// letOthers stands back if this process has had the gate for a burst and others
// wait.
func (g *gate) letOthers() {
	now := time.Now()
	if now.Sub(g.freed) > burst {
		g.began = now
		return
	}
	if now.Sub(g.began) < burst {
		return
	}
	g.began = now
	alone, err := tryLockFile(g.waiting)
	if alone {
		_ = unlockFile(g.waiting)
		return
	}
	if err == nil {
		time.Sleep(standBack)
	}
}

// block waits for the lock, for whoever wants it by then.
func (g *gate) block(a *attempt) {
	_, _ = tryShareFile(g.waiting)
	err := lockFile(g.file)
	_ = unlockFile(g.waiting)
	g.mu.Lock()
	defer g.mu.Unlock()
	if a.wanted {
		a.done <- err
		return
	}
	g.left = nil
	if err == nil {
		_ = unlockFile(g.file)
	}
}

// abandon frees the gate once a left-behind attempt has it, so that no other
// process waits for one that nobody wants any more.
func (g *gate) abandon() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.left == nil {
		return
	}
	select {
	case err := <-g.left.done:
		g.left = nil
		if err == nil {
			_ = unlockFile(g.file)
		}
	default:
		g.left.wanted = false
	}
}

func (g *gate) release() error {
	g.freed = time.Now()
	return unlockFile(g.file)
}

func (g *gate) close() error {
	return errors.Join(g.file.Close(), g.waiting.Close())
}

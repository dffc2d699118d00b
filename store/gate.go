package store

import (
	"context"
	"os"
	"sync"
)

// gate is the OS lock that lets one process commit at a time. The kernel queues
// the waiters, which is fairer than SQLite's sleep ladder by two orders of
// magnitude in the worst case, and frees the lock of a process that dies.
//
// One goroutine of a DB uses it at a time (the leader of its committer).
type gate struct {
	file *os.File

	mu      sync.Mutex
	pending chan error // a blocking acquisition that a canceled caller left behind
}

// acquire takes the gate. If ctx ends first, it returns the context's error, and
// the wait goes on for the next caller, since a thread blocked on a lock cannot
// be called back.
func (g *gate) acquire(ctx context.Context) error {
	g.mu.Lock()
	pending := g.pending
	g.pending = nil
	g.mu.Unlock()
	if pending == nil {
		ok, err := tryLockFile(g.file)
		if ok || err != nil {
			return err
		}
		pending = make(chan error, 1)
		go func() { pending <- lockFile(g.file) }()
	}
	select {
	case err := <-pending:
		return err
	case <-ctx.Done():
		g.mu.Lock()
		g.pending = pending
		g.mu.Unlock()
		return context.Cause(ctx)
	}
}

// abandon frees the gate once a left-behind acquisition has it, so that no other
// process waits for one that nobody wants any more.
func (g *gate) abandon() {
	g.mu.Lock()
	pending := g.pending
	g.pending = nil
	g.mu.Unlock()
	if pending == nil {
		return
	}
	go func() {
		if <-pending == nil {
			_ = unlockFile(g.file)
		}
	}()
}

func (g *gate) release() error { return unlockFile(g.file) }

package store

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"
)

// burst and burstCommits are how long, and how often, one process may take the gate
// again and again past those who wait for it: that saves a switch between processes for
// each commit. Twice as much made 16 processes 5 % faster together, and the p99.9 of each
// half as long again (BenchmarkProcessesWriting). Long commits, as claims of 64 jobs are,
// make no burst without burstLeast: with it four processes drain a queue a tenth faster.
const (
	burst        = 500 * time.Microsecond
	burstCommits = 16
	burstLeast   = 3
)

// stepBack is how long a process whose burst is over stays away when others wait: the
// next in line may have been woken but not run yet, and would find its place taken.
const stepBack = 50 * time.Microsecond

// patience is how long one waits at the turnstile before one goes past it: who stands
// in it may have been stopped (Ctrl-Z), and is not to stop everybody else.
const patience = 100 * time.Millisecond

// gate is the OS lock that lets one process commit at a time. The kernel frees the
// lock of a process that dies.
//
// A lock that is freed is not handed to who waits for it: that one must wake up and
// take it, and whoever asks meanwhile is faster. So there is a turnstile before the
// gate, a second lock that one holds while waiting for the gate. A process whose
// burst is over must pass the turnstile, where it finds the others waiting before
// it, in the kernel's order.
//
// One goroutine of a DB uses it at a time (the leader of its committer).
type gate struct {
	file      *os.File
	turnstile *os.File

	// The burst.
	began    time.Time
	commits  int
	waited   bool      // others were there when it began
	released time.Time // the last time

	mu      sync.Mutex // protects the fields below
	left    *attempt   // one that a canceled caller left behind
	stuck   bool       // a goroutine still waits for the turnstile that its attempt went past
	blocked int        // goroutines that use the files
	closed  bool
}

// attempt is a blocking wait for the lock.
type attempt struct {
	done chan error // capacity 1

	// Protected by gate.mu.
	wanted bool
	passed bool // it has passed the turnstile
	past   bool // it went past it
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
		g.begin(true)
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
	stuck := g.stuck
	g.mu.Unlock()
	if stuck || g.goesOn() {
		g.commits++
		if ok, err := tryLockFile(g.file); ok || err != nil {
			return nil, err
		}
	}
	passing := false
	if !stuck {
		var err error
		if passing, err = tryLockFile(g.turnstile); err != nil {
			return nil, err
		}
	}
	if passing {
		ok, err := tryLockFile(g.file)
		if ok || err != nil {
			g.begin(false)
			return nil, errors.Join(err, unlockFile(g.turnstile))
		}
	}
	a := &attempt{done: make(chan error, 1), wanted: true, passed: passing, past: stuck}
	g.mu.Lock()
	g.left = a
	g.blocked++
	g.mu.Unlock()
	go g.block(a)
	return a, nil
}

// begin begins a burst.
func (g *gate) begin(waited bool) {
	g.began, g.commits, g.waited = time.Now(), 1, waited
}

// goesOn reports whether the burst goes on. It stays away for a moment if one in a line
// of processes is over and the process would go on at once.
func (g *gate) goesOn() bool {
	now := time.Now()
	if now.Sub(g.began) < burst && g.commits < burstCommits || now.Sub(g.released) < burst && g.commits < burstLeast {
		return true
	}
	if g.waited && now.Sub(g.released) < stepBack {
		time.Sleep(stepBack)
	}
	return false
}

// block waits for the turnstile, unless the attempt has passed it or goes past it, and
// for the gate.
func (g *gate) block(a *attempt) {
	defer g.unblock()
	if a.past {
		g.deliver(a, lockFile(g.file))
		return
	}
	if !a.passed && !g.pass(a) {
		return
	}
	g.deliver(a, errors.Join(lockFile(g.file), unlockFile(g.turnstile)))
}

// pass waits for the turnstile. It reports false if the attempt meanwhile went past it.
func (g *gate) pass(a *attempt) bool {
	limit := time.AfterFunc(patience, func() { g.goPast(a) })
	defer limit.Stop()
	_ = lockFile(g.turnstile) // it is a courtesy; without it there is still the gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if a.past {
		g.stuck = false
		_ = unlockFile(g.turnstile)
		return false
	}
	a.passed = true
	return true
}

func (g *gate) goPast(a *attempt) {
	g.mu.Lock()
	if a.passed {
		g.mu.Unlock()
		return
	}
	a.past, g.stuck = true, true
	g.blocked++
	g.mu.Unlock()
	defer g.unblock()
	g.deliver(a, lockFile(g.file))
}

// deliver hands the lock to whoever wants it by now.
func (g *gate) deliver(a *attempt, err error) {
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
	g.released = time.Now()
	return unlockFile(g.file)
}

// close closes the files, or leaves that to the last goroutine that is blocked on them.
func (g *gate) close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	return g.closeFiles()
}

func (g *gate) unblock() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.blocked--
	_ = g.closeFiles()
}

// closeFiles closes the files when nobody needs them. Precondition: mu is held.
func (g *gate) closeFiles() error {
	if !g.closed || g.blocked > 0 {
		return nil
	}
	return errors.Join(g.file.Close(), g.turnstile.Close())
}

package worker

import (
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

const (
	// aheadFor is how long the jobs fetched ahead should last.
	aheadFor = 10 * time.Millisecond

	averageOf = 8 // of how many handlers the time is known before anything is fetched ahead

	retryFirst = 50 * time.Millisecond // pause after a failure of the store
	retryMost  = 5 * time.Second
)

// fetch leases jobs as handlers become free, until it shall stop or cannot go on. A
// failure of the store that may pass does not end it.
func (p *Pool) fetch() error {
	pause := retryFirst
	for turn := 0; ; turn++ {
		n, ok := p.waitForRoom()
		if !ok {
			return nil
		}
		list, err := queue.ReceiveAny(p.fetching, p.db, queue.ReceiveOptions{Max: n, Lease: p.opts.Lease}, p.turn(turn)...)
		if err == nil {
			p.accept(list)
			pause = retryFirst
			runtime.Gosched() // the handlers first, then the next commit
			continue
		}
		if p.fetching.Err() != nil {
			return nil
		}
		if isFatal(err) {
			return err
		}
		p.log.Error("jobs cannot be received; trying again", "error", err, "in", pause)
		if !p.sleep(pause) {
			return nil
		}
		pause = min(2*pause, retryMost)
	}
}

// isFatal reports whether an error of the store will not pass by itself.
func isFatal(err error) bool {
	return errors.Is(err, store.ErrClosed) || errors.Is(err, store.ErrGone) ||
		errors.Is(err, store.ErrCorrupt) || errors.Is(err, store.ErrReadOnly) || errors.Is(err, store.ErrNotDurable)
}

// turn returns the queues with another one first each time, so that none starves.
func (p *Pool) turn(n int) []queue.Source {
	n %= len(p.sources)
	return append(p.sources[n:len(p.sources):len(p.sources)], p.sources[:n]...)
}

// waitForRoom waits until jobs are wanted and returns how many; false means that the
// pool stops.
func (p *Pool) waitForRoom() (int, bool) {
	stop := context.AfterFunc(p.fetching, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.room.Broadcast()
	})
	defer stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.fetching.Err() == nil {
		ahead := p.ahead()
		if p.waiting < p.opts.Concurrency || p.waiting < p.opts.Concurrency+ahead/2 {
			return min(p.opts.Concurrency+ahead-p.waiting, maxAhead), true
		}
		p.room.Wait()
	}
	return 0, false
}

// ahead is how many jobs to fetch beyond the free handlers. Precondition: mu is held.
func (p *Pool) ahead() int {
	if p.opts.Ahead != 0 {
		return max(p.opts.Ahead, 0)
	}
	if p.timed < averageOf {
		return 0
	}
	each := max(p.duration, time.Microsecond)
	return min(int(time.Duration(p.opts.Concurrency)*aheadFor/each), adaptiveAhead)
}

// learn notes how long a handler took.
func (p *Pool) learn(took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timed = min(p.timed+1, averageOf)
	p.duration += (took - p.duration) / time.Duration(p.timed)
}

// accept hands leased jobs to the handlers. The channel has room for all of them.
func (p *Pool) accept(list []queue.Received) {
	for _, r := range list {
		t := &task{Received: r, until: r.LeaseUntil}
		p.mu.Lock()
		p.held[t] = struct{}{}
		p.waiting++
		p.mu.Unlock()
		p.jobs <- t
	}
}

// sleep waits for d, or reports false if the pool stops.
func (p *Pool) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-p.fetching.Done():
		return false
	}
}

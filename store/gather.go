package store

import (
	"context"
	"runtime"
	"time"
)

const (
	// company is how many callers must have shared the last commit for the next leader to
	// wait for as many.
	company = 4

	// gatherFor is how long it does: about as long as 64 callers need to come back, and
	// less than half of a sync.
	gatherFor = 100 * time.Microsecond
)

// gather lets the leader wait for others to share its commit. Those in the queue would have
// to wait for the sync under way anyway, and then for one of their own; so they may as well
// all commit when it has ended, and a moment later those whom it released are back as well:
// 64 callers then share one commit, not two or ten. PostgreSQL knows this as commit_delay
// and commit_siblings. An operation that does not wait for the disk, or is alone in its
// transaction, is not kept waiting.
func (c *committer) gather(ctx context.Context, leader *operation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.syncing > 0 && c.hasty == 0 && ctx.Err() == nil {
		c.mu.Unlock()
		select {
		case <-leader.signal:
		case <-ctx.Done():
		}
		c.mu.Lock()
	}
	if c.last < company {
		return
	}
	for start := time.Now(); len(c.queue) < c.last && c.hasty == 0 && time.Since(start) < gatherFor; {
		c.mu.Unlock()
		runtime.Gosched()
		c.mu.Lock()
	}
}

// isHasty reports whether an operation must not be kept waiting for others.
func (op *operation) isHasty() bool { return !op.durable || op.solo }

// beginSync and endSync tell the next leader of a sync.
func (c *committer) beginSync() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.syncing++
}

func (c *committer) endSync() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.syncing--; c.syncing == 0 && len(c.queue) > 0 {
		wake(c.queue[0])
	}
}

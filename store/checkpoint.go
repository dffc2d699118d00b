package store

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dcq-go/dcq/internal/crashpoint"
)

const (
	// checkEvery is how many commits pass between looks at the length of the WAL.
	checkEvery = 64

	// walSoft is how many pages of the WAL gather until they are copied back, beside
	// the writers.
	walSoft = 4000

	// walHard is the length at which the rest is copied while the gate is held: no
	// writer can then outrun the copy, and the next commit starts the WAL anew. All
	// wait for that up to a quarter of a second, so it must be rare: at 16,000 pages
	// it made the p99.9 of 16 writers 240 ms, without it it was 30 ms
	// (BenchmarkWriters).
	walHard = 64000

	// finishTries bounds, in milliseconds, the wait with the gate held for those who
	// still read what was there before, or copy. New ones are in nobody's way.
	finishTries = 5

	// walKeep is the size in bytes to which the file is cut when it starts anew. It is
	// as long as the file may get: to sync what makes a file longer takes twice as long
	// as to sync what is written over.
	walKeep = walHard * (pageSize + 24)
)

// checkpointer bounds the WAL, off the path of the commits.
type checkpointer struct {
	db       *DB
	conn     *conn // its own, since the writer's must not wait for a copy; nil until there is something to copy
	pageSize int64 // of the database, in bytes; known with the connection
	soft     int   // walSoft, but for tests
	hard     int   // walHard, but for tests
	commits  atomic.Int64
	durable  atomic.Bool // some commits were, since it last looked
	look     chan struct{}
	stopped  chan struct{}
	done     sync.WaitGroup
}

func newCheckpointer(db *DB) *checkpointer {
	return &checkpointer{db: db, soft: walSoft, hard: walHard, look: make(chan struct{}, 1), stopped: make(chan struct{})}
}

func (c *checkpointer) start() { c.done.Go(c.run) }

// committed counts a commit.
func (c *checkpointer) committed(durable bool) {
	if durable {
		c.durable.Store(true)
	}
	if c.commits.Add(1)%checkEvery != 0 {
		return
	}
	select {
	case c.look <- struct{}{}:
	default:
	}
}

func (c *checkpointer) run() {
	sweep := time.NewTicker(blobGrace)
	defer sweep.Stop()
	for {
		select {
		case <-c.stopped:
			return
		case <-c.look:
			if err := c.connect(); err != nil {
				c.db.log.Debug("no connection for a checkpoint", "error", err)
				continue
			}
			c.prepare()
			c.checkpoint(c.conn)
		case <-sweep.C:
			c.sweepBlobs()
		}
	}
}

func (c *checkpointer) sweepBlobs() {
	if n, err := c.db.SweepBlobs(context.Background()); err != nil {
		c.db.log.Warn("the files of values could not be swept", "removed", n, "error", err)
	}
}

// connect opens the connection: most programs end before they need it.
func (c *checkpointer) connect() error {
	if c.conn != nil {
		return nil
	}
	ctx := context.Background()
	conn, err := openSQLite(ctx, c.db.path, c.db.opts.BusyTimeout, false)
	if err != nil {
		return err
	}
	c.conn = conn
	return conn.queryRow(ctx, `PRAGMA page_size`, &c.pageSize)
}

// prepare sees to it that the next commits find room in the file of the WAL, if they are
// to be synced.
func (c *checkpointer) prepare() {
	if !c.durable.Swap(false) {
		return
	}
	ctx := context.Background()
	length, _, err := walCheckpoint(ctx, c.conn, `PRAGMA wal_checkpoint(NOOP)`)
	if err != nil || length < 0 || c.roomLeft(length) {
		return
	}
	if err := c.grow(ctx); err != nil {
		c.db.log.Debug("the log could not be made longer", "error", err)
	}
}

// checkpoint copies the WAL back if it is long. It fails only by leaving work to
// the next time.
func (c *checkpointer) checkpoint(conn *conn) {
	ctx := context.Background()
	length, copied, err := walCheckpoint(ctx, conn, `PRAGMA wal_checkpoint(NOOP)`)
	if err != nil || length < c.hard && length-copied < c.soft {
		return
	}
	if length, err = c.copyBack(ctx, conn); err != nil {
		c.db.log.Debug("a checkpoint failed", "error", err)
		return
	}
	crashpoint.Hit(crashpoint.Checkpoint)
	if length < c.hard {
		return
	}
	_ = c.db.committer.do(ctx, &operation{solo: true, raw: func() error { return c.finish(ctx, conn) }})
}

// copyBack copies what it can of the WAL back, and returns its length. When it could
// copy all of it, what was dropped until then is on the disk, and its files can go.
func (c *checkpointer) copyBack(ctx context.Context, conn *conn) (int, error) {
	paths := c.db.unlinker.take()
	length, copied, err := walCheckpoint(ctx, conn, `PRAGMA wal_checkpoint(PASSIVE)`)
	if err != nil || length < 0 || copied < length { // with nothing to copy, it syncs nothing
		for _, path := range paths {
			c.db.unlinker.add(path)
		}
		return length, err
	}
	removeFiles(paths)
	return length, nil
}

// finish copies the rest of a long WAL back. Precondition: the gate is held.
func (c *checkpointer) finish(ctx context.Context, conn *conn) error {
	length, _, err := walCheckpoint(ctx, conn, `PRAGMA wal_checkpoint(NOOP)`)
	if err != nil || length < c.hard {
		return err // another process was faster
	}
	for range finishTries {
		length, copied, err := walCheckpoint(ctx, conn, `PRAGMA wal_checkpoint(PASSIVE)`)
		if err != nil || length == copied && length >= 0 {
			return err
		}
		time.Sleep(time.Millisecond)
	}
	return nil
}

// stop ends the goroutine and leaves the WAL short: a command that commits once
// and exits never comes to checkEvery.
func (c *checkpointer) stop() {
	close(c.stopped)
	c.done.Wait()
	if c.commits.Load() > 0 {
		c.checkpoint(c.db.writer) // nobody else writes any longer
	}
}

// walCheckpoint runs a checkpoint statement and returns the number of pages in the
// WAL, and how many of them have been copied back. While another process copies, both
// are -1.
func walCheckpoint(ctx context.Context, c *conn, pragma string) (length, copied int, err error) {
	var busy int
	err = c.queryRow(ctx, pragma, &busy, &length, &copied)
	return length, copied, err
}

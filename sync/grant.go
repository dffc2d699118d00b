package sync

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/dcq-go/dcq/store"
)

// Options tune the grants of a lock, a semaphore or an election. The zero value is the
// default.
type Options struct {
	// Lease is how long a grant outlives the last sign of life of a process that
	// hangs or is stopped. A living process extends it by itself, and a dead one's
	// grants end at once. 0 means 30 s. At least 10 ms, at most a year.
	Lease time.Duration
}

// DefaultLease is the lease of grants unless Options say otherwise.
const DefaultLease = 30 * time.Second

const (
	minLease = 10 * time.Millisecond
	maxLease = 365 * 24 * time.Hour // its end is a time that the clock can show
)

func (o Options) validate() error {
	if o.Lease != 0 && (o.Lease < minLease || o.Lease > maxLease) {
		return fmt.Errorf("sync: Options.Lease: %v is not between %v and %v", o.Lease, minLease, maxLease)
	}
	return nil
}

func (o Options) lease() time.Duration {
	if o.Lease == 0 {
		return DefaultLease
	}
	return o.Lease
}

const (
	// beatsPerLease is how often a lease is extended before it would end.
	beatsPerLease = 3

	// marginPart is the part of a lease by which its holder takes it for lost before
	// anybody else may.
	marginPart = 10
)

// Grant is something held: a lock, permits of a semaphore, the lead. It stands until
// it is released, the process dies, or the process hangs for longer than the lease,
// which is extended in the background. A Grant may be used by any number of goroutines.
type Grant struct {
	of     resource
	id     int64
	token  int64
	slot   int
	lease  time.Duration
	ctx    context.Context
	cancel context.CancelCauseFunc

	mu    sync.Mutex // protects the fields below
	holds int        // acquisitions by the same owner that are not released
	until time.Duration
	beat  store.Timer // extends the lease
	fence store.Timer // takes the grant for lost
	ended bool
}

var _ store.Grant = (*Grant)(nil)

type heldKey resource

// newGrant makes a grant of a row. Its context has the values of ctx, but not its end:
// that of a call that waits has often a time-out, which is not meant for what follows.
func newGrant(ctx context.Context, r resource, q request, row *granted) *Grant {
	g := &Grant{of: r, id: row.id, token: row.token, slot: row.slot, lease: q.lease, holds: 1, until: row.until}
	base := context.WithValue(context.WithoutCancel(ctx), heldKey(r), g)
	g.ctx, g.cancel = context.WithCancelCause(base)
	return g
}

// holds reports whether ctx is that of a grant on r that stands.
func holds(ctx context.Context, r resource) bool {
	g, ok := ctx.Value(heldKey(r)).(*Grant)
	return ok && g.Err() == nil
}

// Token is the grant's fencing token: never 0, and greater than those of all grants of
// the store that were given before. Systems outside the store can refuse what comes
// with a smaller token than they have seen; inside it, see [Grant.CheckTx].
func (g *Grant) Token() int64 { return g.token }

// Slot is a number that no other holder of a semaphore has, from 0 to one less than
// the number of permits (more for those who held permits before their number was
// reduced). It is 0 for everything else.
func (g *Grant) Slot() int { return g.slot }

// Context returns a context that ends when the grant does. If the grant is lost, its
// cause is ErrLost, and it ends before anybody else can have what was granted, as far
// as this process runs at all: one that is stopped learns of it when it goes on, so
// check the token where it matters. It has the values of the context of the call that
// acquired, not its end.
func (g *Grant) Context() context.Context { return g.ctx }

// Err returns nil while the grant stands as far as this process knows, without asking
// the store; then ErrLost, also after Release.
func (g *Grant) Err() error {
	if g.ctx.Err() == nil {
		return nil
	}
	return g.of.lost()
}

// CheckTx returns ErrLost if the grant no longer stands. What is written in the same
// transaction is written under it.
func (g *Grant) CheckTx(tx *store.Tx) error {
	var one int
	err := tx.QueryRow(`SELECT 1 FROM dcq_grants WHERE kind = ? AND name = ? AND waits = 0 AND id = ? AND lease_until > ?`,
		g.of.kind, g.of.name, g.id, int64(tx.Monotonic())).Scan(&one)
	if errors.Is(err, store.ErrNoRows) {
		return g.of.lost()
	}
	return err
}

// Release gives back what was granted; the first in line has it when Release returns.
// It is done even if ctx has ended. It returns ErrLost if the grant does not stand, and
// never takes anything from who has it then; after another error of the store the lease
// is no longer extended, and ends by itself. A grant that was acquired several times by
// its owner (see [RLock]) must be released as often.
func (g *Grant) Release(ctx context.Context) error {
	if g.oneOfSeveral() {
		return nil
	}
	g.pause()
	err := g.of.db.Batch(context.WithoutCancel(ctx), false, func(tx *store.Tx) error { return g.of.end(tx, g.id) })
	g.stop(g.of.lost())
	return err
}

// ReleaseTx is [Grant.Release] as part of a transaction. If that fails, the grant
// stands.
func (g *Grant) ReleaseTx(tx *store.Tx) error {
	if g.oneOfSeveral() {
		tx.AfterFailure(g.hold)
		return nil
	}
	if err := g.of.end(tx, g.id); err != nil {
		g.hold()
		return err
	}
	tx.AfterFailure(g.hold)
	tx.AfterCommit(func() { g.stop(g.of.lost()) })
	return nil
}

// again counts another acquisition by the owner; false means that the grant has ended.
func (g *Grant) again() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ended || g.holds == 0 {
		return false
	}
	g.holds++
	return true
}

// oneOfSeveral counts a release and reports whether others are to follow.
func (g *Grant) oneOfSeveral() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.holds == 0 {
		return false
	}
	g.holds--
	return g.holds > 0 && !g.ended
}

// hold takes back what oneOfSeveral counted.
func (g *Grant) hold() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.holds++
}

// keep begins to extend the lease.
func (g *Grant) keep() {
	if !heldIn(g.of.db).add(g) {
		g.finish(g.of.closed())
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.arm()
}

// arm sets the timers anew. Precondition: mu is held.
func (g *Grant) arm() {
	g.disarm()
	if g.ended {
		return
	}
	clock := g.of.db.Clock()
	left := g.until - clock.Monotonic()
	g.fence = clock.AfterFunc(max(left-g.lease/marginPart, 0), func() { g.fenced() })
	g.beat = clock.AfterFunc(max(left-(g.lease-g.lease/beatsPerLease), 0), g.extend)
}

// disarm stops the timers. Precondition: mu is held.
func (g *Grant) disarm() {
	for _, t := range []store.Timer{g.beat, g.fence} {
		if t != nil {
			t.Stop()
		}
	}
	g.beat, g.fence = nil, nil
}

// extend extends the lease. If the store cannot be reached, it tries again until the
// grant is fenced.
func (g *Grant) extend() {
	var until time.Duration
	err := g.of.db.Batch(g.ctx, false, func(tx *store.Tx) error {
		if g.ctx.Err() != nil { // it was fenced while this waited for the store
			return g.of.lost()
		}
		until = tx.Monotonic() + g.lease
		return g.of.update(tx, g.id, "lease_until", int64(until))
	})
	if errors.Is(err, ErrLost) {
		g.stop(g.of.lost())
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.beat == nil: // it was released, or is being
	case err == nil:
		g.until = until
		g.arm()
	default:
		g.of.db.Logger().Warn("a lease cannot be extended; trying again", "of", g.of.String(), "error", err)
		g.beat = g.of.db.Clock().AfterFunc(g.lease/marginPart, g.extend)
	}
}

// fenced takes the grant for lost, unless its lease was extended at the same moment.
func (g *Grant) fenced() {
	g.mu.Lock()
	over := g.until-g.of.db.Clock().Monotonic() <= g.lease/marginPart
	g.mu.Unlock()
	if over {
		g.stop(fmt.Errorf("%w: its lease could not be extended in time", g.of.lost()))
	}
}

// pause stops extending the lease.
func (g *Grant) pause() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.disarm()
}

// stop ends the grant in this process.
func (g *Grant) stop(cause error) {
	g.finish(cause)
	heldIn(g.of.db).remove(g)
}

func (g *Grant) finish(cause error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ended = true
	g.disarm()
	g.cancel(cause)
}

// do calls fn under the grant and releases it, also if fn panics.
func (g *Grant) do(ctx context.Context, fn func(context.Context, *Grant) error) (err error) {
	defer func() { err = errors.Join(err, g.Release(ctx)) }()
	both, cancel := context.WithCancelCause(g.ctx)
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
	defer stop()
	return fn(both, g)
}

package sync

import (
	"context"
	"fmt"

	"github.com/dcq-go/dcq/store"
)

// RLock is a lock that its owner can acquire again while it has it, and has until it
// has released it as often. Goroutines have no identity, so the owner is a name that
// the caller chooses: it means something within one [store.DB] only, such as the id of
// the request that is being handled.
type RLock struct {
	resource
	opts Options
}

// ownerKey is who may acquire an RLock again.
type ownerKey struct{ name, owner string }

// ownership is the lock of one owner.
type ownership struct {
	turn  chan struct{} // capacity 1: one acquires at a time
	users int           // who use the entry; protected by held.mu
	grant *Grant        // the last; protected by held.mu
}

// OpenRLock returns the re-entrant lock of that name. Errors are as for [OpenLock].
func OpenRLock(ctx context.Context, db *store.DB, name string, opts Options) (*RLock, error) {
	r, err := open(ctx, db, kindRLock, name, opts)
	if err != nil {
		return nil, fmt.Errorf("open rlock %q: %w", name, err)
	}
	return &RLock{r, opts}, nil
}

func (l *RLock) request() request { return request{weight: 1, lease: l.opts.lease()} }

// Acquire waits for the lock, unless the owner has it: then it returns the same grant,
// which must be released once more. It returns ErrName if owner is empty or no name,
// the context's cause if ctx ends first, and ErrDeadlock if ctx is the context of a
// grant of the same lock of another owner; nothing more is held then.
func (l *RLock) Acquire(ctx context.Context, owner string) (*Grant, error) {
	if err := checkOwner(owner); err != nil {
		return nil, err
	}
	h, key := heldIn(l.db), ownerKey{l.name, owner}
	o := h.use(key)
	defer h.leave(key, o)
	select {
	case o.turn <- struct{}{}:
		return l.enter(ctx, h, key, o, l.acquire)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// TryAcquire is [RLock.Acquire] without waiting: it returns ErrNotAcquired if the owner
// does not have the lock, and somebody has it, or waits for it, or another goroutine is
// about to acquire it for the owner.
func (l *RLock) TryAcquire(ctx context.Context, owner string) (*Grant, error) {
	if err := checkOwner(owner); err != nil {
		return nil, err
	}
	h, key := heldIn(l.db), ownerKey{l.name, owner}
	o := h.use(key)
	defer h.leave(key, o)
	if g := h.again(o); g != nil {
		return g, nil
	}
	select {
	case o.turn <- struct{}{}:
		return l.enter(ctx, h, key, o, l.tryAcquire)
	default:
		return nil, l.busy()
	}
}

func checkOwner(owner string) error {
	if err := checkName(owner); err != nil {
		return fmt.Errorf("owner: %w", err)
	}
	return nil
}

// Do calls fn while the owner has the lock. See [Lock.Do].
func (l *RLock) Do(ctx context.Context, owner string, fn func(context.Context, *Grant) error) error {
	g, err := l.Acquire(ctx, owner)
	if err != nil {
		return err
	}
	return g.do(ctx, fn)
}

// enter acquires again what the owner has, or anew, and ends the turn.
func (l *RLock) enter(ctx context.Context, h *held, key ownerKey, o *ownership, acquire func(context.Context, request) (*Grant, error)) (*Grant, error) {
	defer func() { <-o.turn }()
	if g := h.again(o); g != nil {
		return g, nil
	}
	g, err := acquire(ctx, l.request())
	if err != nil {
		return nil, err
	}
	h.own(key, o, g)
	return g, nil
}

// use returns the entry of an owner, for one more user.
func (h *held) use(key ownerKey) *ownership {
	h.mu.Lock()
	defer h.mu.Unlock()
	o := h.owners[key]
	if o == nil {
		o = &ownership{turn: make(chan struct{}, 1)}
		h.owners[key] = o
	}
	o.users++
	return o
}

// again acquires once more what an owner has; it returns nil if that is nothing.
func (h *held) again(o *ownership) *Grant {
	h.mu.Lock()
	g := o.grant
	h.mu.Unlock()
	if g == nil || !g.again() {
		return nil
	}
	return g
}

// leave ends a use; the last forgets the entry.
func (h *held) leave(key ownerKey, o *ownership) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if o.users--; o.users == 0 {
		delete(h.owners, key)
	}
}

// own makes g the owner's grant. The entry stays in use as long as it stands.
func (h *held) own(key ownerKey, o *ownership, g *Grant) {
	h.mu.Lock()
	o.users++
	o.grant = g
	h.mu.Unlock()
	context.AfterFunc(g.ctx, func() { h.leave(key, o) })
}

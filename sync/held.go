package sync

import (
	"fmt"
	"sync"

	"github.com/dcq-go/dcq/store"
)

// held is what this process holds through one store.
type held struct {
	mu     sync.Mutex // protects the fields below
	closed bool
	grants map[*Grant]struct{}
	owners map[ownerKey]*ownership
}

func heldIn(db *store.DB) *held {
	return db.Attach(Package.Name, func() any {
		return &held{grants: make(map[*Grant]struct{}), owners: make(map[ownerKey]*ownership)}
	}).(*held)
}

// add reports whether the store is open; what is held through it ends with it.
func (h *held) add(g *Grant) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		h.grants[g] = struct{}{}
	}
	return !h.closed
}

func (h *held) remove(g *Grant) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.grants, g)
}

// Close takes everything for lost: the store is about to give it to others.
func (h *held) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for g := range h.grants {
		g.finish(g.of.closed())
	}
	clear(h.grants)
}

func (r resource) closed() error { return fmt.Errorf("%w: the store was closed", r.lost()) }

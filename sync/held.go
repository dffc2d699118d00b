package sync

import (
	"fmt"
	"sync"

	"github.com/dcq-go/dcq/store"
)

// held is what this process holds through one store.
type held struct {
	mu     sync.Mutex // protects the fields below
	grants map[*Grant]struct{}
	owners map[ownerKey]*ownership
}

func heldIn(db *store.DB) *held {
	return db.Attach(Package.Name, func() any {
		return &held{grants: make(map[*Grant]struct{}), owners: make(map[ownerKey]*ownership)}
	}).(*held)
}

func (h *held) add(g *Grant) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.grants[g] = struct{}{}
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
	for g := range h.grants {
		g.finish(fmt.Errorf("%w: the store was closed", g.of.lost()))
	}
	clear(h.grants)
}

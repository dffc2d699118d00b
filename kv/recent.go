package kv

import (
	"encoding/binary"
	"sync"
	"sync/atomic"

	"github.com/dcq-go/dcq/store"
)

const (
	// maxRecent bounds what a DB keeps of the rows that it has read, in bytes, for all
	// its indexes, and again for all its caches.
	maxRecent = 4 << 20

	// recentCost is what a row takes beside its key and value, about, in bytes.
	recentCost = 200
)

// recent are rows that this process has read, each with the stamp of its key from before:
// while the key has that stamp, the row is what the database has. They are forgotten by
// the CLOCK algorithm: not those that were used since the hand last passed.
type recent[R any] struct {
	db *store.DB

	mu    sync.RWMutex // protects the fields below
	rows  map[string]*recentRow[R]
	clock []*recentRow[R]
	hand  int
	size  int64
}

type recentRow[R any] struct {
	key   string // id and key
	stamp uint64
	row   R
	size  int64
	used  atomic.Bool
}

// recentOf returns the rows of one type that are kept for a DB.
func recentOf[R any](db *store.DB, name string) *recent[R] {
	return db.Attach(name, func() any {
		return &recent[R]{db: db, rows: make(map[string]*recentRow[R])}
	}).(*recent[R])
}

// topicOf is what the store knows a key of an index or a cache by: their FNV-1a hash,
// which is the same in all processes.
func topicOf(id int64, key []byte) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := uint64(offset)
	for i := range 8 {
		h = (h ^ uint64(byte(id>>(8*i)))) * prime
	}
	for _, b := range key {
		h = (h ^ uint64(b)) * prime
	}
	return h ^ h>>32 // its low bits alone are poor
}

// recentLook is what was known of a key before it is read.
type recentLook[R any] struct {
	of    *recent[R]
	id    int64
	key   []byte
	stamp uint64
	known bool // the stamp is
	there bool
	row   R // if it is there
}

// look returns the row of a key if it still stands.
func (r *recent[R]) look(id int64, key []byte) (l recentLook[R]) {
	l.of, l.id, l.key = r, id, key
	if l.stamp, l.known = r.db.Stamp(topicOf(id, key)); !l.known {
		return l
	}
	var buf [128]byte
	r.mu.RLock()
	defer r.mu.RUnlock()
	kept := r.rows[string(recentKey(buf[:0], id, key))]
	if kept == nil || kept.stamp != l.stamp {
		return l
	}
	if !kept.used.Load() {
		kept.used.Store(true)
	}
	l.there, l.row = true, kept.row
	return l
}

func recentKey(buf []byte, id int64, key []byte) []byte {
	return append(binary.BigEndian.AppendUint64(buf, uint64(id)), key...)
}

// keep keeps a row that was read after the look. Large ones would displace too many.
func (l *recentLook[R]) keep(row R, size int64) {
	size += int64(len(l.key)) + recentCost
	if !l.known || size > maxRecent/64 {
		return
	}
	kept := &recentRow[R]{key: string(recentKey(nil, l.id, l.key)), stamp: l.stamp, row: row, size: size}
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	l.of.put(kept)
}

// put keeps a row in the place of an older one. Precondition: mu is held.
func (r *recent[R]) put(kept *recentRow[R]) {
	r.size += kept.size
	if old := r.rows[kept.key]; old != nil {
		r.size -= old.size
		old.stamp, old.row, old.size = kept.stamp, kept.row, kept.size
	} else {
		r.rows[kept.key] = kept
		r.clock = append(r.clock, kept)
	}
	for r.size > maxRecent {
		r.forgetOne()
	}
}

// forgetOne moves the hand to a row that was not used, and forgets it. Precondition: mu
// is held, and there are rows.
func (r *recent[R]) forgetOne() {
	for r.clock[r.hand].used.Swap(false) {
		r.hand = (r.hand + 1) % len(r.clock)
	}
	gone, last := r.clock[r.hand], len(r.clock)-1
	r.clock[r.hand], r.clock[last] = r.clock[last], nil
	r.clock = r.clock[:last]
	if r.hand == last {
		r.hand = 0
	}
	delete(r.rows, gone.key)
	r.size -= gone.size
}

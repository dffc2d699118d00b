package store

import (
	"fmt"
	"math/bits"
	"os"
	"sync"
	"sync/atomic"
)

const (
	// stampWords is how many numbers there are: the first for the commit under way, the
	// others for topics, of which many share one.
	stampWords = 4096

	// stampsAt is where they begin in the gate's file.
	stampsAt = 4096
)

// stamps let a process know without asking the database that what it has read is still
// so. They are numbers in a file that every process of the store has mapped into its
// memory. A commit makes the stamps of what it changes odd before anybody can see the
// change, and even again after. So what was read when a stamp was even is so for as long
// as the stamp does not change. The idea is that of the seqlock.
//
//	committer:  gate ─ odd ─ COMMIT ─ even ─ gate freed
//	reader:     stamp is even, and the one of the last read: no need to read again
//	            else: take the stamp, then read
//
// A committer that dies in between leaves its stamps odd, and the first word, which says
// so to whoever commits next and makes them even. Until then readers ask the database.
type stamps struct {
	words []uint64 // shared with all processes, atomic

	mu     sync.RWMutex // protects mapped: readers may come while the DB is closed
	mapped []byte       // nil when closed
}

// openStamps maps the stamps in the gate's file. They are nil on systems where no process
// has them; one that commits without them would let the others read what is old.
// Precondition: the gate is held.
func openStamps(gate *os.File) (*stamps, error) {
	info, err := gate.Stat()
	if err != nil {
		return nil, translateSystem(err)
	}
	const end = stampsAt + 8*stampWords
	if size := info.Size(); size < end { // written, so that no full disk is met later
		if _, err := gate.WriteAt(make([]byte, end-size), size); err != nil {
			return nil, fmt.Errorf("make room in the file gate: %w", translateSystem(err))
		}
	}
	return mapStamps(gate, end)
}

// Stamp returns a number that changes whenever a transaction commits that called
// [Tx.Touch] with the topic, in any process, and maybe at other times. It changes before
// anybody can see what the transaction did. Take it, then read: for as long as Stamp
// returns the same number, what was read is what another View would read. It reports
// false when that cannot be said, for the time being or at all: then ask the database.
// A topic is a hash of something.
func (db *DB) Stamp(topic uint64) (stamp uint64, ok bool) {
	if db.stamps == nil || db.isClosing() || db.checkPlaceLately() != nil {
		return 0, false
	}
	return db.stamps.read(stampOf(topic))
}

func (s *stamps) read(n uint64) (stamp uint64, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.mapped == nil {
		return 0, false
	}
	stamp = atomic.LoadUint64(&s.words[n])
	return stamp, stamp%2 == 0
}

// close unmaps the stamps. No commit is under way.
func (s *stamps) close() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	mapped := s.mapped
	s.mapped = nil
	return unmap(mapped)
}

// Touch notes that the transaction changes what a topic is about: see [DB.Stamp].
func (tx *Tx) Touch(topic uint64) {
	if tx.touched == nil {
		tx.touched = new(stampSet)
	}
	n := stampOf(topic)
	tx.touched[n/64] |= 1 << (n % 64)
}

func stampOf(topic uint64) uint64 { return 1 + topic%(stampWords-1) }

// stampSet is a set of stamps, a bit for each.
type stampSet [stampWords / 64]uint64

// begin makes the stamps of a set odd. Precondition: the gate is held.
func (s *stamps) begin(set *stampSet) {
	if s == nil || set == nil {
		return
	}
	if atomic.LoadUint64(&s.words[0])%2 == 1 {
		s.repair()
	}
	atomic.AddUint64(&s.words[0], 1)
	s.add(set)
}

// end makes them even again.
func (s *stamps) end(set *stampSet) {
	if s == nil || set == nil {
		return
	}
	s.add(set)
	atomic.AddUint64(&s.words[0], 1)
}

func (s *stamps) add(set *stampSet) {
	for i, word := range set {
		for ; word != 0; word &= word - 1 {
			atomic.AddUint64(&s.words[64*i+bits.TrailingZeros64(word)], 1)
		}
	}
}

// repair makes even what a committer left odd that died. The first word comes last: who
// dies here leaves the rest to the next.
func (s *stamps) repair() {
	for i := len(s.words) - 1; i >= 0; i-- {
		if atomic.LoadUint64(&s.words[i])%2 == 1 {
			atomic.AddUint64(&s.words[i], 1)
		}
	}
}

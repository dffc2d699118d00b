package store

import (
	"math/bits"
	"sync/atomic"
)

// Stamps let a process know without asking the database that what it has read is still
// so. They are numbers in the memory that all processes of the store share. A commit makes
// the stamps of what it changes odd before anybody can see the change, and even again
// after. So what was read when a stamp was even is so for as long as the stamp does not
// change. The idea is that of the seqlock.
//
//	committer:  gate ─ odd ─ COMMIT ─ even ─ gate freed
//	reader:     stamp is even, and the one of the last read: no need to read again
//	            else: take the stamp, then read
//
// A committer that dies in between leaves its stamps odd, and the first word, which says
// so to whoever commits next and makes them even. Until then readers ask the database.

// stampWords is how many stamps there are: the first for the commit under way, the others
// for topics, of which many share one.
const stampWords = 4096

// Stamp returns a number that changes whenever a transaction commits that called
// [Tx.Touch] with the topic, in any process, and maybe at other times. It changes before
// anybody can see what the transaction did. Take it, then read: for as long as Stamp
// returns the same number, what was read is what another View would read. It reports
// false when that cannot be said, for the time being or at all: then ask the database.
// A topic is a hash of something.
func (db *DB) Stamp(topic uint64) (stamp uint64, ok bool) {
	if db.memory == nil || db.isClosing() || db.checkPlaceLately() != nil {
		return 0, false
	}
	return db.memory.stamp(stampOf(topic))
}

func (m *memory) stamp(n uint64) (stamp uint64, ok bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.mapped == nil {
		return 0, false
	}
	stamp = atomic.LoadUint64(&m.stamps[n])
	return stamp, stamp%2 == 0
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

// beginStamps makes the stamps of a set odd. Precondition: the gate is held.
func (m *memory) beginStamps(set *stampSet) {
	if m == nil || set == nil {
		return
	}
	if atomic.LoadUint64(&m.stamps[0])%2 == 1 {
		m.repairStamps()
	}
	atomic.AddUint64(&m.stamps[0], 1)
	m.addStamps(set)
}

// endStamps makes them even again.
func (m *memory) endStamps(set *stampSet) {
	if m == nil || set == nil {
		return
	}
	m.addStamps(set)
	atomic.AddUint64(&m.stamps[0], 1)
}

func (m *memory) addStamps(set *stampSet) {
	for i, word := range set {
		for ; word != 0; word &= word - 1 {
			atomic.AddUint64(&m.stamps[64*i+bits.TrailingZeros64(word)], 1)
		}
	}
}

// repairStamps makes even what a committer left odd that died. The first word comes last: who
// dies here leaves the rest to the next.
func (m *memory) repairStamps() {
	for i := len(m.stamps) - 1; i >= 0; i-- {
		if atomic.LoadUint64(&m.stamps[i])%2 == 1 {
			atomic.AddUint64(&m.stamps[i], 1)
		}
	}
}

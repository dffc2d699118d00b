package store

import "sync/atomic"

// fact is something about the database that can be known without asking it: a hash of
// what it is, and of what.
//
// Most transactions find what the last ones found, that nobody waits, that the session is
// still on record, and a statement to see that takes as long as one that changes something.
// So what was found is kept in the memory that all processes share. That changes under the
// gate only, in an order that makes facts come after what they say, and go before that
// changes:
//
//	finds that it is so:                  COMMIT ─ known ─ gate freed
//	makes it otherwise:      not known ─ COMMIT
//
// So whoever dies, and whatever is undone, nothing is known that is not so.
type fact uint64

// factWords is how many facts can be known. Each has a word that it shares with others: the
// last one learnt is in it.
const factWords = 1024

// factOf returns a fact. The words are those of one package.
func factOf(what, of string) fact {
	h := uint64(14695981039346656037) // FNV-1a
	for _, s := range [...]string{what, "\x00", of} {
		for i := range len(s) {
			h = (h ^ uint64(s[i])) * 1099511628211
		}
	}
	return fact(h | 1) // a word with none is 0
}

// known reports that a fact is known. If it is false, ask the database, and learn what it
// says. A transaction that only reads knows nothing: what it sees may be older.
func (tx *Tx) known(f fact) bool { return tx.writable && tx.db.memory.knows(f) }

// learn makes a fact known when the transaction has committed, unless it forgets it.
func (tx *Tx) learn(f fact) {
	if tx.writable {
		tx.learnt = append(tx.learnt, f)
	}
}

// forget makes a fact unknown. Who makes it otherwise must call it before.
func (tx *Tx) forget(f fact) {
	for i, other := range tx.learnt {
		if other == f {
			tx.learnt[i] = 0 // in its place, by which backTo knows what came later
		}
	}
	tx.db.memory.forgetFact(f)
}

func (m *memory) knows(f fact) bool {
	if m == nil {
		return false
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.mapped != nil && atomic.LoadUint64(m.factWord(f)) == uint64(f)
}

// learn keeps what a commit has found. Precondition: the gate is held, as for those that
// follow.
func (m *memory) learn(facts []fact) {
	if m == nil {
		return
	}
	for _, f := range facts {
		if f == 0 {
			continue
		}
		atomic.StoreUint64(m.factWord(f), uint64(f))
	}
}

func (m *memory) forgetFact(f fact) {
	if m.knows(f) {
		atomic.StoreUint64(m.factWord(f), 0)
	}
}

func (m *memory) forgetFacts() {
	for i := range m.facts {
		atomic.StoreUint64(&m.facts[i], 0)
	}
}

func (m *memory) factWord(f fact) *uint64 { return &m.facts[f>>1%factWords] }

package store

import "sync/atomic"

const (
	// noteSlots is how many notes there is room for. A waiter whose note was overwritten
	// by that of another asks the database.
	noteSlots = 128

	// noteSize is the words of a slot, a cache line: its version, which is odd while the
	// slot is written; the ticket of the waiter; the note.
	noteSize = 8

	noteWords = noteSlots * noteSize
)

// Note is what a waiter is told about what it was handed.
type Note [3]int64

// noted is a note on its way.
type noted struct {
	ticket int64
	note   Note
}

// Note tells a waiter, which the transaction serves, what it was handed: after the commit
// [Waiter.Note] returns it, most times, which spares the waiter that is woken a question
// to the database. What takes away in the same transaction what a waiter was handed must
// call [Tx.DropNotes].
func (tx *Tx) Note(w Waiting, n Note) { tx.notes = append(tx.notes, noted{w.Ticket, n}) }

// DropNotes drops the notes of the transaction. The waiters ask the database.
func (tx *Tx) DropNotes() { clear(tx.notes) } // in their places, by which backTo knows what came later

// Note returns what the waiter was told since it last joined or left, and false if that is
// not known. As everything that is read, it may no longer be so.
func (w *Waiter) Note() (n Note, ok bool) {
	if !w.Joined() {
		return n, false
	}
	return w.db.memory.note(w.ticket)
}

// note returns the note for a ticket.
func (m *memory) note(ticket int64) (n Note, ok bool) {
	if m == nil {
		return n, false
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.mapped == nil {
		return n, false
	}
	slot := m.slot(ticket)
	version := atomic.LoadUint64(&slot[0])
	ok = atomic.LoadUint64(&slot[1]) == uint64(ticket)
	for i := range n {
		n[i] = int64(atomic.LoadUint64(&slot[2+i]))
	}
	return n, ok && version%2 == 0 && atomic.LoadUint64(&slot[0]) == version
}

func (m *memory) slot(ticket int64) []uint64 {
	at := ticket % noteSlots * noteSize
	return m.notes[at : at+noteSize]
}

// leave writes notes. Precondition: the gate is held, and what they say is committed.
func (m *memory) leave(notes []noted) {
	if m == nil {
		return
	}
	for _, n := range notes {
		if n.ticket == 0 {
			continue
		}
		m.write(m.slot(n.ticket), n)
	}
}

// forget removes the note for a ticket. Precondition: the gate is held.
func (m *memory) forget(ticket int64) {
	if m == nil {
		return
	}
	if slot := m.slot(ticket); atomic.LoadUint64(&slot[1]) == uint64(ticket) {
		m.write(slot, noted{})
	}
}

// write fills a slot. Who dies here leaves an odd version, and the slot unread until it
// is filled again.
func (m *memory) write(slot []uint64, n noted) {
	version := atomic.LoadUint64(&slot[0])
	atomic.StoreUint64(&slot[0], version+1+version%2)
	atomic.StoreUint64(&slot[1], uint64(n.ticket))
	for i, v := range n.note {
		atomic.StoreUint64(&slot[2+i], uint64(v))
	}
	atomic.StoreUint64(&slot[0], version+2+version%2)
}

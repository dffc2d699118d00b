package store

import (
	"encoding/binary"
	"sync/atomic"
)

const (
	// noteSlots is how many notes there is room for. A waiter whose note was overwritten
	// by that of another asks the database.
	noteSlots = 128

	// noteSize is the words of a slot: its version, which is odd while the slot is
	// written; the ticket of the waiter; the length of the note in bytes; the note.
	noteSize = 128
	noteHead = 3

	noteWords = noteSlots * noteSize
)

// MaxNote is how long a note can be, in bytes.
const MaxNote = 8 * (noteSize - noteHead)

// noted is a note on its way.
type noted struct {
	ticket int64
	note   []byte
}

// Note tells a waiter, which the transaction serves, what it was handed: after the commit
// [Waiter.Note] returns it, most times, which spares the waiter that is woken a question
// to the database. What is longer than MaxNote it is not told. What takes away in the same
// transaction what a waiter was handed must call [Tx.DropNotes].
func (tx *Tx) Note(w Waiting, note []byte) {
	if len(note) <= MaxNote {
		tx.notes = append(tx.notes, noted{w.Ticket, note})
	}
}

// DropNotes drops the notes of the transaction. The waiters ask the database.
func (tx *Tx) DropNotes() { clear(tx.notes) } // in their places, by which backTo knows what came later

// Note returns what the waiter was told since it last joined or left, and false if that is
// not known. As everything that is read, it may no longer be so.
func (w *Waiter) Note() (note []byte, ok bool) {
	if !w.Joined() {
		return nil, false
	}
	return w.db.memory.note(w.ticket)
}

// note returns the note for a ticket.
func (m *memory) note(ticket int64) (note []byte, ok bool) {
	if m == nil {
		return nil, false
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.mapped == nil {
		return nil, false
	}
	slot := m.slot(ticket)
	version := atomic.LoadUint64(&slot[0])
	length := atomic.LoadUint64(&slot[2])
	if version%2 == 1 || atomic.LoadUint64(&slot[1]) != uint64(ticket) || length > MaxNote {
		return nil, false
	}
	for i := range words(length) {
		note = binary.NativeEndian.AppendUint64(note, atomic.LoadUint64(&slot[noteHead+i]))
	}
	return note[:length], atomic.LoadUint64(&slot[0]) == version
}

// words is how many words so many bytes take.
func words(length uint64) uint64 { return (length + 7) / 8 }

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
	atomic.StoreUint64(&slot[2], uint64(len(n.note)))
	for i := 0; len(n.note) > 0; i++ {
		var word [8]byte
		n.note = n.note[copy(word[:], n.note):]
		atomic.StoreUint64(&slot[noteHead+i], binary.NativeEndian.Uint64(word[:]))
	}
	atomic.StoreUint64(&slot[0], version+2+version%2)
}

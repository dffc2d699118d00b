package store

import (
	"fmt"
	"os"
	"sync"
)

// memoryAt is where the numbers begin that the processes of a store share in the gate's
// file: first the stamps, then, after a gap, the counter, the facts and the notes.
const memoryAt = 4096

// gapWords is where the notes were once, so that the counter is still in its place.
const gapWords = 1024

const memoryWords = stampWords + gapWords + counterWords + factWords + noteWords

// memory is what every process of the store has mapped. Who changes it holds the gate.
type memory struct {
	stamps []uint64 // atomic, as are the others
	words  []uint64 // of the counter
	facts  []uint64
	notes  []uint64

	mu     sync.RWMutex // protects mapped: readers may come while the DB is closed
	mapped []byte       // nil when closed
}

// openMemory maps the numbers in the gate's file. It returns nil on systems where no
// process has them; one that commits without them would let the others read what is old.
// Precondition: the gate is held.
func openMemory(gate *os.File) (*memory, error) {
	info, err := gate.Stat()
	if err != nil {
		return nil, translateSystem(err)
	}
	const end = memoryAt + 8*memoryWords
	if size := info.Size(); size < end { // written, so that no full disk is met later
		if _, err := gate.WriteAt(make([]byte, end-size), size); err != nil {
			return nil, fmt.Errorf("make room in the file gate: %w", translateSystem(err))
		}
	}
	return mapMemory(gate, end)
}

// close unmaps the numbers. No commit is under way.
func (m *memory) close() error {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	mapped := m.mapped
	m.mapped = nil
	return unmap(mapped)
}

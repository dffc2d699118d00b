//go:build unix

package store

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mapMemory maps the gate's file, of which the numbers are the last part.
func mapMemory(gate *os.File, size int) (*memory, error) {
	b, err := unix.Mmap(int(gate.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map the file gate: %w", translateSystem(err))
	}
	words := unsafe.Slice((*uint64)(unsafe.Pointer(&b[memoryAt])), stampWords+noteWords)
	return &memory{stamps: words[:stampWords], notes: words[stampWords:], mapped: b}, nil
}

func unmap(b []byte) error {
	if b == nil {
		return nil
	}
	return unix.Munmap(b)
}

//go:build unix

package store

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mapStamps maps the gate's file, of which the stamps are the last part.
func mapStamps(gate *os.File, size int) (*stamps, error) {
	b, err := unix.Mmap(int(gate.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map the file gate: %w", translateSystem(err))
	}
	return &stamps{words: unsafe.Slice((*uint64)(unsafe.Pointer(&b[stampsAt])), stampWords), mapped: b}, nil
}

func unmap(b []byte) error {
	if b == nil {
		return nil
	}
	return unix.Munmap(b)
}

//go:build unix

package store

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mapMemory maps the gate's file, of which the numbers are the last part.
func mapMemory(gate *os.File, size int) (*memory, error) {
	b, err := unix.Mmap(int(gate.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map the file gate: %w", translateSystem(err))
	}
	words := unsafe.Slice((*uint64)(unsafe.Pointer(&b[memoryAt])), memoryWords)
	m := &memory{mapped: b}
	m.stamps, words = words[:stampWords], words[stampWords+gapWords:]
	m.words, words = words[:counterWords], words[counterWords:]
	m.facts, m.notes = words[:factWords], words[factWords:]
	return m, nil
}

// fileID tells the files of a host apart.
func fileID(info fs.FileInfo) uint64 {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0
	}
	return uint64(s.Dev)<<48 ^ uint64(s.Ino)
}

func unmap(b []byte) error {
	if b == nil {
		return nil
	}
	return unix.Munmap(b)
}

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// datasync puts what was written to a file on the disk.
func datasync(f *os.File) error { return unix.Fdatasync(int(f.Fd())) }

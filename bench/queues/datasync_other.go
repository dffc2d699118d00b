//go:build !linux

package main

import "os"

// datasync puts what was written to a file on the disk, and its attributes too.
func datasync(f *os.File) error { return f.Sync() }

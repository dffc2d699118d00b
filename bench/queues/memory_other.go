//go:build !linux

package main

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// peakMemory is the most memory that the process has had resident, in bytes.
func peakMemory() (int64, error) {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0, err
	}
	if runtime.GOOS == "darwin" {
		return u.Maxrss, nil
	}
	return u.Maxrss << 10, nil
}

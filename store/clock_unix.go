//go:build unix

package store

import (
	"time"

	"golang.org/x/sys/unix"
)

// kernelMonotonic asks the kernel.
func kernelMonotonic() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic("store: no monotonic clock: " + err.Error())
	}
	return time.Duration(ts.Nano())
}

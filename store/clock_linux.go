package store

import "time"

// On Linux the runtime's monotonic clock is CLOCK_MONOTONIC, read without a system call;
// it only hides where that began.
var (
	kernelStart  = kernelMonotonic()
	runtimeStart = time.Now()
)

func monotonic() time.Duration { return kernelStart + time.Since(runtimeStart) }

//go:build unix && !linux

package store

import "time"

func monotonic() time.Duration { return kernelMonotonic() }

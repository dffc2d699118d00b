package main

import (
	"fmt"
	"os"
	"strings"
)

// peakMemory is the most memory that the process has had resident, in bytes. It is not asked
// of getrusage, which counts what the parent had when it started this process.
func peakMemory() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	var kib int64
	if _, err := fmt.Sscan(peak, &kib); err != nil {
		return 0, fmt.Errorf("read the peak memory: %w", err)
	}
	return kib << 10, nil
}

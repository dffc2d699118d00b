package store

import (
	"os"
	"strings"
)

// bootID names this boot of the host, so that monotonic times of another boot
// are not taken for ours.
func bootID() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(b))
}

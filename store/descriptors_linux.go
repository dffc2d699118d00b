package store

import (
	"os"
	"strconv"
	"strings"
)

// descriptorSlots returns for how many descriptors this process has a table. A greater
// number makes the kernel grow it, and that waits until all processors have let go of the
// old one: 6 to 25 ms, which a first claim would spend with the gate held.
func descriptorSlots() int {
	const least = 64 // what Linux begins with
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return least
	}
	_, rest, _ := strings.Cut(string(status), "\nFDSize:")
	line, _, _ := strings.Cut(rest, "\n")
	n, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		return least
	}
	return n
}

//go:build unix && !linux

package store

// descriptorSlots returns for how many descriptors a process has a table that it need not
// wait for: what nearly none uses up.
func descriptorSlots() int { return 1024 }

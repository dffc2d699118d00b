package store

import "golang.org/x/sys/unix"

// bootID names this boot of the host, so that monotonic times of another boot
// are not taken for ours.
func bootID() string {
	id, err := unix.Sysctl("kern.bootsessionuuid")
	if err != nil {
		return "unknown"
	}
	return id
}

package store

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// inodeOf returns the number of a file. It does not ask for more: after its times have been
// looked at, Linux (since 6.13) must record the exact time of the next write, and a durable
// push took 80 us longer.
func inodeOf(path string) (uint64, error) {
	var s unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, path, 0, unix.STATX_INO, &s); err != nil {
		return 0, err
	}
	return s.Ino, nil
}

// syncFile waits until what was written to a file is on the disk, and as much about the
// file as is needed to read it.
func syncFile(f *os.File) error {
	for {
		if err := unix.Fdatasync(int(f.Fd())); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

package store

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// syncFile waits until what was written to a file is on the disk, and as much about the
// file as is needed to read it.
func syncFile(f *os.File) error {
	for {
		if err := unix.Fdatasync(int(f.Fd())); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

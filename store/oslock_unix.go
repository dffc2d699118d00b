//go:build unix

package store

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// The locks here are flock(2) locks: they belong to the open file, not to the
// process, so that several DBs in one process exclude each other and closing an
// unrelated descriptor frees nothing.

// lockFile takes the exclusive lock of f and waits for it, in the kernel's order.
func lockFile(f *os.File) error {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// tryLockFile takes the exclusive lock of f, or reports false if it is held.
func tryLockFile(f *os.File) (bool, error) { return tryFlock(f, unix.LOCK_EX) }

// tryShareFile takes a shared lock of f, or reports false if it is held
// exclusively.
func tryShareFile(f *os.File) (bool, error) { return tryFlock(f, unix.LOCK_SH) }

func tryFlock(f *os.File, how int) (bool, error) {
	for {
		err := unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EWOULDBLOCK):
			return false, nil
		default:
			return err == nil, err
		}
	}
}

func unlockFile(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_UN) }

package store

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// Windows locks are mandatory for the bytes they cover: they cover one byte far
// past the end, so that a pulse can still be written to a locked file.
const lockOffsetHigh = 0x40000000

// lockFile takes the exclusive lock of f and waits for it.
func lockFile(f *os.File) error { return lockRegion(f, windows.LOCKFILE_EXCLUSIVE_LOCK) }

// tryLockFile takes the exclusive lock of f, or reports false if it is held.
func tryLockFile(f *os.File) (bool, error) {
	return tryRegion(f, windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY)
}

// tryShareFile takes a shared lock of f, or reports false if it is held
// exclusively.
func tryShareFile(f *os.File) (bool, error) { return tryRegion(f, windows.LOCKFILE_FAIL_IMMEDIATELY) }

func tryRegion(f *os.File, flags uint32) (bool, error) {
	err := lockRegion(f, flags)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return false, nil
	}
	return err == nil, err
}

func lockRegion(f *os.File, flags uint32) error {
	return windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{OffsetHigh: lockOffsetHigh})
}

func unlockFile(f *os.File) error {
	return windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, &windows.Overlapped{OffsetHigh: lockOffsetHigh})
}

//go:build unix

package store

import (
	"errors"

	"golang.org/x/sys/unix"
)

func isDiskFull(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) || errors.Is(err, unix.EFBIG)
}

func isReadOnlyFS(err error) bool { return errors.Is(err, unix.EROFS) }

func isTooManyFiles(err error) bool {
	return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE)
}

func isInputOutput(err error) bool { return errors.Is(err, unix.EIO) }

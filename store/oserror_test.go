//go:build unix

package store

import (
	"errors"
	"io/fs"
	"syscall"
	"testing"
)

func TestTranslateSystem(t *testing.T) {
	t.Parallel()
	for cause, want := range map[error]error{
		syscall.ENOSPC: ErrFull, syscall.EACCES: ErrReadOnly, syscall.EROFS: ErrReadOnly,
		syscall.EMFILE: ErrIO, syscall.EIO: ErrIO, fs.ErrNotExist: fs.ErrNotExist,
	} {
		err := &fs.PathError{Op: "open", Path: "x", Err: cause}
		got := translateSystem(err)
		if !errors.Is(got, want) || !errors.Is(got, cause) {
			t.Errorf("translateSystem(%v) = %v, want %v that keeps its cause", err, got, want)
		}
	}
}

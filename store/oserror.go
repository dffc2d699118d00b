package store

import (
	"errors"
	"fmt"
	"io/fs"
)

// translateSystem puts an error of the operating system under the sentinel that
// says what to do about it. Other errors pass unchanged.
func translateSystem(err error) error {
	switch {
	case err == nil:
		return nil
	case isDiskFull(err):
		return fmt.Errorf("%w: %w", ErrFull, err)
	case errors.Is(err, fs.ErrPermission), isReadOnlyFS(err):
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	}
	return err
}

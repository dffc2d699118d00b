package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
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
	case isTooManyFiles(err):
		return fmt.Errorf("%w: %w; raise the limit (ulimit -n), or close what is not used", ErrIO, err)
	case isInputOutput(err):
		return fmt.Errorf("%w: %w", ErrIO, err)
	}
	return err
}

// explainOpen finds out whether a database could not be opened because nothing
// can be: SQLite has one answer for all reasons.
func explainOpen(err error) error {
	if !errors.Is(err, ErrReadOnly) {
		return err
	}
	f, openErr := os.Open(os.DevNull)
	if openErr != nil {
		return translateSystem(openErr)
	}
	f.Close()
	return err
}

package store

import (
	"errors"
	"io"
	"os"
)

// lifeline is a pipe on systems with named pipes in the file system. Here deaths
// are noticed by the sweep over the session locks.
type lifeline struct{}

func newLifeline(string) lifeline { return lifeline{} }

func (lifeline) close() {}

func (lifeline) above(f *os.File) *os.File { return f }

func watchLife(string, func()) (io.Closer, error) { return nil, errors.ErrUnsupported }

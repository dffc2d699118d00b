package main

import (
	"path/filepath"

	"github.com/gofrs/flock"
)

const (
	flockName     = "gofrs-flock"
	flockSettings = "Lock and Unlock of one Flock, blocking in the kernel"
)

type flockSpace string

func (s flockSpace) lock(name string) (locker, error) {
	return flockLocker{flock.New(filepath.Join(string(s), name+".lock"))}, nil
}

func (flockSpace) Close() error { return nil }

type flockLocker struct{ *flock.Flock }

func (l flockLocker) Acquire() error { return l.Lock() }
func (l flockLocker) Release() error { return l.Unlock() }

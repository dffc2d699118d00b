package store

import (
	"os"
	"sync"
)

// unlinker removes the files of dropped values, not before the commit that dropped
// them is on the disk: after a power cut a relaxed commit may be undone, and the row
// that comes back must find its file. Files that it does not get to are garbage for
// [DB.SweepBlobs].
type unlinker struct {
	mu    sync.Mutex // protects the field below
	paths []string   // dropped by commits that may not be on the disk yet
}

// add remembers a file whose drop has committed.
func (u *unlinker) add(path string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.paths = append(u.paths, path)
}

// take returns the files dropped so far. Once all commits so far are on the disk they
// may be removed.
func (u *unlinker) take() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	paths := u.paths
	u.paths = nil
	return paths
}

func removeFiles(paths []string) {
	for _, path := range paths {
		_ = os.Remove(path)
	}
}

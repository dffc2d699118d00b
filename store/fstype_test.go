//go:build linux

package store

import (
	"errors"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// The test takes the file system of its directory for one of a network. It does not run
// beside others, which could not open a store then.
func TestNetworkFileSystem(t *testing.T) {
	dir := t.TempDir()
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		t.Fatal(err)
	}
	magic := int64(uint32(st.Type))
	before, was := networkFileSystems[magic]
	networkFileSystems[magic] = "test"
	defer func() {
		delete(networkFileSystems, magic)
		if was {
			networkFileSystems[magic] = before
		}
	}()
	for _, opts := range []Options{{}, {Database: filepath.Join(t.TempDir(), "app.db")}} {
		db, err := Open(t.Context(), dir, opts)
		if err == nil {
			_ = db.Close()
		}
		if !errors.Is(err, ErrNetworkFS) {
			t.Errorf("Open() = %v, want %v", err, ErrNetworkFS)
		}
	}
	db, err := Open(t.Context(), dir, Options{AllowNetworkFS: true})
	if err != nil {
		t.Fatalf("Open() that insists = %v", err)
	}
	defer db.Close()
	r, err := db.Doctor(t.Context())
	if err != nil || len(r.Warnings) == 0 {
		t.Errorf("Doctor() warned %v, %v, want a warning of the network", r.Warnings, err)
	}
}

//go:build linux

package store_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

func init() { children["commit"] = commitInChild }

// commitInChild commits once for each command.
func commitInChild(c *proctest.Child) error {
	db, err := childStore(c, store.Options{})
	if err != nil {
		return err
	}
	c.Say("ready")
	for c.Command() == "commit" {
		if err := db.Batch(context.Background(), false, func(*store.Tx) error { return nil }); err != nil {
			return err
		}
		c.Say("done")
	}
	return db.Close()
}

// A process that is stopped while it waits for the gate, and has the turnstile, does
// not stop the others.
func TestStoppedInTheTurnstile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, other := storetest.OpenDir(t, dir, store.Options{}), storetest.OpenDir(t, dir, store.Options{})
	p := proctest.Start(t, "commit", dir)
	p.Expect("ready")
	held, ended := make(chan struct{}), make(chan error)
	release := make(chan struct{})
	go func() {
		ended <- db.Update(t.Context(), func(*store.Tx) error {
			close(held)
			<-release
			return nil
		})
	}()
	<-held
	p.Send("commit")
	waitLocked(t, filepath.Join(dir, "turnstile"))
	stop(t, p)
	behind := make(chan error)
	go func() { behind <- other.Batch(t.Context(), false, func(*store.Tx) error { return nil }) }()
	close(release)
	for _, c := range []chan error{ended, behind} {
		if err := <-c; err != nil {
			t.Errorf("a commit beside a stopped process = %v", err)
		}
	}
	p.Signal(syscall.SIGCONT)
	p.Expect("done")
}

// waitLocked waits until another process has the lock of a file.
func waitLocked(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB) == nil {
		_ = unix.Flock(int(f.Fd()), unix.LOCK_UN)
		runtime.Gosched()
	}
}

// stop stops a child and returns when it stands.
func stop(t *testing.T, p *proctest.Process) {
	t.Helper()
	p.Signal(syscall.SIGSTOP)
	if err := unix.Waitid(unix.P_PID, p.PID(), nil, unix.WSTOPPED|unix.WNOWAIT, nil); err != nil {
		t.Fatalf("wait for the child to stop: %v", err)
	}
}

//go:build unix

package storetest

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/dcq-go/dcq/store"
)

// Stop stops a child process (SIGSTOP) that uses the store, and returns when it does not
// run any more. It does not leave it stopped within a commit, since then everybody would
// wait for it.
func Stop(t testing.TB, db *store.DB, pid int) {
	t.Helper()
	if !TryStop(t, db, pid) {
		t.Fatal("a child that was to stop has died")
	}
}

// TryStop is [Stop] for a child that may have died. It reports whether the child stands;
// if not, it has waited for it, and nobody else can.
func TryStop(t testing.TB, db *store.DB, pid int) bool {
	t.Helper()
	for {
		must(t, syscall.Kill(pid, syscall.SIGSTOP))
		var status syscall.WaitStatus
		if _, err := syscall.Wait4(pid, &status, syscall.WUNTRACED, nil); err != nil {
			t.Fatalf("wait for a child to stop: %v", err)
		}
		if !status.Stopped() {
			return false
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		err := db.Batch(ctx, false, func(*store.Tx) error { return nil })
		cancel()
		if err == nil {
			return true
		}
		must(t, syscall.Kill(pid, syscall.SIGCONT))
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

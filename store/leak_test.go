//go:build linux

package store_test

import (
	"bytes"
	"os"
	"runtime"
	"runtime/pprof"
	"testing"
	"time"

	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/store"
)

// openFiles counts the descriptors of this process.
func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// Opening and closing leaves no goroutine and no descriptor behind. It does not run
// beside other tests, whose own would be counted.
func TestCloseLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	openAndClose(t, dir) // starts what a process has once
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	for range proctest.Rounds(t, 15) {
		openAndClose(t, dir)
	}
	if got := openFiles(t); got > files {
		t.Errorf("descriptors = %d, before %d", got, files)
	}
	for range 100_000 { // some goroutines have yet to return
		if runtime.NumGoroutine() <= goroutines {
			return
		}
		runtime.Gosched()
	}
	var stacks bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&stacks, 1)
	t.Errorf("goroutines = %d, before %d:\n%s", runtime.NumGoroutine(), goroutines, stacks.String())
}

// openAndClose uses everything that starts goroutines and opens files.
func openAndClose(t *testing.T, dir string) {
	t.Helper()
	db, err := store.Open(t.Context(), dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	other, err := store.Open(t.Context(), dir, store.Options{PollWakeups: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, db := range []*store.DB{db, other} {
		w := joinLine(t, db, "topic", time.Time{})
		waited := make(chan struct{})
		go func() {
			defer close(waited)
			for {
				if _, err := w.Wait(t.Context(), time.Time{}); err != nil {
					return
				}
			}
		}()
		if err := db.View(t.Context(), func(*store.Tx) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		<-waited
	}
}

// An Open that fails leaves nothing open.
func TestFailedOpenLeavesNothing(t *testing.T) {
	dir := closedStore(t, 1)
	raw(t, dir+"/dcq.db", `UPDATE dcq_schema SET version = 99`)
	fail := func() {
		if db, err := store.Open(t.Context(), dir, store.Options{}); err == nil {
			_ = db.Close()
			t.Error("Open() = nil, want an error")
		}
	}
	fail()
	files := openFiles(t)
	for range 20 {
		fail()
	}
	if got := openFiles(t); got > files {
		t.Errorf("descriptors = %d, before %d", got, files)
	}
}

//go:build unix

package main

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// What is written is as private as the user's files are.
func TestExportHonorsUmask(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	crawler(t, ctx, 0, "crawl", "-store", dir, "-allow-private", "-delay", "1ms", pages(t, 1, nil))
	defer syscall.Umask(syscall.Umask(0o027))
	file := filepath.Join(t.TempDir(), "x")
	for range 2 {
		crawler(t, ctx, 0, "export", "-store", dir, "-o", file)
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o640 {
			t.Errorf("the mode of the file is %v, want -rw-r-----", got)
		}
	}
	if list, err := os.ReadDir(filepath.Dir(file)); err != nil || len(list) != 1 {
		t.Errorf("ReadDir() = %v, %v, want the file alone", list, err)
	}
}

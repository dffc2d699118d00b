//go:build unix

package oracle

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}

func TestWalkLinks(t *testing.T) {
	outside := tree(t, map[string]string{"secret.html": ""})
	dir := tree(t, map[string]string{
		"index.html":     `<a href=in.html><a href=indir/><a href=out.html><a href=broken.html><a href=pipe.html>`,
		"sub/index.html": `<a href=x.html>`,
	})
	link(t, "sub/index.html", filepath.Join(dir, "in.html"))
	link(t, "sub", filepath.Join(dir, "indir"))
	link(t, filepath.Join(outside, "secret.html"), filepath.Join(dir, "out.html"))
	link(t, "nothing", filepath.Join(dir, "broken.html"))
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.html"), 0o644); err != nil {
		t.Fatal(err)
	}
	entry := filepath.Join(t.TempDir(), "entry")
	link(t, dir, entry)
	want := lines("/ html", "/broken.html missing", "/in.html html", "/indir/ html", "/indir/x.html missing",
		"/out.html missing", "/pipe.html missing", "/x.html missing")
	if got := outcomes(walkOK(t, entry, Options{})); got != want {
		t.Errorf("Walk() =\n%s, want\n%s", got, want)
	}
}

func TestWalkCycle(t *testing.T) {
	dir := tree(t, map[string]string{"index.html": `<a href=one/><a href=two/>`})
	// One link would end by itself: the system follows a few dozen on a path.
	link(t, ".", filepath.Join(dir, "one"))
	link(t, ".", filepath.Join(dir, "two"))
	if _, err := Walk(t.Context(), dir, Options{MaxURLs: 1000}); !errors.Is(err, ErrTooMany) {
		t.Errorf("Walk(cycle) = %v, want ErrTooMany", err)
	}
}

//go:build unix

package site

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestDirLinks(t *testing.T) {
	outside := tree(t, map[string]string{"secret.html": "secret", "d/index.html": "secret"})
	dir := tree(t, map[string]string{"index.html": "home", "sub/index.html": "sub"})
	for name, target := range map[string]string{
		"in.html":       "index.html",
		"indir":         "sub",
		"up":            "sub/..",
		"out.html":      filepath.Join(outside, "secret.html"),
		"relative.html": "../" + filepath.Base(outside) + "/secret.html",
		"outdir":        filepath.Join(outside, "d"),
		"broken.html":   "nothing",
		"cycle.html":    "cycle.html",
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.html"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := serve(t, Options{}, Site{Name: "s", Dir: dir, Sitemap: true})
	for path, want := range map[string]int{
		"/in.html":       200,
		"/indir/":        200,
		"/indir":         301,
		"/up/in.html":    200,
		"/out.html":      404,
		"/relative.html": 404,
		"/outdir/":       404,
		"/outdir":        404,
		"/broken.html":   404,
		"/cycle.html":    404,
		"/pipe.html":     404,
	} {
		if got := get(t, s.Origin("s")+path); got.status != want {
			t.Errorf("GET %s = %d, want %d", path, got.status, want)
		}
	}
	wantLocs(t, s.Origin("s"), "/in.html", "/", "/sub/")
}

package corpus

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// write makes files with their own names for contents.
func write(t *testing.T, dir string, files ...string) {
	t.Helper()
	for _, f := range files {
		p := filepath.Join(dir, filepath.FromSlash(f))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(f), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFetchFallsBackToGo(t *testing.T) {
	goroot := t.TempDir()
	write(t, goroot, "index.html", "doc/go spec.html", "doc/README.md", "src/testdata/t.html", "misc/a&b.htm")
	for _, tools := range [][]string{{"go"}, {"go", "apt-get", "dpkg-deb"}, {}} {
		install(t, tools...)
		t.Setenv("FAKE_GOROOT", goroot)
		if len(tools) == 0 {
			t.Setenv("GOROOT", goroot)
		}
		cache, log := t.TempDir(), bytes.Buffer{}
		for range 2 {
			sites, err := Fetch(t.Context(), cache, Options{Log: &log})
			if err != nil {
				t.Fatal(err)
			}
			if len(sites) != 1 || sites[0].Name != "goroot" || sites[0].Start != "/" {
				t.Fatalf("Fetch() with %q = %+v, want the Go installation", tools, sites)
			}
			index, err := os.ReadFile(filepath.Join(sites[0].Dir, "index.html"))
			if err != nil {
				t.Fatal(err)
			}
			for link, want := range map[string]bool{
				`"/doc/go%20spec.html"`: true, `"/misc/a&amp;b.htm"`: true, "testdata": false, "README": false, "index.html": false,
			} {
				if got := strings.Contains(string(index), link); got != want {
					t.Errorf("the index has %s: %v, want %v", link, got, want)
				}
			}
			if body, err := os.ReadFile(filepath.Join(sites[0].Dir, "doc", "go spec.html")); string(body) != "doc/go spec.html" {
				t.Errorf("the copied page = %q, %v, want its text", body, err)
			}
		}
		if !strings.Contains(log.String(), "Go installation instead") {
			t.Errorf("the log is %q, want it to tell of the fallback", log.String())
		}
	}
}

func TestFetchHasNothing(t *testing.T) {
	install(t)
	if _, err := Fetch(t.Context(), t.TempDir(), Options{}); !errors.Is(err, ErrNoTools) || !errors.Is(err, ErrNoPages) {
		t.Errorf("Fetch() without tools and Go = %v, want ErrNoTools and ErrNoPages", err)
	}
	if _, err := Fetch(t.Context(), t.TempDir(), Options{Require: true}); !errors.Is(err, ErrNoTools) || errors.Is(err, ErrNoPages) {
		t.Errorf("Fetch() without tools, Require = %v, want ErrNoTools only", err)
	}
	t.Setenv("GOROOT", t.TempDir())
	if _, err := Fetch(t.Context(), t.TempDir(), Options{}); !errors.Is(err, ErrNoPages) {
		t.Errorf("Fetch() with an empty GOROOT = %v, want ErrNoPages", err)
	}
}

func TestFetchSite(t *testing.T) {
	install(t)
	dir := t.TempDir()
	write(t, dir, "b/z.html", "b/a b.html")
	t.Setenv("SITE", dir)
	sites, err := Fetch(t.Context(), "", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(sites) != 1 || sites[0].Dir != dir || sites[0].Start != "/b/a%20b.html" {
		t.Errorf("Fetch() with SITE = %+v, want %s from /b/a%%20b.html", sites, dir)
	}
	other := t.TempDir()
	write(t, other, "index.html")
	sites, err = Fetch(t.Context(), "", Options{Site: other})
	if err != nil || len(sites) != 1 || sites[0].Dir != other || sites[0].Start != "/" {
		t.Errorf("Fetch() with Options.Site = %+v, %v, want %s from /", sites, err, other)
	}
	for _, bad := range []string{t.TempDir(), filepath.Join(dir, "none")} {
		if _, err := Fetch(t.Context(), "", Options{Site: bad}); !errors.Is(err, ErrOptions) {
			t.Errorf("Fetch() with Site %q = %v, want ErrOptions", bad, err)
		}
	}
}

func TestFetchOptions(t *testing.T) {
	_, err := Fetch(t.Context(), t.TempDir(), Options{Packages: []Package{
		{"../x", []string{"ok"}}, {"empty", nil}, {"option", []string{"-o"}}, {"twice", []string{"aa"}}, {"twice", []string{"aa"}},
	}})
	if !errors.Is(err, ErrOptions) {
		t.Fatalf("Fetch(bad) = %v, want ErrOptions", err)
	}
	for _, want := range []string{`"../x"`, `"empty"`, `"-o"`, `"twice"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("Fetch(bad) = %v, want it to mention %s", err, want)
		}
	}
	if err := (Options{}).withDefaults().validate(); err != nil {
		t.Errorf("validate(defaults) = %v, want nil", err)
	}
}

func TestTail(t *testing.T) {
	var got tail
	for _, s := range []string{strings.Repeat("a", maxOutput), "b", strings.Repeat("c", 2)} {
		if n, err := got.Write([]byte(s)); n != len(s) || err != nil {
			t.Errorf("Write(%d bytes) = %d, %v, want all", len(s), n, err)
		}
	}
	if want := strings.Repeat("a", maxOutput-3) + "bcc"; string(got) != want {
		t.Errorf("the tail is %q, want %q", got, want)
	}
}

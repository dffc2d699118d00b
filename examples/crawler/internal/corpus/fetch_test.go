package corpus

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/site"
)

var twoPackages = []Package{
	{"one-doc", []string{"one-doc"}},
	{"two-doc", []string{"two2-doc", "two1-doc"}},
}

// names returns what the cache directory holds, without that of apt-get.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.Name() != "apt" {
			names = append(names, e.Name())
		}
	}
	return names
}

func siteNames(sites []site.Site) string {
	var names []string
	for _, s := range sites {
		names = append(names, s.Name)
	}
	return strings.Join(names, " ")
}

func TestFetchPackages(t *testing.T) {
	log := install(t, "apt-get", "dpkg-deb")
	t.Setenv("FAKE_SYSTEM", "one-doc two1-doc")
	cache := filepath.Join(t.TempDir(), "new", "cache")
	sites, err := Fetch(t.Context(), cache, Options{Packages: twoPackages, Require: true})
	if err != nil {
		t.Fatal(err)
	}
	want := []site.Site{
		{Name: "one-doc", Dir: filepath.Join(cache, "one-doc/usr/share/doc/one-doc/html"), Start: "/"},
		{Name: "two-doc", Dir: filepath.Join(cache, "two-doc/usr/share/doc/two1-doc/html"), Start: "/"},
	}
	for i, s := range sites {
		if s.Name != want[i].Name || s.Dir != want[i].Dir || s.Start != want[i].Start {
			t.Errorf("Fetch()[%d] = %+v, want %+v", i, s, want[i])
		}
		if _, err := os.Stat(filepath.Join(s.Dir, "index.html")); err != nil {
			t.Error(err)
		}
	}
	wantCalls := []string{
		"apt-get one-doc", "dpkg-deb tree", "apt-get two2-doc", "apt-get two1-doc", "dpkg-deb tree",
	}
	if got := calls(t, log); !slices.Equal(got, wantCalls) {
		t.Errorf("calls = %q, want %q", got, wantCalls)
	}
	if got := names(t, cache); !slices.Equal(got, []string{"one-doc", "two-doc"}) {
		t.Errorf("the cache holds %q, want the two packages", got)
	}
	debs, err := filepath.Glob(filepath.Join(cache, "*", "*.deb"))
	if err != nil || len(debs) > 0 {
		t.Errorf("the cache holds %q, %v, want no packed packages", debs, err)
	}
}

func TestFetchUsesCache(t *testing.T) {
	install(t, "apt-get", "dpkg-deb")
	t.Setenv("FAKE_SYSTEM", "one-doc two2-doc")
	cache := t.TempDir()
	first, err := Fetch(t.Context(), cache, Options{Packages: twoPackages, Require: true})
	if err != nil {
		t.Fatal(err)
	}
	install(t) // no tools at all
	second, err := Fetch(t.Context(), cache, Options{Packages: twoPackages, Require: true})
	if err != nil {
		t.Fatal(err)
	}
	if siteNames(first) != siteNames(second) || first[0].Dir != second[0].Dir {
		t.Errorf("the second Fetch() = %+v, want %+v", second, first)
	}
}

func TestFetchUpdatesLists(t *testing.T) {
	log := install(t, "apt-get", "dpkg-deb")
	t.Setenv("FAKE_FRESH", "one-doc two2-doc")
	cache := t.TempDir()
	if _, err := Fetch(t.Context(), cache, Options{Packages: twoPackages, Require: true}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"apt-get one-doc", "apt-get update", "apt-get one-doc", "dpkg-deb tree",
		"apt-get two2-doc", "apt-get two1-doc", "apt-get two2-doc", "dpkg-deb tree",
	}
	if got := calls(t, log); !slices.Equal(got, want) {
		t.Errorf("calls = %q, want %q", got, want)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "apt-get") && !strings.Contains(line, "Dir::Cache="+cache) {
			t.Errorf("call %q writes outside the cache", line)
		}
	}
}

// TestFetchDoesNotRelyOnFreshLists has an update that ends well and with nothing,
// as apt-get's does without a network.
func TestFetchDoesNotRelyOnFreshLists(t *testing.T) {
	install(t, "apt-get", "dpkg-deb")
	t.Setenv("FAKE_SYSTEM", "two2-doc")
	sites, err := Fetch(t.Context(), t.TempDir(), Options{Packages: twoPackages})
	if err != nil || siteNames(sites) != "two-doc" {
		t.Errorf("Fetch() = %q, %v, want two-doc", siteNames(sites), err)
	}
}

func TestFetchReportsMissingPackage(t *testing.T) {
	install(t, "apt-get", "dpkg-deb")
	t.Setenv("FAKE_SYSTEM", "one-doc")
	t.Setenv("FAKE_OFFLINE", "1")
	var log bytes.Buffer
	o := Options{Packages: twoPackages, Require: true, Log: &log}
	_, err := Fetch(t.Context(), t.TempDir(), o)
	if !errors.Is(err, ErrPackage) {
		t.Fatalf("Fetch() = %v, want ErrPackage", err)
	}
	for _, want := range []string{"two-doc", "Unable to locate package two1-doc", "apt-get update", "no network"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("Fetch() = %v, want it to mention %q", err, want)
		}
	}
	o.Require = false
	sites, err := Fetch(t.Context(), t.TempDir(), o)
	if err != nil || siteNames(sites) != "one-doc" {
		t.Errorf("Fetch() that need not have all = %q, %v, want one-doc", siteNames(sites), err)
	}
	if !strings.Contains(log.String(), "1 of 2") {
		t.Errorf("the log is %q, want it to say that a package is missing", log.String())
	}
}

func TestFetchLeavesNothingHalfWay(t *testing.T) {
	for _, how := range []string{"FAKE_DAMAGED", "FAKE_EMPTY"} {
		install(t, "apt-get", "dpkg-deb")
		t.Setenv("FAKE_SYSTEM", "one-doc two2-doc")
		t.Setenv(how, "1")
		cache := t.TempDir()
		if _, err := Fetch(t.Context(), cache, Options{Packages: twoPackages, Require: true}); !errors.Is(err, ErrPackage) {
			t.Errorf("%s: Fetch() = %v, want ErrPackage", how, err)
		}
		if got := names(t, cache); len(got) > 0 {
			t.Errorf("%s: the cache holds %q, want nothing", how, got)
		}
		t.Setenv(how, "")
		if _, err := Fetch(t.Context(), cache, Options{Packages: twoPackages, Require: true}); err != nil {
			t.Errorf("%s: Fetch() after that = %v, want nil", how, err)
		}
	}
}

func TestFetchCanceled(t *testing.T) {
	install(t, "apt-get", "dpkg-deb")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Setenv("FAKE_HANG", l.Addr().String())
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		if conn, err := l.Accept(); err == nil {
			defer conn.Close()
		}
		cancel()
	}()
	cache, log := t.TempDir(), bytes.Buffer{}
	_, err = Fetch(ctx, cache, Options{Packages: twoPackages, Log: &log})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Fetch(canceled) = %v, want context.Canceled", err)
	}
	if strings.Contains(log.String(), "instead") {
		t.Errorf("the log is %q, want no fallback", log.String())
	}
	if got := names(t, cache); len(got) > 0 {
		t.Errorf("the cache holds %q, want nothing", got)
	}
}

func TestFetchRemovesOldParts(t *testing.T) {
	install(t, "apt-get", "dpkg-deb")
	t.Setenv("FAKE_SYSTEM", "one-doc two2-doc")
	cache := t.TempDir()
	old, young := filepath.Join(cache, partPrefix+"old"), filepath.Join(cache, partPrefix+"young")
	for _, dir := range []string{old, young} {
		if err := os.MkdirAll(filepath.Join(dir, "tree"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	before := time.Now().Add(-2 * partAge)
	if err := os.Chtimes(old, before, before); err != nil {
		t.Fatal(err)
	}
	if _, err := Fetch(t.Context(), cache, Options{Packages: twoPackages}); err != nil {
		t.Fatal(err)
	}
	want := []string{partPrefix + "young", "one-doc", "two-doc"}
	if got := names(t, cache); !slices.Equal(got, want) {
		t.Errorf("the cache holds %q, want %q", got, want)
	}
}

func TestFill(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dir")
	// Another process puts the directory into its place while this one works.
	err := fill(dir, func(part string) error {
		return errors.Join(
			os.WriteFile(filepath.Join(part, "ours"), nil, 0o644),
			os.Mkdir(dir, 0o755),
			os.WriteFile(filepath.Join(dir, "theirs"), nil, 0o644),
		)
	})
	if err != nil {
		t.Errorf("fill() after another = %v, want nil", err)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"theirs"}) {
		t.Errorf("the directory holds %q, want theirs", got)
	}
	if err := fill(dir, func(string) error { return errors.New("called") }); err != nil {
		t.Errorf("fill() again = %v, want nil", err)
	}
}

package corpus

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestMain makes the test binary play apt-get, dpkg-deb and go when it is run by
// one of these names. The variables FAKE_… say how they behave:
//
//	FAKE_LOG      the file that gets a line on each call
//	FAKE_SYSTEM   the packages that the system's lists know
//	FAKE_FRESH    the packages that fresh lists know
//	FAKE_OFFLINE  update fails
//	FAKE_DAMAGED  dpkg-deb fails after a part of its work
//	FAKE_EMPTY    the package has no HTML
//	FAKE_HANG     the address to connect to before hanging for ever
//	FAKE_GOROOT   what go env GOROOT prints
func TestMain(m *testing.M) {
	name := strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
	tool, ok := map[string]func([]string) error{
		"apt-get": fakeApt, "dpkg-deb": fakeDpkg, "go": fakeGo,
	}[name]
	if !ok {
		os.Exit(m.Run())
	}
	logCall(name)
	if err := tool(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(100)
	}
}

func logCall(name string) {
	f, err := os.OpenFile(os.Getenv("FAKE_LOG"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	fmt.Fprintln(f, name, strings.Join(os.Args[1:], " "))
}

func fakeApt(args []string) error {
	if addr := os.Getenv("FAKE_HANG"); addr != "" {
		return hang(addr)
	}
	last := args[len(args)-1]
	if last == "update" {
		if os.Getenv("FAKE_OFFLINE") != "" {
			return fmt.Errorf("E: no network")
		}
		return nil
	}
	known := os.Getenv("FAKE_SYSTEM")
	if strings.Contains(strings.Join(args, " "), "Dir::State=") {
		known = os.Getenv("FAKE_FRESH")
	}
	if !slices.Contains(strings.Fields(known), last) {
		return fmt.Errorf("E: Unable to locate package %s", last)
	}
	return os.WriteFile(last+"_1_all.deb", []byte(last), 0o644)
}

// hang tells the test that it has begun and never ends by itself.
func hang(addr string) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	never := make(chan os.Signal, 1)
	signal.Notify(never, os.Interrupt)
	<-never
	return nil
}

func fakeDpkg(args []string) error {
	if len(args) != 3 || args[0] != "-x" {
		return fmt.Errorf("unexpected arguments %q", args)
	}
	name, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	doc := filepath.Join(args[2], "usr", "share", "doc", string(name))
	files := []string{"html/index.html", "html/a/index.html", "html/0.html", "README"}
	if os.Getenv("FAKE_EMPTY") != "" {
		files = []string{"README"}
	}
	for _, f := range files {
		p := filepath.Join(doc, filepath.FromSlash(f))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(p, name, 0o644); err != nil {
			return err
		}
		if os.Getenv("FAKE_DAMAGED") != "" {
			return fmt.Errorf("dpkg-deb: unexpected end of file in archive")
		}
	}
	return nil
}

func fakeGo(args []string) error {
	if !slices.Equal(args, []string{"env", "GOROOT", "GOVERSION"}) {
		return fmt.Errorf("unexpected arguments %q", args)
	}
	fmt.Println(os.Getenv("FAKE_GOROOT"))
	fmt.Println("go1.99")
	return nil
}

// install makes the given tools, and no others, what PATH finds. It returns the
// name of the log of their calls.
func install(t *testing.T, tools ...string) (log string) {
	t.Helper()
	bin := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range tools {
		to := filepath.Join(bin, tool)
		if runtime.GOOS == "windows" {
			to += ".exe"
		}
		if err := os.Link(self, to); err != nil {
			copyBinary(t, self, to)
		}
	}
	log = filepath.Join(t.TempDir(), "calls")
	t.Setenv("PATH", bin)
	t.Setenv("FAKE_LOG", log)
	t.Setenv("SITE", "")
	t.Setenv("GOROOT", "")
	// With the race detector a process would linger for a second at its end.
	t.Setenv("GORACE", "atexit_sleep_ms=0")
	return log
}

func copyBinary(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
}

// calls returns the logged calls, each cut to the tool and its last argument.
func calls(t *testing.T, log string) []string {
	t.Helper()
	text, err := os.ReadFile(log)
	if err != nil {
		return nil
	}
	var short []string
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		short = append(short, words[0]+" "+filepath.Base(words[len(words)-1]))
	}
	return short
}

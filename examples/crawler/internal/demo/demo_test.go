package demo_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dcq-go/dcq/examples/crawler/internal/child"
	"github.com/dcq-go/dcq/examples/crawler/internal/demo"
	"github.com/dcq-go/dcq/examples/crawler/internal/proof"
)

func options(t *testing.T, out *bytes.Buffer) demo.Options {
	return demo.Options{
		Small: true, Processes: 2, Concurrency: 2, Dir: t.TempDir(), Reports: t.TempDir(), Out: out,
		Start: func(string, int) (*child.Process, error) { return nil, errors.New("no processes today") },
	}
}

func TestOptions(t *testing.T) {
	_, err := demo.Run(context.Background(), demo.Options{Processes: 1})
	for _, field := range []string{"Processes", "Concurrency", "Start"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("Run() = %v, want it to name %s", err, field)
		}
	}
}

func TestWorkerThatDoesNotStart(t *testing.T) {
	var out bytes.Buffer
	if _, err := demo.Run(context.Background(), options(t, &out)); err == nil || !strings.Contains(err.Error(), "no processes today") {
		t.Errorf("Run() = %v, want the fault", err)
	}
	if !strings.Contains(out.String(), "robots.txt forbids [/drafts/]") {
		t.Errorf("output = %q, want the sites", out.String())
	}
}

// A worker that fails ends the demonstration, and the others with it.
func TestWorkerThatFails(t *testing.T) {
	var out bytes.Buffer
	o := options(t, &out)
	var started []*child.Process
	o.Start = func(string, int) (*child.Process, error) {
		p, err := child.Start(&bytes.Buffer{}, os.Args[0], "-test.run=nothing", "-no-such-flag")
		if err == nil {
			started = append(started, p)
		}
		return p, err
	}
	if _, err := demo.Run(context.Background(), o); err == nil || !strings.Contains(err.Error(), "worker process") {
		t.Errorf("Run() = %v, want the worker's end", err)
	}
	for _, p := range started {
		<-p.Done()
	}
}

func TestSites(t *testing.T) {
	var out bytes.Buffer
	o := options(t, &out)
	sites, err := demo.Sites(context.Background(), o)
	if err != nil || len(sites) != 2 {
		t.Fatalf("Sites() = %v, %v, want two", sites, err)
	}
	dir := t.TempDir()
	for i, name := range []string{"index.html", "a.html", "b.html", "few/x.html", "many/1.html", "many/2.html", "odd name/x.html"} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, bytes.Repeat([]byte("x"), i), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o.Site = dir
	sites, err = demo.Sites(context.Background(), o)
	if err != nil || len(sites) != 1 || len(sites[0].Robots.Disallow) != 0 {
		t.Errorf("Sites() of a small directory = %+v, %v, want nothing forbidden: all of it is more than a tenth", sites, err)
	}
}

func TestResult(t *testing.T) {
	r := demo.Result{}
	if r.Pass() {
		t.Error("Pass() without a check = true")
	}
	r.Checks = []proof.Check{{Name: "a", Pass: true}, {Name: "b", Pass: true}}
	if !r.Pass() || !strings.HasSuffix(r.String(), "\nPASS\n") {
		t.Errorf("Pass() = %v, %q, want true", r.Pass(), r.String())
	}
	r.Checks[1].Pass = false
	if r.Pass() || !strings.HasSuffix(r.String(), "\nFAIL\n") {
		t.Errorf("Pass() = %v, %q, want false", r.Pass(), r.String())
	}
}

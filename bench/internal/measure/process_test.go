package measure

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	if !IsChild() {
		os.Exit(m.Run())
	}
	err := Serve(func(words []string) error {
		if words[0] == "fail" {
			return errors.New("as it was told")
		}
		Say("heard", len(words))
		return nil
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func TestProcess(t *testing.T) {
	ps, err := StartAll(3, func() *exec.Cmd { return Self() })
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range ps {
		if words, err := p.Ask("heard", "one", "two"); err != nil || len(words) != 1 || words[0] != "2" {
			t.Errorf("Ask = %q, %v, want 2", words, err)
		}
		p.Tell("again")
	}
	if err := ps.Hear("heard"); err != nil {
		t.Error(err)
	}
	if _, err := ps[0].Ask("heard", "fail"); err == nil || !strings.Contains(err.Error(), "as it was told") || strings.Contains(err.Error(), filepath.Dir(os.Args[0])) {
		t.Errorf("Ask of a child that fails = %v, want what it wrote, and no path", err)
	}
	if _, err := ps[1].Ask("nothing", "one"); err == nil {
		t.Error("Ask took another answer than it was to")
	}
	if err := ps[2].Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	if err := ps.Close(); err == nil || !strings.Contains(err.Error(), "exit status 1: as it was told") {
		t.Errorf("Close = %v, want how a child ended that failed, and what it wrote", err)
	}
}

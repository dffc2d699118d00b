package measure

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

func TestRun(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out.jsonl")
	wrong := errors.New("wrong")
	var place string
	err := Run(t.Context(), regexp.MustCompile("^a/b$"), name, io.Discard, func(b *Bench) (err error) {
		if !b.Wants("a", "b") || b.Wants("a", "bc") {
			t.Error("Wants does not do as the expression says")
		}
		if place, err = b.Place("x/y"); err != nil {
			t.Error(err)
		}
		return errors.Join(wrong, b.Log.Add(Record{Part: "a"}))
	})
	if !errors.Is(err, wrong) {
		t.Errorf("Run = %v, want the error of its function", err)
	}
	if _, err := os.Stat(place); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the files are there after Run: %v", err)
	}
	if kept, err := os.ReadFile(name); err != nil || len(kept) == 0 {
		t.Errorf("the raw results have %d bytes, %v", len(kept), err)
	}
}

func TestInTurns(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b := &Bench{Ctx: ctx}
	var got []string
	turn := func(round int, p string) error {
		if got = append(got, p); len(got) == 3 {
			cancel()
		}
		return nil
	}
	if err := InTurns(b, []string{"a", "b"}, turn); !errors.Is(err, context.Canceled) {
		t.Errorf("InTurns = %v, want the end of the context", err)
	}
	if want := []string{"a", "b", "a"}; !slices.Equal(got, want) {
		t.Errorf("the turns were %q, want %q", got, want)
	}
}

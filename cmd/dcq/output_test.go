package main

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// writeLog remembers each write.
type writeLog struct{ writes []string }

func (w *writeLog) Write(b []byte) (int, error) {
	w.writes = append(w.writes, string(b))
	return len(b), nil
}

func TestLineWriter(t *testing.T) {
	for _, test := range []struct {
		name string
		in   []string
		want []string // writes
		last string
	}{
		{"nothing", nil, nil, ""},
		{"line", []string{"a\n"}, []string{"a\n"}, "a"},
		{"parts", []string{"a", "b", "\n"}, []string{"ab\n"}, "ab"},
		{"lines at once", []string{"a\nb\nc"}, []string{"a\nb\n", "c\n"}, "c"},
		{"no end", []string{"a"}, []string{"a\n"}, "a"},
		{"blank lines", []string{"a\n", "\n", " \n"}, []string{"a\n", "\n", " \n"}, "a"},
		{"blank end", []string{"a\n\n"}, []string{"a\n\n"}, "a"},
		{"bad UTF-8", []string{"a\xffb\n"}, []string{"a\xffb\n"}, "ab"},
	} {
		var log writeLog
		w := lineWriter{to: &log}
		for _, s := range test.in {
			if n, err := w.Write([]byte(s)); n != len(s) || err != nil {
				t.Fatalf("%s: Write(%q) = %d, %v, want %d", test.name, s, n, err, len(s))
			}
		}
		if err := w.close(); err != nil {
			t.Errorf("%s: close() = %v", test.name, err)
		}
		if !slices.Equal(log.writes, test.want) || w.lastLine() != test.last {
			t.Errorf("%s: wrote %q with the last line %q, want %q with %q", test.name, log.writes, w.lastLine(), test.want, test.last)
		}
	}
}

// TestLineWriterBounds writes an endless line: it comes through, in parts, and is not
// gathered.
func TestLineWriterBounds(t *testing.T) {
	var log writeLog
	w := lineWriter{to: &log}
	chunk := bytes.Repeat([]byte("x"), 10_000)
	const chunks = 100
	for range chunks {
		if _, err := w.Write(chunk); err != nil {
			t.Fatal(err)
		}
		if len(w.part) >= maxLineKept {
			t.Fatalf("the writer holds %d bytes, want less than %d", len(w.part), maxLineKept)
		}
	}
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(log.writes, ""), strings.Repeat(string(chunk), chunks)+"\n"; got != want {
		t.Errorf("wrote %d bytes, want %d", len(got), len(want))
	}
}

// TestSharedOutputFails tells of the first failure only, and writes nothing after it.
func TestSharedOutputFails(t *testing.T) {
	told := 0
	s := &sharedOutput{w: brokenWriter{}, failed: func(error) { told++ }}
	for range 3 {
		if _, err := s.Write([]byte("x")); !errors.Is(err, errBroken) {
			t.Errorf("Write() = %v, want %v", err, errBroken)
		}
	}
	if told != 1 {
		t.Errorf("told of %d failures, want 1", told)
	}
}

// TestOutputPipeLeftOpen ends the carrying of output when the child has exited and
// something that it left behind keeps the pipe open; what the child wrote comes
// through.
func TestOutputPipeLeftOpen(t *testing.T) {
	var out bytes.Buffer
	p, err := newOutputPipe(&sharedOutput{w: &out})
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("line\n", 1000)
	if _, err := io.WriteString(p.w, text); err != nil {
		t.Fatal(err)
	}
	go p.carry() // not begin, which would close the last writing end
	if err := p.finish(); err != nil {
		t.Errorf("finish() = %v", err)
	}
	p.w.Close()
	if out.String() != text {
		t.Errorf("carried %d bytes, want %d", out.Len(), len(text))
	}
}

// TestOutputPipeNeverIdle ends the carrying of output although what the child left
// behind writes without a pause.
func TestOutputPipeNeverIdle(t *testing.T) {
	p, err := newOutputPipe(&sharedOutput{w: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	stopped := make(chan error)
	go func() {
		line := bytes.Repeat([]byte("line\n"), 1000)
		for {
			if _, err := p.w.Write(line); err != nil {
				stopped <- err
				return
			}
		}
	}()
	go p.carry()
	if err := p.finish(); err != nil {
		t.Errorf("finish() = %v", err)
	}
	if err := <-stopped; err == nil {
		t.Error("Write() after finish() = nil, want a broken pipe")
	}
	p.w.Close()
}

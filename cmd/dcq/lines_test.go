package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
)

func readAllLines(t *testing.T, r io.Reader, end byte) ([]string, error) {
	t.Helper()
	l := readLines(r, end)
	defer l.stop()
	var all []string
	for {
		lines, err := l.next(t.Context())
		if len(lines) > maxLines {
			t.Errorf("next() = %d lines, want at most %d", len(lines), maxLines)
		}
		for _, line := range lines {
			all = append(all, string(line))
		}
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
	}
}

func TestReadLines(t *testing.T) {
	long := strings.Repeat("x", 200_000) // more than the reader's buffer
	many := strings.Split(strings.TrimSuffix(strings.Repeat("line ", 5000), " "), " ")
	for _, test := range []struct {
		in   string
		end  byte
		want []string
	}{
		{"", '\n', nil},
		{"\n", '\n', []string{""}},
		{"a", '\n', []string{"a"}},
		{"a\n", '\n', []string{"a"}},
		{"a\n\nb\r\n", '\n', []string{"a", "", "b\r"}},
		{"a\nb\x00c", 0, []string{"a\nb", "c"}},
		{long + "\n" + long, '\n', []string{long, long}},
		{strings.Join(many, "\n"), '\n', many},
	} {
		for name, r := range map[string]io.Reader{
			"at once":      strings.NewReader(test.in),
			"byte by byte": iotest.OneByteReader(strings.NewReader(test.in)),
			"with the end": iotest.DataErrReader(strings.NewReader(test.in)),
		} {
			got, err := readAllLines(t, r, test.end)
			if !slices.Equal(got, test.want) || err != nil {
				t.Errorf("%s: reading %.20q = %d lines, %v, want %d", name, test.in, len(got), err, len(test.want))
			}
		}
	}
}

// TestReadLinesFails reads lines from an input that breaks in the middle of one: half
// a line is no job.
func TestReadLinesFails(t *testing.T) {
	r := io.MultiReader(strings.NewReader("a\nb\nhalf"), iotest.ErrReader(errBroken))
	got, err := readAllLines(t, r, '\n')
	if want := []string{"a", "b"}; !slices.Equal(got, want) || !errors.Is(err, errBroken) {
		t.Errorf("reading = %q, %v, want %q, %v", got, err, want, errBroken)
	}
}

// endless is an input of one byte without an end.
type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	return len(b), nil
}

func TestReadLinesTooLong(t *testing.T) {
	got, err := readAllLines(t, io.MultiReader(strings.NewReader("a\n"), endless{}), '\n')
	if want := []string{"a"}; !slices.Equal(got, want) || exitCode(err) != exitUsage || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("reading = %q, %v, want %q and a usage error about line 2", got, err, want)
	}
	longest := strings.Repeat("x", maxLine)
	if line, err := readLine(bufio.NewReader(strings.NewReader(longest+"\n")), '\n'); string(line) != longest || err != nil {
		t.Errorf("readLine() = %d bytes, %v, want %d", len(line), err, len(longest))
	}
}

// TestReadLinesCanceled ends a wait for lines that do not come.
func TestReadLinesCanceled(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	l := readLines(r, '\n')
	defer l.stop()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errBroken)
	if lines, err := l.next(ctx); len(lines) > 0 || !errors.Is(err, errBroken) {
		t.Errorf("next() = %q, %v, want %v", lines, err, errBroken)
	}
}

func TestReadAtMost(t *testing.T) {
	if b, err := readAtMost(strings.NewReader("12345"), 5); string(b) != "12345" || err != nil {
		t.Errorf("readAtMost(5 bytes, 5) = %q, %v, want all", b, err)
	}
	if b, err := readAtMost(endless{}, 5); exitCode(err) != exitUsage {
		t.Errorf("readAtMost(endless, 5) = %q, %v, want a usage error", b, err)
	}
	if b, err := readAtMost(iotest.ErrReader(errBroken), 5); !errors.Is(err, errBroken) {
		t.Errorf("readAtMost(broken) = %q, %v, want %v", b, err, errBroken)
	}
}

// countingReader counts what was read from it.
type countingReader struct {
	r io.Reader
	n int
}

func (c *countingReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += n
	return n, err
}

// TestReadLinesBounds reads ahead of nobody: no more than the bounds allow.
func TestReadLinesBounds(t *testing.T) {
	for _, test := range []struct {
		name string
		line string
		most int
	}{
		{"short lines", "line\n", maxLines*len("line\n") + 128<<10},
		{"long lines", strings.Repeat("x", 1<<20) + "\n", maxLineBytes + 2<<20 + 128<<10},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := &countingReader{r: strings.NewReader(strings.Repeat(test.line, 32<<20/len(test.line)))}
			l := readLines(r, '\n')
			synctest.Wait()
			if r.n > test.most {
				t.Errorf("%s: read %d bytes ahead, want at most %d", test.name, r.n, test.most)
			}
			l.stop()
		})
	}
}

package main

import (
	"strings"
	"testing"
	"time"
)

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                         "-",
		1234567 * time.Nanosecond: "1ms",
		1260 * time.Millisecond:   "1.3s",
		90 * time.Minute:          "1h30m0s",
		200 * time.Hour:           "8d",
	} {
		if got := span(d); got != want {
			t.Errorf("span(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 1023: "1023 bytes", 1536: "1.5 KiB", 1 << 30: "1.0 GiB", 1 << 60: "1048576.0 TiB"} {
		if got := size(n); got != want {
			t.Errorf("size(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestShorten(t *testing.T) {
	for _, test := range []struct {
		in   string
		n    int
		want string
	}{
		{"", 3, ""}, {"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"äöüß", 3, "äö…"}, {"äöü", 6, "äöü"},
	} {
		if got := shorten(test.in, test.n); got != test.want {
			t.Errorf("shorten(%q, %d) = %q, want %q", test.in, test.n, got, test.want)
		}
	}
}

// TestTable keeps what a stranger pushed from breaking the table or the terminal.
func TestTable(t *testing.T) {
	var b strings.Builder
	table := newTable(&b, "A", "B")
	table.row("x\ty\n\x1b[2J", 1)
	table.row("\xff", "end")
	if err := table.flush(); err != nil {
		t.Fatal(err)
	}
	if got, want := b.String(), "A          B\nx·y··[2J  1\n·         end\n"; strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(want, " ", "") {
		t.Errorf("table = %q, want %q", got, want)
	}
}

func TestPayloadJSON(t *testing.T) {
	for in, want := range map[string]string{
		"":        `{"payload":""}`,
		"<a> & é": `{"payload":"<a> & é"}`,
		"\xff":    `{"payload_base64":"/w=="}`,
	} {
		var b strings.Builder
		if err := writeJSON(&b, newPayloadJSON([]byte(in))); err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSuffix(b.String(), "\n"); got != want {
			t.Errorf("JSON of %q = %s, want %s", in, got, want)
		}
	}
}
